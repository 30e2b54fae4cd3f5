import { MaxHeap, roundKey } from './maxHeap.js';
import { HISTOGRAM_TOTAL, type Regions } from './regions.js';

/**
 * Weights of the four similarity measures of selective search (Uijlings et al.
 * 2013, section 4.2). Only their proportions matter; 0 leaves one out.
 */
export interface SimilarityWeights {
  /** Common area of the colour histograms, equation 1. */
  colour: number;
  /** Common area of the texture histograms, equation 3. */
  texture: number;
  /** Small regions merge early, equation 4. */
  size: number;
  /** Regions that fill each other's gaps merge early, equation 5. */
  fill: number;
}

/**
 * A binary tree of regions: nodes 0 … leaves − 1 are the superpixels, later ones
 * were merged in this order, and the last is the whole image.
 */
export interface Hierarchy {
  leaves: number;
  /** 2 · leaves − 1 */
  nodes: number;
  /** nodes × 4, half-open, whole pixels */
  boxes: Int32Array;
  sizes: Int32Array;
  /** Node that each was merged into; −1 for the last. */
  parents: Int32Array;
  /** Two nodes each was merged from; −1 for leaves. */
  children: Int32Array;
  /** Similarity at which each node was made, in 0–1; 1 for leaves. */
  similarities: Float32Array;
}

/**
 * Hierarchical grouping (Uijlings et al. 2013, algorithm 1): the most similar
 * neighbours merge until one region is left. Neighbours are linked lists of
 * edges; the queue is a heap from which dead edges are dropped when they come up.
 *
 * For neighbours of the larger of two merged regions a bound above the new
 * similarity is queued: the old one plus what the histograms gained. Only a bound
 * that comes up is worked out, and the outcome is that of working all of them out.
 * Of a merged region's edges only the best is queued: a large one has thousands of
 * neighbours, most of which merge with each other first.
 */
