/** What a command's exit code means; documented in the README. */
export const EXIT_CODES = {
  /** All done. */
  success: 0,
  /** The command did its work, but some files failed, or a limit was not met. */
  someFailed: 1,
  /** Wrong arguments, or a file that the whole command needs is bad. */
  badInput: 2,
  /** A defect of ours, or of the machine. */
  internal: 3,
  /** Stopped by Ctrl-C or SIGTERM; the same command goes on. */
  interrupted: 130,
} as const;

/** What file systems refuse, in words. */
const SYSTEM_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EEXIST: 'a file of this name is in the way',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'this is a folder, a file is needed',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
};

/** Whether an error comes from the file system, about something a user can mend. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return code !== undefined && syscall !== undefined && code in SYSTEM_PROBLEMS;
}

/** Such an error as a sentence with its path. */
export function describeSystemError({
  code = '',
  path,
  syscall,
}: NodeJS.ErrnoException): string {
  return `${path ?? syscall}: ${SYSTEM_PROBLEMS[code] ?? code} (${code})`;
}

/** A problem with what the command was given; its message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
