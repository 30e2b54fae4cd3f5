import { expect, it } from 'vitest';
import { ensembleErrors, meanErrorOfSize } from '../../bench/lib/ensembleErrors.mjs';

/** What three members say of four things; a is sure, b and c waver. */
const A = [
  [0.9, 0.1],
  [0.9, 0.1],
  [0.2, 0.8],
  [0.5, 0.5],
];
const B = [
  [0.4, 0.6],
  [0.4, 0.6],
  [0.6, 0.4],
  [0.5, 0.5],
];
const C = [
  [0.45, 0.55],
  [0.05, 0.95],
  [0.9, 0.1],
  [0.5, 0.5],
];
const LABELS = [0, 1, 1, 1];

it('goes by the mean of the probabilities, not by the number of votes', () => {
  // Sums: 1.75 to 1.25, 1.35 to 1.65, 1.7 to 1.3, and a tie, which the first class has.
  expect(ensembleErrors([A, B, C], LABELS)).toEqual([0, 0, 1, 1]);
  expect(ensembleErrors([A], LABELS)).toEqual([0, 1, 0, 1]);
  expect(ensembleErrors([B], LABELS)).toEqual([1, 0, 1, 1]);
});

it('averages over all ensembles of a size', () => {
  const pairs = [
    [A, B],
    [A, C],
    [B, C],
  ].map((pair) => ensembleErrors(pair, LABELS).reduce((sum, x) => sum + x, 0) / 4);
  const mean = pairs.reduce((sum, x) => sum + x, 0) / 3;
  expect(meanErrorOfSize([A, B, C], 2, LABELS)).toBeCloseTo(mean, 12);
  expect(meanErrorOfSize([A, B, C], 3, LABELS)).toBe(0.5);
});
