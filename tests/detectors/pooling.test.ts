import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  poolingWeights,
  PositionSensitiveMaps,
} from '../../detectors/heads/positionSensitivePooling.js';

const BINS = 3;
const OUTPUTS = 2;
const CELLS = [
  { stride: 16, offset: 6.5 },
  { stride: 8, offset: -3.5 },
];

/** The definition, cell by cell: each bin's area-weighted mean of its own map. */
function poolByDefinition(
  map: Float32Array,
  height: number,
  width: number,
  box: readonly number[],
  { stride, offset }: { stride: number; offset: number },
): number[] {
  const axis = (low: number, high: number, n: number): [number, number] => {
    let a = Math.min(Math.max((low - offset) / stride, 0), n);
    let b = Math.min(Math.max((high - offset) / stride, 0), n);
    if (b - a < 1) {
      const centre = (a + b) / 2;
      a = Math.min(Math.max(centre - 0.5, 0), n - 1);
      b = a + 1;
    }
    return [a, b];
  };
  const [x1, x2] = axis(box[0], box[2], width);
  const [y1, y2] = axis(box[1], box[3], height);
  const overlap = (a: number, b: number, cell: number) =>
    Math.max(0, Math.min(b, cell + 1) - Math.max(a, cell));
  return Array.from({ length: OUTPUTS }, (_, output) => {
    let mean = 0;
    for (let r = 0; r < BINS; r++) {
      for (let c = 0; c < BINS; c++) {
        let sum = 0;
        let area = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const part =
              overlap(
                y1 + (r * (y2 - y1)) / BINS,
                y1 + ((r + 1) * (y2 - y1)) / BINS,
                y,
              ) *
              overlap(
                x1 + (c * (x2 - x1)) / BINS,
                x1 + ((c + 1) * (x2 - x1)) / BINS,
                x,
              );
            const channel = (r * BINS + c) * OUTPUTS + output;
            sum += part * map[(channel * height + y) * width + x];
            area += part;
          }
        }
        mean += sum / area / BINS ** 2;
      }
    }
    return mean;
  });
}

const scene = fc
  .record({
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
  })
  .chain(({ height, width }) =>
    fc.record({
      cells: fc.constantFrom(...CELLS),
      height: fc.constant(height),
      width: fc.constant(width),
      map: fc.float32Array({
        minLength: BINS * BINS * OUTPUTS * height * width,
        maxLength: BINS * BINS * OUTPUTS * height * width,
        min: -8,
        max: 8,
        noNaN: true,
      }),
      box: fc.tuple(
        fc.double({ min: -20, max: 140, noNaN: true }),
        fc.double({ min: -20, max: 140, noNaN: true }),
        fc.double({ min: 0, max: 150, noNaN: true }),
        fc.double({ min: 0, max: 150, noNaN: true }),
      ),
    }),
  );

it('pools boxes as the definition says, by table and by matrix', () => {
  fc.assert(
    fc.property(scene, ({ cells: geometry, height, width, map, box: [x, y, w, h] }) => {
      const box = [x, y, x + w, y + h];
      const expected = poolByDefinition(map, height, width, box, geometry);
      const shape = [1, BINS * BINS * OUTPUTS, height, width];
      const pooled = new PositionSensitiveMaps(
        { data: map, shape },
        { bins: BINS, outputs: OUTPUTS, cells: geometry },
      ).pool(box);
      const weights = poolingWeights(
        box,
        { bins: BINS, cells: geometry },
        height,
        width,
      );
      const cells = height * width;
      expected.forEach((value, output) => {
        expect(pooled[output]).toBeCloseTo(value, 4);
        let sum = 0;
        for (let part = 0; part < BINS * BINS; part++) {
          for (let cell = 0; cell < cells; cell++) {
            sum +=
              weights[part * cells + cell] *
              map[(part * OUTPUTS + output) * cells + cell];
          }
        }
        expect(sum).toBeCloseTo(value, 4);
      });
    }),
    { numRuns: 300 },
  );
});
