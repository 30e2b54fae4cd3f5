import { EvaluationError } from '../errors.js';
import type { Id } from './types.js';

const integerText = /^(?:0|-?[1-9][0-9]{0,15})$/;

/**
 * The id in its one form: an integer written as text becomes that integer, so that
 * `"12"` and `12` meet; other text (`"img_7"`, `"007"`) stays text.
 */
export function normalizeId(value: unknown, file: string, where: string): Id {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value + 0; // −0 becomes 0
    const huge = Number.isInteger(value);
    throw new EvaluationError(
      'INVALID_ID',
      huge
        ? `id ${value} is beyond 2^53, where JSON numbers lose digits; write it as text`
        : `id ${value} is not an integer; give an integer or text`,
      file,
      where,
    );
  }
  if (typeof value === 'string') {
    if (integerText.test(value) && Number.isSafeInteger(Number(value))) {
      return Number(value);
    }
    if (value !== '') return value;
  }
  const found = value === undefined ? 'missing' : describe(value);
  throw new EvaluationError(
    'INVALID_ID',
    `the id is ${found}; give an integer or non-empty text`,
    file,
    where,
  );
}

/** A short description of a value of the wrong type. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') {
    return value.length > 40
      ? `text ${JSON.stringify(value.slice(0, 40))}...`
      : `text ${JSON.stringify(value)}`;
  }
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `a ${typeof value}`;
}

/** Order of ids: integers by value, then text by its UTF-16 code units. */
export function compareIds(a: Id, b: Id): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
