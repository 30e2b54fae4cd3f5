import { EvaluationError } from '../errors.js';
import type { AreaRange } from './coco.js';

/** @throws EvaluationError when the list is empty or a threshold is not in (0, 1] */
export function checkThresholds(thresholds: readonly number[], option: string): void {
  if (thresholds.length > 0 && thresholds.every((t) => t > 0 && t <= 1)) return;
  throw new EvaluationError(
    'INVALID_OPTION',
    `give at least one threshold, each in (0, 1]; found [${thresholds.join(', ')}]`,
    undefined,
    option,
  );
}

/** @throws EvaluationError `INVALID_OPTION` */
export function checkRecalls(recalls: readonly number[]): void {
  const ascending = recalls.every(
    (r, i) => r >= 0 && r <= 1 && (i === 0 || r > recalls[i - 1]),
  );
  if (recalls.length > 0 && ascending) return;
  throw new EvaluationError(
    'INVALID_OPTION',
    'give at least one recall, ascending in [0, 1]',
    undefined,
    'recallThresholds',
  );
}

/** @throws EvaluationError `INVALID_OPTION` */
export function checkAreaRanges(ranges: readonly AreaRange[]): void {
  const names = new Set(ranges.map((range) => range.name));
  const sound = ranges.every(
    ({ name, min, max }) => /^[A-Za-z][A-Za-z0-9_-]*$/.test(name) && min <= max,
  );
  if (ranges.length > 0 && names.size === ranges.length && sound) return;
  throw new EvaluationError(
    'INVALID_OPTION',
    'give at least one range { name, min, max } with min ≤ max, the names different and made of letters, digits, _ and -',
    undefined,
    'areaRanges',
  );
}

/** @throws EvaluationError `INVALID_OPTION` */
export function checkMaxDets(limits: readonly number[]): void {
  const ascending = limits.every(
    (m, i) => Number.isInteger(m) && m > (i === 0 ? 0 : limits[i - 1]),
  );
  if (limits.length > 0 && ascending) return;
  throw new EvaluationError(
    'INVALID_OPTION',
    `give whole numbers from 1 on, ascending; found [${limits.join(', ')}]`,
    undefined,
    'maxDets',
  );
}
