import { ImageFileError } from '../images/errors.js';
import { UsageError } from '../errors.js';
import { OutputError } from '../formats/errors.js';

/** Why one input could not be used, as it stands in `failures.json`. */
export interface Failure {
  code: string;
  reason: string;
}

/**
 * A failure from whatever was thrown while one input was worked on. Errors that
 * we don't know are kept under UNEXPECTED with their message, so that a run of a
 * night goes on and still tells.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof ImageFileError) {
    return { code: error.code, reason: `${error.reason}; ${error.remedy}` };
  }
  if (error instanceof UsageError || error instanceof OutputError) {
    return { code: error.code, reason: error.message };
  }
  return {
    code: 'UNEXPECTED',
    reason: error instanceof Error ? error.message : String(error),
  };
}
