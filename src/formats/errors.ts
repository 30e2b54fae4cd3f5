/** What was wrong with what was to be written. */
export type OutputErrorCode =
  /** A name would lead out of the output folder, or no system can store it. */
  'UNSAFE_NAME';

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
