/** What was wrong with what was to be drawn. */
export type DrawErrorCode = 'INVALID_IMAGE' | 'INVALID_BOX';

/** Thrown by everything in this folder. */
export class DrawError extends Error {
  override readonly name = 'DrawError';
  constructor(
    readonly code: DrawErrorCode,
    message: string,
  ) {
    super(message);
  }
}
