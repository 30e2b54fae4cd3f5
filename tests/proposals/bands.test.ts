import { describe, expect, test } from 'vitest';
import { gridEdges } from '../../proposals/gridEdges.js';
import { mergeGraph, type EdgeList } from '../../proposals/mergeGraph.js';
import type { ColourImage } from '../../proposals/convertColour.js';
import { patchwork } from './images.js';

const WIDTH = 40;
const HEIGHT = 50;
const PIXELS = WIDTH * HEIGHT;

function edgesOf(image: ColourImage, bandPixels: number) {
  const grid = {
    distances: new Uint16Array(4 * PIXELS),
    needed: new Int32Array(4 * PIXELS),
  };
  return gridEdges(image, grid, bandPixels);
}

function segment(image: ColourImage, bandPixels: number, minSize: number) {
  const scratch = {
    parents: new Int32Array(PIXELS),
    thresholds: new Float64Array(PIXELS),
    leftovers: new Int32Array(4 * PIXELS),
  };
  const labels = new Int32Array(PIXELS);
  return mergeGraph(edgesOf(image, bandPixels), PIXELS, 100, minSize, scratch, labels);
}

const noisy = patchwork(WIDTH, HEIGHT, 5) as ColourImage;

/** Level and edge of all edges of a list. */
const leveled = ({ edges, starts }: EdgeList) =>
  Array.from({ length: starts.length - 1 }, (_, level) =>
    [...edges.subarray(starts[level], starts[level + 1])].map((e) => `${level}:${e}`),
  ).flat();

describe('bands of rows', () => {
  test.each([80, 200, 700, PIXELS - 1])(
    'of %i pixels hold the edges of the whole image, and the seams those between them',
    (bandPixels) => {
      const rows = Math.max(2, Math.floor(bandPixels / WIDTH));
      const whole = edgesOf(noisy, Infinity);
      expect(whole.bands).toHaveLength(1);
      expect(whole.seams.edges).toHaveLength(0);
      const { bands, seams, offsets } = edgesOf(noisy, bandPixels);
      expect(bands).toHaveLength(Math.ceil(HEIGHT / rows));
      const all = [...bands, seams].flatMap(leveled).sort();
      expect(all).toEqual(leveled(whole.bands[0]).sort());
      const band = (pixel: number) => Math.floor(pixel / WIDTH / rows);
      bands.forEach(({ edges }, i) => {
        for (const edge of edges) {
          expect(band(edge >> 2)).toBe(i);
          expect(band((edge >> 2) + offsets[edge & 3])).toBe(i);
        }
      });
      for (const edge of seams.edges) {
        expect(band((edge >> 2) + offsets[edge & 3])).toBe(band(edge >> 2) + 1);
      }
    },
  );

  test('leave clear-cut superpixels as they are without bands', () => {
    const data = new Uint8Array(3 * PIXELS);
    for (let i = 0; i < PIXELS; i++) {
      const quarter = 2 * Number(i >= PIXELS / 2) + Number(i % WIDTH >= WIDTH / 2);
      data.fill(60 * quarter, 3 * i, 3 * i + 3);
    }
    const image = { data, width: WIDTH, height: HEIGHT, channels: 3 as const };
    const banded = segment(image, 4 * WIDTH, 1);
    expect(banded.count).toBe(4);
    expect(banded.labels).toEqual(segment(image, Infinity, 1).labels);
  });

  test('keep the least size, and whole superpixels across seams', () => {
    const { labels, count, leftovers } = segment(noisy, 3 * WIDTH, 30);
    const sizes = new Array<number>(count).fill(0);
    for (const label of labels) sizes[label]++;
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(30);
    // A band has three rows; superpixels are taller than that.
    const rows = Array.from({ length: count }, () => new Set<number>());
    labels.forEach((label, i) => rows[label].add(Math.floor(i / WIDTH)));
    expect(Math.max(...rows.map((set) => set.size))).toBeGreaterThan(10);
    // Whatever still touches is among the leftovers.
    const joined = new Set<string>();
    for (const edge of leftovers) {
      const a = labels[edge >> 2];
      const b = labels[(edge >> 2) + [1, WIDTH, WIDTH + 1, WIDTH - 1][edge & 3]];
      joined.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
    }
    for (let i = 0; i + WIDTH < PIXELS; i++) {
      const [a, b] = [labels[i], labels[i + WIDTH]];
      if (a !== b) expect(joined.has(`${Math.min(a, b)} ${Math.max(a, b)}`)).toBe(true);
    }
  });
});
