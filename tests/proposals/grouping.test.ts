import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupRegions, type SimilarityWeights } from '../../proposals/groupRegions.js';
import {
  HISTOGRAM_TOTAL,
  measureRegions,
  type Regions,
} from '../../proposals/regions.js';
import { KEYS, MaxHeap } from '../../proposals/maxHeap.js';
import { ReusedArrays } from '../../proposals/reusedArrays.js';
import { newKernels, type PixelKernels } from '../../proposals/simd/pixelKernels.js';
import { gradientTexture } from '../../proposals/gradientTexture.js';
import { gridEdges } from '../../proposals/gridEdges.js';
import { mergeGraph } from '../../proposals/mergeGraph.js';
import { cutHierarchy, regionHierarchy } from '../../proposals/index.js';
import { randomNumbers } from '../../proposals/random.js';
import { patchwork } from './images.js';

function superpixels(seed: number): { regions: Regions; labels: Int32Array } {
  const { data, width, height } = patchwork(48, 36, seed);
  const image = { data: data as Uint8Array, width, height, channels: 3 as const };
  const pixels = width * height;
  const grid = {
    distances: new Uint16Array(4 * pixels),
    needed: new Int32Array(4 * pixels),
    sorted: new Int32Array(4 * pixels),
  };
  const graph = gridEdges(image, grid);
  const scratch = {
    parents: new Int32Array(pixels),
    thresholds: new Float64Array(pixels),
    leftovers: grid.needed,
  };
  const partition = mergeGraph(graph, 40, 15, scratch, new Int32Array(pixels));
  const texture = gradientTexture(image);
  const regions = measureRegions(partition, image, texture, graph);
  return { regions, labels: partition.labels };
}

describe('measureRegions', () => {
  test('sizes, boxes, histograms and neighbours equal a count by hand', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const { regions, labels } = superpixels(seed);
        const { data } = patchwork(48, 36, seed);
        const { count, sizes, boxes, histograms, colourBins, textureBins } = regions;
        const rowLength = colourBins + textureBins;
        const touching = new Set<string>();
        for (let region = 0; region < count; region++) {
          const own = [...labels.keys()].filter((i) => labels[i] === region);
          expect(sizes[region]).toBe(own.length);
          const xs = own.map((i) => i % 48);
          const ys = own.map((i) => Math.floor(i / 48));
          expect([...boxes.subarray(4 * region, 4 * region + 4)]).toEqual([
            Math.min(...xs),
            Math.min(...ys),
            Math.max(...xs) + 1,
            Math.max(...ys) + 1,
          ]);
          const red = new Array<number>(25).fill(0);
          for (const i of own) red[Math.floor((data[3 * i] * 25) / 256)]++;
          red.forEach((n, bin) => {
            const expected = (n / own.length / 3) * HISTOGRAM_TOTAL;
            expect(
              Math.abs(histograms[region * rowLength + bin] - expected),
            ).toBeLessThan(1.01);
          });
          const row = histograms.subarray(
            region * rowLength + colourBins,
            (region + 1) * rowLength,
          );
          const sum = row.reduce((s, v) => s + v, 0);
          expect(sum).toBeGreaterThan(HISTOGRAM_TOTAL - 300);
          expect(sum).toBeLessThanOrEqual(HISTOGRAM_TOTAL);
          for (const i of own) {
            for (const j of [(i + 1) % 48 ? i + 1 : i, i + 48]) {
              if (j < labels.length && labels[j] !== region) {
                touching.add([region, labels[j]].sort((a, b) => a - b).join());
              }
            }
          }
        }
        const pairs = new Set<string>();
        for (let p = 0; p < regions.pairs.length; p += 2) {
          pairs.add(`${regions.pairs[p]},${regions.pairs[p + 1]}`);
        }
        expect(pairs.size).toBe(regions.pairs.length / 2);
        // Edges left out for closing a triangle may cost a pair that only touches in passing.
        const missing = [...touching].filter((pair) => !pairs.has(pair));
        expect(missing.length).toBeLessThanOrEqual(0.1 * touching.size);
      }),
      { numRuns: 30 },
    );
  });
});

