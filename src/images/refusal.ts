import { ImageFileError, type ImageFileProblem } from './errors.js';

/** Carries a problem up to the one place that knows the file's name. */
export class Refusal extends Error {
  constructor(
    readonly problem: ImageFileProblem,
    cause?: unknown,
  ) {
    super(problem.reason, { cause });
  }

  of(file: string): ImageFileError {
    return new ImageFileError(file, this.problem, { cause: this.cause });
  }
}
