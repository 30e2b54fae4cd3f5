/** What went wrong, for programs; the message is for people. */
export type ProposalErrorCode =
  /** Size, channels and data of an image don't agree. */
  | 'INVALID_IMAGE'
  /** An option is out of its range; `where` names it. */
  | 'INVALID_OPTION'
  /** The caller's AbortSignal fired. */
  | 'ABORTED';

/** Thrown by everything in `proposals`. */
export class ProposalError extends Error {
  override readonly name = 'ProposalError';
  constructor(
    readonly code: ProposalErrorCode,
    message: string,
    /** Name of the option or argument at fault. */
    readonly where?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** @throws ProposalError INVALID_OPTION unless `value` is a finite number of at least `least` */
export function checkNumber(name: string, value: number, least: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw new ProposalError(
      'INVALID_OPTION',
      `${name} is ${String(value)}; give a number of at least ${least}`,
      name,
    );
  }
}

/** @throws ProposalError INVALID_OPTION unless `value` is a whole number of at least `least` */
export function checkCount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new ProposalError(
      'INVALID_OPTION',
      `${name} is ${String(value)}; give a whole number of at least ${least}`,
      name,
    );
  }
}
