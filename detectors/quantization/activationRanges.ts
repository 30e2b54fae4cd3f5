import { DetectorError } from '../errors.js';
import type { Weights } from '../weights/weights.js';

/** Least and greatest value of activations, by name, as calibration has found them. */
export type ActivationRanges = ReadonlyMap<string, readonly [number, number]>;

/** The metadata entry that holds them: `{ "activation": [least, greatest], ... }`. */
export const RANGES_KEY = 'activation_ranges';

/**
 * The ranges in the metadata of calibrated weights; undefined when they have none.
 *
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readActivationRanges({
  metadata,
}: Weights): ActivationRanges | undefined {
  const text = metadata[RANGES_KEY];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isRange = (range: unknown): range is [number, number] =>
    Array.isArray(range) &&
    range.length === 2 &&
    range.every(Number.isFinite) &&
    range[0] <= range[1];
  if (
    typeof value !== 'object' ||
    value === null ||
    !Object.values(value).every(isRange)
  ) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${metadata.name ?? 'the weights'}: the metadata entry "${RANGES_KEY}" is not of the form { "activation": [least, greatest] }`,
    );
  }
  return new Map(Object.entries(value as Record<string, [number, number]>));
}