describe('groupRegions', () => {
  test('merges what a search through all pairs each time merges', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.constantFrom(
          { colour: 1, texture: 1, size: 1, fill: 1 },
          { colour: 0, texture: 1, size: 1, fill: 1 },
          { colour: 1, texture: 0, size: 0, fill: 0 },
          { colour: 0, texture: 0, size: 0, fill: 1 },
          { colour: 0.5, texture: 2, size: 1, fill: 0 },
        ),
        (seed, weights) => {
          const { regions } = superpixels(seed);
          expectSameMerges(regions, weights, 48 * 36);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    [1, 10, 6],
    [2, 16, 5],
    [3, 21, 6],
  ])(
    'so it does where %i regions have all others for neighbours',
    (grounds, columns, rows) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 1e6 }),
          fc.constantFrom(
            { colour: 1, texture: 1, size: 1, fill: 1 },
            { colour: 1, texture: 0, size: 0, fill: 0 },
            { colour: 0, texture: 0, size: 1, fill: 1 },
            { colour: 1, texture: 2, size: 0.2, fill: 0.5 },
          ),
          (seed, weights) => {
            const regions = spots(seed, columns, rows, grounds);
            expectSameMerges(regions, weights, columns * rows * 64);
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  test('the same with plain loops, with shared kernels and with those of a large image', () => {
    class Arrays extends ReusedArrays {
      constructor(private readonly which: PixelKernels | null) {
        super();
      }
      override kernels(): PixelKernels | null {
        return this.which;
      }
    }
    const own = newKernels();
    expect(own).not.toBeNull();
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.record({
          colour: fc.constantFrom(0, 0.3, 1),
          texture: fc.constantFrom(0, 1, 7),
          size: fc.constantFrom(0, 1),
          fill: fc.constant(1),
        }),
        (seed, weights) => {
          for (const regions of [superpixels(seed).regions, spots(seed, 8, 5)]) {
            const tree = groupRegions(regions, weights, 48 * 36);
            expect(groupRegions(regions, weights, 48 * 36, new Arrays(null))).toEqual(
              tree,
            );
            expect(groupRegions(regions, weights, 48 * 36, new Arrays(own))).toEqual(
              tree,
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('more memory than there is is left to plain loops', () => {
    const arrays = new ReusedArrays();
    expect(arrays.kernels(1000)).not.toBeNull();
    expect(arrays.kernels(2 ** 25)?.memory(2 ** 25).byteLength).toBe(2 ** 25);
    expect(arrays.kernels(2 ** 33)).toBeNull();
  });

  test('in groups each merge is of a pair as similar as any, up to 1/32', () => {
    const regions = spots(1, 40, 30);
    const weights = { colour: 1, texture: 1, size: 1, fill: 1 };
    const tree = groupRegions(regions, weights, 40 * 30 * 64, undefined, true);
    expect(tree.parents[tree.nodes - 1]).toBe(-1);
    expect(tree.sizes[tree.nodes - 1]).toBe(40 * 30 * 64);
    const inOrder = groupRegions(regions, weights, 40 * 30 * 64, undefined, false);
    expect(tree.children).not.toEqual(inOrder.children);
    // Leaves that merged with each other: of all pairs of leaves left, none was better by a level.
    const similarity = new Map<string, number>();
    for (let p = 0; p < regions.pairs.length; p += 2) {
      const pair = [regions.pairs[p], regions.pairs[p + 1]];
      const [a, b] = pair.map((i) => leaf(regions, i));
      similarity.set(pair.join(), similarityOf(a, b, weights, 40 * 30 * 64));
    }
    const left = new Set(Array(tree.leaves).keys());
    for (let node = tree.leaves; node < tree.nodes; node++) {
      const made = [tree.children[2 * node], tree.children[2 * node + 1]];
      let best = 0;
      for (const [pair, value] of similarity) {
        const [a, b] = pair.split(',').map(Number);
        if (left.has(a) && left.has(b)) best = Math.max(best, value);
        else similarity.delete(pair);
      }
      expect(tree.similarities[node]).toBeGreaterThan(best - 1 / 32 - 1e-4);
      for (const child of made) left.delete(child);
    }
  });

  test('each node is the union of its children', () => {
    const { hierarchy, labels, width, height } = regionHierarchy(
      patchwork(150, 120, 4),
    );
    const { leaves, nodes, sizes, children, parents, boxes } = hierarchy;
    expect(nodes).toBe(2 * leaves - 1);
    expect(sizes[nodes - 1]).toBe(width * height);
    expect(parents[nodes - 1]).toBe(-1);
    for (let node = leaves; node < nodes; node++) {
      const [a, b] = children.subarray(2 * node, 2 * node + 2);
      expect([parents[a], parents[b]]).toEqual([node, node]);
      expect(sizes[node]).toBe(sizes[a] + sizes[b]);
      expect(boxes[4 * node]).toBe(Math.min(boxes[4 * a], boxes[4 * b]));
      expect(boxes[4 * node + 3]).toBe(Math.max(boxes[4 * a + 3], boxes[4 * b + 3]));
    }
    for (const count of [1, 2, 5, leaves, leaves + 9]) {
      const cut = cutHierarchy({ hierarchy, labels, width, height }, count);
      expect(cut.count).toBe(Math.min(count, leaves));
      expect(new Set(cut.labels).size).toBe(cut.count);
    }
  });
});

/**
 * Grounds side by side with `columns` × `rows` spots in them, each of which also touches the
 * next one, and at the border of two grounds both: cells of 8×8 pixels in which a spot has
 * its own size.
 */
function spots(seed: number, columns: number, rows: number, grounds = 1): Regions {
  const random = randomNumbers(seed);
  const count = columns * rows + grounds;
  const sizes = new Int32Array(count);
  const boxes = new Int32Array(4 * count);
  const pairs: number[] = [];
  const groundOf = (column: number) => Math.floor((column * grounds) / columns);
  for (let ground = 0; ground < grounds; ground++) {
    const own = [...Array(columns).keys()].filter((c) => groundOf(c) === ground);
    boxes.set([8 * own[0], 0, 8 * (own[own.length - 1] + 1), 8 * rows], 4 * ground);
    sizes[ground] = 64 * own.length * rows;
    if (ground > 0) pairs.push(ground - 1, ground);
  }
  for (let i = grounds; i < count; i++) {
    const column = (i - grounds) % columns;
    const [x, y] = [8 * column, 8 * Math.floor((i - grounds) / columns)];
    const [width, height] = [
      2 + Math.floor(5 * random()),
      2 + Math.floor(5 * random()),
    ];
    boxes.set([x, y, x + width, y + height], 4 * i);
    sizes[i] = width * height;
    sizes[groundOf(column)] -= sizes[i];
    pairs.push(groundOf(column), i);
    if (column > 0 && groundOf(column - 1) < groundOf(column))
      pairs.push(groundOf(column - 1), i);
    if (i > grounds) pairs.push(i - 1, i);
  }
  const histograms = new Int32Array(count * 24);
  const fill = (first: number, bins: number) => {
    for (let i = 0; i < count; i++) {
      const shares = Array.from({ length: bins }, () => random() ** 3);
      const sum = shares.reduce((a, b) => a + b);
      shares.forEach((share, bin) => {
        histograms[i * 24 + first + bin] = Math.floor((share / sum) * HISTOGRAM_TOTAL);
      });
    }
  };
  fill(0, 16);
  fill(16, 8);
  return {
    count,
    sizes,
    boxes,
    histograms,
    colourBins: 16,
    textureBins: 8,
    colourHistograms: 1,
    textureHistograms: 1,
    pairs: Int32Array.from(pairs),
  };
}

/** Up to the first near-tie, which the rounding of the blended histograms may decide otherwise. */
function expectSameMerges(
  regions: Regions,
  weights: SimilarityWeights,
  pixels: number,
): void {
  const tree = groupRegions(regions, weights, pixels);
  const twin = slowGrouping(regions, weights, pixels);
  let node = regions.count;
  for (; node < tree.nodes; node++) {
    const step = twin[node - regions.count];
    expect(tree.similarities[node]).toBeCloseTo(step.similarity, 3);
    const made = [tree.children[2 * node], tree.children[2 * node + 1]];
    if (made.sort((a, b) => a - b).join() !== step.children.join()) break;
  }
  if (node < tree.nodes) expect(twin[node - regions.count].margin).toBeLessThan(1e-4);
}

interface Step {
  children: number[];
  similarity: number;
  /** How much more similar the pair is than the next best one. */
  margin: number;
}

interface Region {
  size: number;
  box: number[];
  colour: number[];
  texture: number[];
}

function leaf(regions: Regions, i: number): Region {
  const { sizes, boxes, histograms, colourBins, textureBins } = regions;
  const bins = (first: number, length: number): number[] => {
    const from = i * (colourBins + textureBins) + first;
    return [...histograms.subarray(from, from + length)].map(
      (v) => v / HISTOGRAM_TOTAL,
    );
  };
  return {
    size: sizes[i],
    box: [...boxes.subarray(4 * i, 4 * i + 4)],
    colour: bins(0, colourBins),
    texture: bins(colourBins, textureBins),
  };
}

const union = (a: Region, b: Region): number[] =>
  a.box.map((v, c) => (c < 2 ? Math.min(v, b.box[c]) : Math.max(v, b.box[c])));

/** The paper's equations 1 to 5. */
function similarityOf(
  a: Region,
  b: Region,
  weights: SimilarityWeights,
  pixels: number,
): number {
  const common = (p: number[], q: number[]): number =>
    p.reduce((sum, v, i) => sum + Math.min(v, q[i]), 0);
  const [x1, y1, x2, y2] = union(a, b);
  const gap = (x2 - x1) * (y2 - y1) - a.size - b.size;
  return (
    (weights.colour * common(a.colour, b.colour) +
      weights.texture * common(a.texture, b.texture) +
      weights.size * (1 - (a.size + b.size) / pixels) +
      weights.fill * (1 - gap / pixels)) /
    (weights.colour + weights.texture + weights.size + weights.fill)
  );
}

/** Algorithm 1 of the paper as it stands there, with doubles and sets. */
function slowGrouping(
  regions: Regions,
  weights: SimilarityWeights,
  pixels: number,
): Step[] {
  const nodes = new Map<number, Region>();
  for (let i = 0; i < regions.count; i++) nodes.set(i, leaf(regions, i));
  const neighbours = new Set<string>();
  for (let p = 0; p < regions.pairs.length; p += 2) {
    neighbours.add(`${regions.pairs[p]},${regions.pairs[p + 1]}`);
  }
  const steps: Step[] = [];
  while (nodes.size > 1) {
    const ranked = [...neighbours]
      .map((pair) => {
        const [a, b] = pair.split(',').map(Number);
        return {
          a,
          b,
          similarity: similarityOf(nodes.get(a)!, nodes.get(b)!, weights, pixels),
        };
      })
      .sort((p, q) => q.similarity - p.similarity);
    const { a, b, similarity } = ranked[0];
    const [left, right] = [nodes.get(a)!, nodes.get(b)!];
    const size = left.size + right.size;
    const blend = (p: number[], q: number[]): number[] =>
      p.map((v, i) => (v * left.size + q[i] * right.size) / size);
    const made = regions.count + steps.length;
    nodes.set(made, {
      size,
      box: union(left, right),
      colour: blend(left.colour, right.colour),
      texture: blend(left.texture, right.texture),
    });
    nodes.delete(a);
    nodes.delete(b);
    for (const pair of [...neighbours]) {
      const ends = pair.split(',').map(Number);
      if (!ends.includes(a) && !ends.includes(b)) continue;
      neighbours.delete(pair);
      const other = ends.find((end) => end !== a && end !== b);
      if (other !== undefined) neighbours.add(`${other},${made}`);
    }
    steps.push({
      children: [a, b].sort((x, y) => x - y),
      similarity,
      margin: ranked.length > 1 ? similarity - ranked[1].similarity : Infinity,
    });
  }
  return steps;
}

describe('MaxHeap', () => {
  const entry = (least: number) =>
    fc.record({
      key: fc.oneof(fc.integer({ min: least, max: KEYS }), fc.constantFrom(0, KEYS)),
      item: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant(2 ** 28 - 1)),
    });

  test.each([
    ['the largest key, then the smallest item', false, -(2 ** 25) + 1],
    ['the highest level, then the first group, then as else', true, 0],
  ])('gives %s first', (_, inGroups, least) => {
    fc.assert(
      fc.property(fc.array(entry(least), { maxLength: 200 }), (entries) => {
        const heap = new MaxHeap(1, inGroups);
        for (const { key, item } of entries) heap.push(key, item);
        const popped = entries.map(() => {
          const item = heap.peek();
          const { key } = heap;
          expect(heap.pop()).toBe(item);
          expect(heap.key).toBe(key);
          return { key, item };
        });
        const level = (key: number) => (inGroups ? key >> 19 : 0);
        const group = (item: number) => (inGroups ? item >> 9 : 0);
        const sorted = [...entries].sort(
          (a, b) =>
            level(b.key) - level(a.key) ||
            group(a.item) - group(b.item) ||
            b.key - a.key ||
            a.item - b.item,
        );
        expect(popped).toEqual(sorted);
        expect(heap.size).toBe(0);
      }),
    );
  });
});
