import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortByDistance } from '../../proposals/sortByDistance.js';

/** Distances that are spread, tied, zero, or equal but for their last bits. */
const distance = fc.oneof(
  fc.double({ min: 0, max: 442, noNaN: true }),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 9 }).map((bits) => 7.3 * (1 + bits * 2 ** -52)),
  fc.double({ min: 0, max: 1e-300, noNaN: true }),
);

test('is a stable sort, whatever bits the distances differ in', () => {
  fc.assert(
    fc.property(fc.array(distance, { maxLength: 300 }), (values) => {
      const expected = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
      const { edges, distances } = sortByDistance({
        edges: Int32Array.from(values, (_, i) => i),
        distances: Float64Array.from(values),
      });
      expect([...edges]).toEqual(expected);
      expect([...distances]).toEqual(expected.map((i) => values[i]));
    }),
    { numRuns: 500 },
  );
});
