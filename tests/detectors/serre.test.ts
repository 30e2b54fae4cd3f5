import { expect, it } from 'vitest';
import { activationShapes } from '../../detectors/graph/activationShapes.js';
import { networks } from '../../detectors/graph/networks/index.js';
import { gaborFilter } from '../../proposals/gaborTexture.js';
import { describeEngines } from './engines.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

/*
 * Serre et al. 2007, table 1, as printed: two filter sizes a band, the grid over which
 * C1 units pool, and how much of it neighbours share.
 */
const TABLE = [
  { filters: [7, 9], grid: 8, overlap: 4 },
  { filters: [11, 13], grid: 10, overlap: 5 },
  { filters: [15, 17], grid: 12, overlap: 6 },
  { filters: [19, 21], grid: 14, overlap: 7 },
  { filters: [23, 25], grid: 16, overlap: 8 },
  { filters: [27, 29], grid: 18, overlap: 9 },
  { filters: [31, 33], grid: 20, overlap: 10 },
  { filters: [35, 37], grid: 22, overlap: 11 },
];
const SIDE = 128;

/** The rectified answer of one filter of norm 1 at every place, zeros outside the image. */
function s1(image: Float32Array, size: number, orientation: number): Float64Array {
  const { values } = gaborFilter(size, orientation);
  const norm = Math.hypot(...values);
  const reach = (size - 1) / 2;
  const answers = new Float64Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let sum = 0;
      for (let j = Math.max(0, reach - y); j < Math.min(size, SIDE + reach - y); j++) {
        const row = (y + j - reach) * SIDE + x - reach;
        const last = Math.min(size, SIDE + reach - x);
        for (let i = Math.max(0, reach - x); i < last; i++) {
          sum += values[j * size + i] * image[row + i];
        }
      }
      answers[y * SIDE + x] = Math.max(0, sum / norm);
    }
  }
  return answers;
}

/** Where grids begin: half a grid apart, the last as far as needed to see the last pixel. */
function starts(grid: number, overlap: number): number[] {
  const found = [0];
  while (found[found.length - 1] + grid < SIDE) {
    found.push(found[found.length - 1] + grid - overlap);
  }
  return found;
}

const image = randomTensor([1, 1, SIDE, SIDE], randomNumbers(17));
// A dark and a bright bar, that not everything is noise.
for (let y = 20; y < 110; y++) {
  image.data.fill(3, y * SIDE + 40, y * SIDE + 46);
  image.data.fill(-4, y * SIDE + y, y * SIDE + y + 9);
}
const expected = TABLE.map(({ filters, grid, overlap }) => {
  const places = starts(grid, overlap);
  return [0, 1, 2, 3].flatMap((orientation) => {
    const [fine, coarse] = filters.map((size) => s1(image.data, size, orientation));
    return places.flatMap((top) =>
      places.map((left) => {
        let most = -Infinity;
        for (let y = top; y < Math.min(SIDE, top + grid); y++) {
          for (let x = left; x < Math.min(SIDE, left + grid); x++) {
            most = Math.max(most, fine[y * SIDE + x], coarse[y * SIDE + x]);
          }
        }
        return most;
      }),
    );
  });
});

it('has C1 units of four orientations in eight bands, and no weights but the classifier’s', () => {
  const graph = networks['serre-c1'].build();
  const shapes = activationShapes(graph);
  expect(TABLE.map((_, i) => shapes.get(`band_${i + 1}/c1`))).toEqual(
    [31, 25, 21, 18, 15, 14, 12, 11].map((side) => [1, 4, side, side]),
  );
  expect(shapes.get('c1')).toEqual([1, 12_148]);
  expect([...randomWeights(graph).tensors.keys()]).toEqual([
    'classifier/weight',
    'classifier/bias',
  ]);
});

describeEngines((loadEngine) => {
  it('Serre’s C1 units are maxima over places and both scales of their band', async () => {
    const graph = networks['serre-c1'].build();
    const bands = TABLE.map((_, i) => `band_${i + 1}/c1`);
    const session = await (
      await loadEngine()
    ).load(graph, randomWeights(graph), { outputs: [...bands, 'c1'] });
    const found = await session.run(image);
    await session.dispose();
    bands.forEach((band, i) => {
      const { data } = found[band];
      expect(data.length, band).toBe(expected[i].length);
      expect(new Set(expected[i]).size, band).toBeGreaterThan(data.length / 4);
      const scale = Math.max(...expected[i]);
      expected[i].forEach((value, k) => {
        if (!(Math.abs(data[k] - value) < 1e-5 * scale)) {
          throw new Error(`${band}[${k}]: ${data[k]}, not ${value}`);
        }
      });
    });
    expect([...found.c1.data]).toEqual(bands.flatMap((band) => [...found[band].data]));
  });
});
