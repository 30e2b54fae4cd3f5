import { EvaluationError } from '../errors.js';
import { describe } from './ids.js';

/** Beyond this a number is no pixel coordinate, and areas would lose their digits. */
export const LARGEST_COORDINATE = 1e12;

/** The value as an object, not a list. */
export function checkObject(
  value: unknown,
  file: string,
  where: string,
): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new EvaluationError(
    'INVALID_STRUCTURE',
    `expected an object, found ${describe(value)}`,
    file,
    where,
  );
}

/** The value as a list. */
export function checkList(
  value: unknown,
  file: string,
  where: string,
  remedy: string,
): unknown[] {
  if (Array.isArray(value)) return value;
  throw new EvaluationError(
    'INVALID_STRUCTURE',
    `expected a list, found ${describe(value)}; ${remedy}`,
    file,
    where,
  );
}

/** The value as a finite number. */
export function checkNumber(value: unknown, file: string, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new EvaluationError(
    'INVALID_NUMBER',
    `expected a finite number, found ${describe(value)}`,
    file,
    where,
  );
}

/** A flag as COCO and VOC write it; missing or null means false. */
export function checkFlag(value: unknown, file: string, where: string): 0 | 1 {
  if (value === undefined || value === null) return 0;
  if (value === 0 || value === false) return 0;
  if (value === 1 || value === true) return 1;
  throw new EvaluationError(
    'INVALID_NUMBER',
    `expected 0 or 1, found ${describe(value)}`,
    file,
    where,
  );
}

/** Says what is wrong with a `bbox`; called when a fast check has failed. */
export function refuseBox(value: unknown, file: string, where: string): never {
  const form = 'a box is [x, y, width, height] in pixels';
  if (!Array.isArray(value)) {
    throw new EvaluationError(
      'INVALID_BOX',
      `expected a list of 4 numbers, found ${describe(value)}; ${form}`,
      file,
      where,
    );
  }
  if (value.length !== 4) {
    throw new EvaluationError(
      'INVALID_BOX',
      `expected 4 numbers, found ${value.length}; ${form}`,
      file,
      where,
    );
  }
  for (let k = 0; k < 4; k++) {
    const number: unknown = value[k];
    const place = `${where}[${k}]`;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw new EvaluationError(
        'INVALID_NUMBER',
        `expected a finite number, found ${describe(number)}; ${form}`,
        file,
        place,
      );
    }
    if (Math.abs(number) > LARGEST_COORDINATE) {
      throw new EvaluationError(
        'INVALID_NUMBER',
        `${number} is no pixel coordinate; ${form}`,
        file,
        place,
      );
    }
    if (k > 1 && number < 0) {
      throw new EvaluationError(
        'INVALID_BOX',
        `the ${k === 2 ? 'width' : 'height'} is negative (${number}); ${form}, not two corners`,
        file,
        place,
      );
    }
  }
  throw new EvaluationError('INVALID_BOX', form, file, where);
}

/** Whether four numbers are a box that can be measured. */
export function isBox(x: number, y: number, width: number, height: number): boolean {
  // Comparisons are false for NaN, so this refuses it too.
  return (
    x >= -LARGEST_COORDINATE &&
    x <= LARGEST_COORDINATE &&
    y >= -LARGEST_COORDINATE &&
    y <= LARGEST_COORDINATE &&
    width >= 0 &&
    width <= LARGEST_COORDINATE &&
    height >= 0 &&
    height <= LARGEST_COORDINATE
  );
}
