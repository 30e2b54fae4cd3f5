import { describe, expect, test } from 'vitest';
import { gridEdges } from '../../proposals/gridEdges.js';
import { mergeGraph, type EdgeList } from '../../proposals/mergeGraph.js';
import type { ColourImage } from '../../proposals/convertColour.js';
import { patchwork } from './images.js';

const WIDTH = 40;
const HEIGHT = 50;
const PIXELS = WIDTH * HEIGHT;

function edgesOf(image: ColourImage, tileSide: number) {
  const grid = {
    distances: new Uint16Array(4 * PIXELS),
    needed: new Int32Array(4 * PIXELS),
    sorted: new Int32Array(4 * PIXELS),
  };
  return gridEdges(image, grid, tileSide);
}

function segment(image: ColourImage, tileSide: number, minSize: number) {
  const scratch = {
    parents: new Int32Array(PIXELS),
    thresholds: new Float64Array(PIXELS),
    leftovers: new Int32Array(4 * PIXELS),
  };
  const labels = new Int32Array(PIXELS);
  return mergeGraph(edgesOf(image, tileSide), 100, minSize, scratch, labels);
}

const noisy = patchwork(WIDTH, HEIGHT, 5) as ColourImage;

/** Level and edge of all edges of a list. */
const leveled = ({ edges, starts }: EdgeList) =>
  Array.from({ length: starts.length - 1 }, (_, level) =>
    [...edges.subarray(starts[level], starts[level + 1])].map((e) => `${level}:${e}`),
  ).flat();

const WHOLE = HEIGHT;

describe('tiles', () => {
  test.each([1, 2, 7, 20, 39, 40])(
    'of %i pixels a side hold the edges of the whole image, and the seams those between them',
    (side) => {
      const whole = edgesOf(noisy, WHOLE);
      expect(whole.tiles).toHaveLength(1);
      expect(whole.seams.edges).toHaveLength(0);
      const { tiles, seams, offsets } = edgesOf(noisy, side);
      const columns = Math.ceil(WIDTH / side);
      expect(tiles).toHaveLength(columns * Math.ceil(HEIGHT / side));
      const all = [...tiles, seams].flatMap(leveled).sort();
      expect(all).toEqual(leveled(whole.tiles[0]).sort());
      const tileOf = (pixel: number) =>
        columns * Math.floor(Math.floor(pixel / WIDTH) / side) +
        Math.floor((pixel % WIDTH) / side);
      tiles.forEach(({ edges }, i) => {
        for (const edge of edges) {
          expect(tileOf(edge >> 2)).toBe(i);
          expect(tileOf((edge >> 2) + offsets[edge & 3])).toBe(i);
        }
      });
      for (const edge of seams.edges) {
        expect(tileOf((edge >> 2) + offsets[edge & 3])).not.toBe(tileOf(edge >> 2));
      }
    },
  );

  test('of narrow images are longer, so that there are not more of them', () => {
    const length = 4096;
    const line = (width: number, height: number): ColourImage => ({
      data: new Uint8Array(3 * length),
      width,
      height,
      channels: 3,
    });
    const scratch = () => ({
      distances: new Uint16Array(4 * length),
      needed: new Int32Array(4 * length),
      sorted: new Int32Array(4 * length),
    });
    for (const image of [line(1, length), line(length, 1)]) {
      expect(gridEdges(image, scratch(), 16).tiles).toHaveLength(length / 256);
    }
    expect(gridEdges(line(64, 64), scratch(), 16).tiles).toHaveLength(16);
  });

  test('leave clear-cut superpixels as they are without tiles', () => {
    const data = new Uint8Array(3 * PIXELS);
    for (let i = 0; i < PIXELS; i++) {
      const quarter = 2 * Number(i >= PIXELS / 2) + Number(i % WIDTH >= WIDTH / 2);
      data.fill(60 * quarter, 3 * i, 3 * i + 3);
    }
    const image = { data, width: WIDTH, height: HEIGHT, channels: 3 as const };
    const tiled = segment(image, 8, 1);
    expect(tiled.count).toBe(4);
    expect(tiled.labels).toEqual(segment(image, WHOLE, 1).labels);
  });

  test('keep the least size, and whole superpixels across seams', () => {
    const { labels, count, leftovers } = segment(noisy, 4, 30);
    const sizes = new Array<number>(count).fill(0);
    for (const label of labels) sizes[label]++;
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(30);
    // A tile has four rows; superpixels are taller than that.
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
