import { expect, it } from 'vitest';
import { pairedInterval } from '../../bench/lib/pairedInterval.mjs';
import { randomNumbers } from '../../proposals/random.js';

it('gives the mean difference and, of many things, the interval of the normal theory', () => {
  const random = randomNumbers(3);
  const count = 4000;
  const a = Array.from({ length: count }, () => Number(random() < 0.1));
  const b = a.map((value) => (random() < 0.1 ? 1 - value : value));
  const differences = a.map((value, i) => b[i] - value);
  const mean = differences.reduce((sum, x) => sum + x, 0) / count;
  const variance = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count;
  const half = 1.96 * Math.sqrt(variance / count);
  const { value, low, high } = pairedInterval(a, b);
  expect(value).toBeCloseTo(mean, 12);
  expect((mean - low) / half).toBeGreaterThan(0.92);
  expect((mean - low) / half).toBeLessThan(1.08);
  expect((high - mean) / half).toBeGreaterThan(0.92);
  expect((high - mean) / half).toBeLessThan(1.08);
});

it('is nothing for the same numbers', () => {
  const a = [0, 1, 1, 0];
  expect(pairedInterval(a, a)).toEqual({ value: 0, low: 0, high: 0 });
});
