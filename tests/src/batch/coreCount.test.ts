import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { coreCount, quotaOf } from '../../../src/batch/coreCount.js';

it.each([
  [['max 100000\n'], Infinity],
  [['150000 100000\n'], 1.5],
  [['-1\n', '100000\n'], Infinity],
  [['200000\n', '100000\n'], 2],
  [['nonsense'], Infinity],
])('reads the quota in %j', (texts, quota) => expect(quotaOf(texts)).toBe(quota));

it('is at least one core and no more than there are', () => {
  expect(coreCount()).toBeGreaterThanOrEqual(1);
  expect(coreCount()).toBeLessThanOrEqual(availableParallelism());
});
