/** What went wrong, for programs; the message is for people. */
export type EvaluationErrorCode =
  /** The text is not JSON (or XML, CSV, ...) at all. */
  | 'INVALID_SYNTAX'
  /** A part is missing or is of the wrong type. */
  | 'INVALID_STRUCTURE'
  /** An id is not an integer or a non-empty string. */
  | 'INVALID_ID'
  /** Two images, categories or annotations have the same id. */
  | 'DUPLICATE_ID'
  /** Something refers to an image that is not in the ground truth. */
  | 'UNKNOWN_IMAGE'
  /** Something refers to a class that is not in the ground truth. */
  | 'UNKNOWN_CATEGORY'
  /** A number is not finite, or outside the range that makes sense. */
  | 'INVALID_NUMBER'
  /** A box is not four numbers, or has a negative size. */
  | 'INVALID_BOX'
  /** An option or an argument is out of its range. */
  | 'INVALID_OPTION';

/**
 * Thrown by everything in `eval`. The message says what is wrong, where, and what
 * to do about it; `file` and `where` say the place again for programs.
 */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  constructor(
    readonly code: EvaluationErrorCode,
    /** What is wrong and the remedy, without the place. */
    readonly reason: string,
    /** The file's name, or what the argument is. */
    readonly file?: string,
    /** JSON path (`annotations[3].bbox[2]`) or `line 4, column 7`. */
    readonly where?: string,
  ) {
    super([file, where, reason].filter((part) => part).join(': '));
  }
}
