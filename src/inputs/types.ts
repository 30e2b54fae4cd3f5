/** A photo to be read. */
export interface InputImage {
  /** Absolute path. */
  path: string;
  /** Its name in all results: relative, with '/', unique in the run. */
  name: string;
}

/** Something that was asked for and cannot be read. */
export interface InputFailure {
  /** As given on the command line, or the name that it would have had. */
  file: string;
  code: string;
  /** What is wrong and what to do about it. */
  reason: string;
}
