/** What went wrong, for programs; the message is for people. */
export type DetectorErrorCode =
  /** A weights file is missing, truncated, or not of its declared form. */
  | 'INVALID_WEIGHTS'
  /** A weights file is sound but belongs to another network. */
  | 'WEIGHTS_MISMATCH'
  /** An engine is not installed or cannot be loaded. */
  | 'ENGINE_UNAVAILABLE'
  /** A graph refers to what it does not have, or an operation cannot be emitted. */
  | 'INVALID_GRAPH'
  /** An option or an argument is out of its range. */
  | 'INVALID_ARGUMENT';

/** Thrown by everything in `detectors`. */
export class DetectorError extends Error {
  override readonly name = 'DetectorError';
  constructor(
    readonly code: DetectorErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