export function groupRegions(
  regions: Regions,
  weights: SimilarityWeights,
  pixels: number,
): Hierarchy {
  const { count, pairs, colourBins, textureBins } = regions;
  const nodes = 2 * count - 1;
  const boxes = new Int32Array(4 * nodes);
  boxes.set(regions.boxes);
  const sizes = new Int32Array(nodes);
  sizes.set(regions.sizes);
  const parents = new Int32Array(nodes).fill(-1);
  const children = new Int32Array(2 * nodes).fill(-1);
  const similarities = new Float32Array(nodes).fill(1);
  const total = weights.colour + weights.texture + weights.size + weights.fill || 1;
  const useColour = weights.colour > 0;
  const useTexture = weights.texture > 0;
  const colourWeight = weights.colour / total / HISTOGRAM_TOTAL;
  const textureWeight = weights.texture / total / HISTOGRAM_TOTAL;
  const sizeWeight = weights.size / total / pixels;
  const fillWeight = weights.fill / total / pixels;
  const constant = (weights.size + weights.fill) / total;
  const colour = useColour ? regions.colour.slice() : regions.colour;
  const texture = useTexture ? regions.texture.slice() : regions.texture;
  /** Histogram row of each node; a merged region takes over that of its first child. */
  const rows = new Int32Array(nodes);
  for (let i = 0; i < count; i++) rows[i] = i;

  // Edges in both directions: edge e runs from ends[e ^ 1] to ends[e].
  let edgeCapacity = 4 * pairs.length + 64;
  let ends = new Int32Array(edgeCapacity);
  let next = new Int32Array(edgeCapacity);
  const heads = new Int32Array(nodes).fill(-1);
  let edgeCount = 0;
  /** Weighted histogram similarity of each pair of edges, or a bound above it. */
  let common = new Float64Array(edgeCapacity >> 1);
  let isBound = new Uint8Array(edgeCapacity >> 1);
  /** Similarity of each pair of edges, or a bound above it. */
  let keys = new Float64Array(edgeCapacity >> 1);
  /** Pairs of edges from firstOf[node] up to firstOf[node + 1] were made with a merged node. */
  const firstOf = new Int32Array(nodes + 1);
  /**
   * Pairs of edges, the most similar first, ties by age: all between superpixels,
   * and for each merged node only the best of those made with it.
   */
  const heap = new MaxHeap(pairs.length >> 1);

  const histogramSimilarity = (a: number, b: number): number => {
    let value = 0;
    if (useColour) {
      value +=
        colourWeight *
        commonArea(colour, rows[a] * colourBins, rows[b] * colourBins, colourBins);
    }
    if (useTexture) {
      value +=
        textureWeight *
        commonArea(texture, rows[a] * textureBins, rows[b] * textureBins, textureBins);
    }
    return value;
  };

  const sizeAndFill = (a: number, b: number): number => {
    const p = 4 * a;
    const q = 4 * b;
    const x1 = boxes[p] < boxes[q] ? boxes[p] : boxes[q];
    const y1 = boxes[p + 1] < boxes[q + 1] ? boxes[p + 1] : boxes[q + 1];
    const x2 = boxes[p + 2] > boxes[q + 2] ? boxes[p + 2] : boxes[q + 2];
    const y2 = boxes[p + 3] > boxes[q + 3] ? boxes[p + 3] : boxes[q + 3];
    const both = sizes[a] + sizes[b];
    return constant - sizeWeight * both - fillWeight * ((x2 - x1) * (y2 - y1) - both);
  };

  /** Queues the best living edge that was made with `node`. */
  const pushBest = (node: number): void => {
    let best = -1;
    let key = -1;
    for (let pair = firstOf[node]; pair < firstOf[node + 1]; pair++) {
      if (keys[pair] > key && parents[ends[2 * pair]] < 0) {
        key = keys[pair];
        best = pair;
      }
    }
    if (best >= 0) heap.push(key, best);
  };

  const connect = (a: number, b: number, value: number, bound: 0 | 1): void => {
    if (edgeCount + 2 > edgeCapacity) {
      edgeCapacity *= 2;
      ends = longer(ends, new Int32Array(edgeCapacity));
      next = longer(next, new Int32Array(edgeCapacity));
      common = longer(common, new Float64Array(edgeCapacity >> 1));
      isBound = longer(isBound, new Uint8Array(edgeCapacity >> 1));
      keys = longer(keys, new Float64Array(edgeCapacity >> 1));
    }
    const e = edgeCount;
    edgeCount += 2;
    ends[e] = b;
    ends[e + 1] = a;
    next[e] = heads[a];
    heads[a] = e;
    next[e + 1] = heads[b];
    heads[b] = e + 1;
    common[e >> 1] = value;
    isBound[e >> 1] = bound;
    keys[e >> 1] = roundKey(value + sizeAndFill(a, b));
  };

  for (let i = 0; i < pairs.length; i += 2) {
    const a = pairs[i];
    const b = pairs[i + 1];
    connect(a, b, histogramSimilarity(a, b), 0);
    heap.push(keys[i >> 1], i >> 1);
  }

  const joined = new Int32Array(nodes).fill(-1);
  let made = count;
  while (heap.size > 0 && made < nodes) {
    const pair = heap.pop();
    const e = 2 * pair;
    const owner = ends[e + 1];
    if (parents[owner] >= 0) continue;
    if (parents[ends[e]] >= 0) {
      if (owner >= count) pushBest(owner);
      continue;
    }
    if (isBound[pair]) {
      common[pair] = histogramSimilarity(owner, ends[e]);
      keys[pair] = roundKey(common[pair] + sizeAndFill(owner, ends[e]));
      isBound[pair] = 0;
      pushBest(owner);
      continue;
    }
    // The larger child first: the new region takes over its histograms.
    let a = owner;
    let b = ends[e];
    if (sizes[a] < sizes[b]) {
      a = b;
      b = owner;
    }
    const node = made++;
    parents[a] = node;
    parents[b] = node;
    children[2 * node] = a;
    children[2 * node + 1] = b;
    similarities[node] = keys[pair];
    const p = 4 * a;
    const q = 4 * b;
    const t = 4 * node;
    boxes[t] = Math.min(boxes[p], boxes[q]);
    boxes[t + 1] = Math.min(boxes[p + 1], boxes[q + 1]);
    boxes[t + 2] = Math.max(boxes[p + 2], boxes[q + 2]);
    boxes[t + 3] = Math.max(boxes[p + 3], boxes[q + 3]);
    const size = sizes[a] + sizes[b];
    const share = sizes[a] / size;
    sizes[node] = size;
    rows[node] = rows[a];
    let gain = 0;
    if (useColour) {
      gain +=
        colourWeight *
        blend(colour, rows[a] * colourBins, rows[b] * colourBins, colourBins, share);
    }
    if (useTexture) {
      gain +=
        textureWeight *
        blend(
          texture,
          rows[a] * textureBins,
          rows[b] * textureBins,
          textureBins,
          share,
        );
    }
    firstOf[node] = edgeCount >> 1;
    for (let f = heads[a]; f >= 0; f = next[f]) {
      const other = ends[f];
      if (parents[other] >= 0 || joined[other] === node) continue;
      joined[other] = node;
      connect(node, other, common[f >> 1] + gain, 1);
    }
    for (let f = heads[b]; f >= 0; f = next[f]) {
      const other = ends[f];
      if (parents[other] >= 0 || joined[other] === node) continue;
      joined[other] = node;
      connect(node, other, histogramSimilarity(node, other), 0);
    }
    firstOf[node + 1] = edgeCount >> 1;
    pushBest(node);
  }
  return { leaves: count, nodes, boxes, sizes, parents, children, similarities };
}

/** Sum of the smaller of two histograms' bins, without branches: y − x is negative or not. */
function commonArea(
  histograms: Int32Array,
  a: number,
  b: number,
  bins: number,
): number {
  let sum = 0;
  const end = a + bins;
  for (; a < end - 1; a += 2, b += 2) {
    const x = histograms[a];
    const d = histograms[b] - x;
    const x1 = histograms[a + 1];
    const d1 = histograms[b + 1] - x1;
    sum = (sum + x + (d & (d >> 31)) + x1 + (d1 & (d1 >> 31))) | 0;
  }
  if (a < end) {
    const x = histograms[a];
    const d = histograms[b] - x;
    sum = (sum + x + (d & (d >> 31))) | 0;
  }
  return sum;
}

/**
 * Row a becomes share · a + (1 − share) · b.
 *
 * @returns what its common area with any other histogram may gain at most
 */
function blend(
  histograms: Int32Array,
  a: number,
  b: number,
  bins: number,
  share: number,
): number {
  let gain = 0;
  for (const end = a + bins; a < end; a++, b++) {
    const x = histograms[a];
    const y = histograms[b];
    const blended = (y + (x - y) * share) | 0;
    histograms[a] = blended;
    const d = blended - x;
    gain = (gain + (d & ~(d >> 31))) | 0;
  }
  return gain;
}

function longer<T extends Int32Array | Float64Array | Uint8Array>(
  array: T,
  into: T,
): T {
  into.set(array);
  return into;
}
