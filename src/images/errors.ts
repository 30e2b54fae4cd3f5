/** Why a file could not be used as a photo, for programs. */
export type ImageFileErrorCode =
  /** No such file, or a folder of its path is missing. */
  | 'NOT_FOUND'
  /** A folder, a pipe or a device. */
  | 'NOT_A_FILE'
  /** The system refuses to read it, or its name cannot be passed to the system. */
  | 'UNREADABLE'
  /** No bytes. */
  | 'EMPTY_FILE'
  /** More bytes than any photo within the pixel limit has. */
  | 'FILE_TOO_LARGE'
  /** Its content is no image, whatever its name says. */
  | 'NOT_AN_IMAGE'
  /** An image of a form that is not decoded here. */
  | 'UNSUPPORTED_FORMAT'
  /** Declares more pixels than allowed; not decoded. */
  | 'TOO_MANY_PIXELS'
  /** Ends before its picture does. */
  | 'TRUNCATED'
  /** Starts as an image, but its data are damaged. */
  | 'CORRUPT';

/** What an {@link ImageFileError} is made of. */
export interface ImageFileProblem {
  code: ImageFileErrorCode;
  /** What is wrong, without the file's name. */
  reason: string;
  /** What the user can do about it. */
  remedy: string;
}

/** Thrown for a file that cannot be used as a photo; the fault is the file's. */
export class ImageFileError extends Error {
  override readonly name = 'ImageFileError';
  readonly code: ImageFileErrorCode;
  readonly reason: string;
  readonly remedy: string;

  /** @param file the path as given, or a word for bytes in memory */
  constructor(
    readonly file: string,
    { code, reason, remedy }: ImageFileProblem,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${reason}; ${remedy}`, options);
    this.code = code;
    this.reason = reason;
    this.remedy = remedy;
  }
}
