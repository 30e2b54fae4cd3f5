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
 * edges; the queue is a binary heap from which dead edges are dropped when they
 * come up, so no merge ever sorts or searches.
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
  // Heap of edge pairs, the most similar first, ties by age.
  let heapKeys = new Float32Array(edgeCapacity >> 1);
  let heapEdges = new Int32Array(edgeCapacity >> 1);
  let heapSize = 0;

  const similarity = (a: number, b: number): number => {
    const sizeA = sizes[a];
    const sizeB = sizes[b];
    const p = 4 * a;
    const q = 4 * b;
    const x1 = boxes[p] < boxes[q] ? boxes[p] : boxes[q];
    const y1 = boxes[p + 1] < boxes[q + 1] ? boxes[p + 1] : boxes[q + 1];
    const x2 = boxes[p + 2] > boxes[q + 2] ? boxes[p + 2] : boxes[q + 2];
    const y2 = boxes[p + 3] > boxes[q + 3] ? boxes[p + 3] : boxes[q + 3];
    const both = sizeA + sizeB;
    let value =
      constant - sizeWeight * both - fillWeight * ((x2 - x1) * (y2 - y1) - both);
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

  const connect = (a: number, b: number): void => {
    if (edgeCount + 2 > edgeCapacity) {
      edgeCapacity *= 2;
      ends = longer(ends, edgeCapacity);
      next = longer(next, edgeCapacity);
      const keys = new Float32Array(edgeCapacity >> 1);
      keys.set(heapKeys);
      heapKeys = keys;
      heapEdges = longer(heapEdges, edgeCapacity >> 1);
    }
    const e = edgeCount;
    edgeCount += 2;
    ends[e] = b;
    ends[e + 1] = a;
    next[e] = heads[a];
    heads[a] = e;
    next[e + 1] = heads[b];
    heads[b] = e + 1;
    // Float32 first, so that ties are ties in the heap too.
    const key = Math.fround(similarity(a, b));
    let i = heapSize++;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (heapKeys[up] >= key) break;
      heapKeys[i] = heapKeys[up];
      heapEdges[i] = heapEdges[up];
      i = up;
    }
    heapKeys[i] = key;
    heapEdges[i] = e;
  };

  for (let i = 0; i < pairs.length; i += 2) connect(pairs[i], pairs[i + 1]);

  const joined = new Int32Array(nodes).fill(-1);
  let made = count;
  while (heapSize > 0 && made < nodes) {
    const e = heapEdges[0];
    const value = heapKeys[0];
    // Take the top: the last entry sinks from the root.
    const lastKey = heapKeys[--heapSize];
    const lastEdge = heapEdges[heapSize];
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heapSize) break;
      const right = down + 1;
      if (
        right < heapSize &&
        (heapKeys[right] > heapKeys[down] ||
          (heapKeys[right] === heapKeys[down] && heapEdges[right] < heapEdges[down]))
      ) {
        down = right;
      }
      if (
        lastKey > heapKeys[down] ||
        (lastKey === heapKeys[down] && lastEdge < heapEdges[down])
      ) {
        break;
      }
      heapKeys[i] = heapKeys[down];
      heapEdges[i] = heapEdges[down];
      i = down;
    }
    heapKeys[i] = lastKey;
    heapEdges[i] = lastEdge;
    const a = ends[e + 1];
    const b = ends[e];
    if (parents[a] >= 0 || parents[b] >= 0) continue;
    const node = made++;
    parents[a] = node;
    parents[b] = node;
    children[2 * node] = a;
    children[2 * node + 1] = b;
    similarities[node] = value;
    const p = 4 * a;
    const q = 4 * b;
    const t = 4 * node;
    boxes[t] = Math.min(boxes[p], boxes[q]);
    boxes[t + 1] = Math.min(boxes[p + 1], boxes[q + 1]);
    boxes[t + 2] = Math.max(boxes[p + 2], boxes[q + 2]);
    boxes[t + 3] = Math.max(boxes[p + 3], boxes[q + 3]);
    const size = sizes[a] + sizes[b];
    sizes[node] = size;
    rows[node] = rows[a];
    if (useColour) {
      blend(
        colour,
        rows[a] * colourBins,
        rows[b] * colourBins,
        colourBins,
        sizes[a] / size,
      );
    }
    if (useTexture) {
      blend(
        texture,
        rows[a] * textureBins,
        rows[b] * textureBins,
        textureBins,
        sizes[a] / size,
      );
    }
    for (let side = 0; side < 2; side++) {
      for (let f = heads[side === 0 ? a : b]; f >= 0; f = next[f]) {
        const other = ends[f];
        if (parents[other] >= 0 || joined[other] === node) continue;
        joined[other] = node;
        connect(node, other);
      }
    }
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

/** Row a becomes share · a + (1 − share) · b. */
function blend(
  histograms: Int32Array,
  a: number,
  b: number,
  bins: number,
  share: number,
): void {
  for (const end = a + bins; a < end; a++, b++) {
    const y = histograms[b];
    histograms[a] = y + (histograms[a] - y) * share;
  }
}

function longer(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}
