/** What was wrong with what was to be written. */
export type OutputErrorCode =
  /** A name would lead out of the output folder, or no system can store it. */
  | 'UNSAFE_NAME'
  /** A detection's class is not in the table of classes. */
  | 'UNKNOWN_CLASS';

/** Thrown by everything in this folder. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  constructor(
    readonly code: OutputErrorCode,
    message: string,
  ) {
    super(message);
  }
}
