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
