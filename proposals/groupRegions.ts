import { UNCUT_PIXELS } from './gridEdges.js';
import { HistogramRows } from './histogramRows.js';
import { KEYS, MaxHeap, toKey } from './maxHeap.js';
import type { Regions } from './regions.js';
import { ReusedArrays } from './reusedArrays.js';

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

/** Slots with more pairs than this keep a list of their best ones. */
const MANY = 24;
const SHORTLIST = 8;

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
 * neighbours merge until one region is left.
 *
 * Neighbours are linked lists of edges, which a merge joins. Each region is queued
 * under its best edge only. For the neighbours of the larger of two merged regions
 * a bound above the new similarity is noted: the old one plus what the histograms
 * gained; only a bound that comes up is worked out. The outcome is that of working
 * out all of them at each merge, but regions with thousands of neighbours stay cheap.
 *
 * In large images, merges go tile by tile among the pairs on one of 32 levels of
 * similarity, so that what is used in turn is in the processor's caches.
 *
 * @param arrays of earlier runs, to be used again; what they hold is lost
 * @param inGroups whether to go tile by tile
 */
export function groupRegions(
  regions: Regions,
  weights: SimilarityWeights,
  pixels: number,
  arrays = new ReusedArrays(),
  inGroups = pixels > UNCUT_PIXELS,
): Hierarchy {
  const { count, pairs } = regions;
  const nodes = 2 * count - 1;
  const boxes = new Int32Array(4 * nodes);
  boxes.set(regions.boxes);
  const sizes = new Int32Array(nodes);
  sizes.set(regions.sizes);
  const parents = new Int32Array(nodes).fill(-1);
  const children = new Int32Array(2 * nodes).fill(-1);
  const similarities = new Float32Array(nodes).fill(1);
  const total = weights.colour + weights.texture + weights.size + weights.fill || 1;
  const rows = new HistogramRows(
    regions,
    weights.colour / total,
    weights.texture / total,
    arrays,
  );
  const sizeWeight = weights.size / total / pixels;
  const fillWeight = weights.fill / total / pixels;
  const constant = (weights.size + weights.fill) / total;

  // Pair p of neighbours is two edges: 2p and 2p + 1 lead to each other's start.
  // No edge is ever made: a merge moves the smaller region's to the larger one.
  const edgeCount = pairs.length;
  const ends = new Int32Array(edgeCount);
  const next = new Int32Array(edgeCount);
  const heads = new Int32Array(count).fill(-1);
  for (let e = edgeCount - 2; e >= 0; e -= 2) {
    const a = pairs[e];
    const b = pairs[e + 1];
    ends[e] = b;
    next[e] = heads[a];
    heads[a] = e;
    ends[e + 1] = a;
    next[e + 1] = heads[b];
    heads[b] = e + 1;
  }
  /** Weighted histogram similarity of each pair, or a bound above it. */
  const common = new Float64Array(edgeCount >> 1);
  /** Key of each pair's similarity, or a bound above it; −1 when the pair is gone. */
  const keys = new Int32Array(edgeCount >> 1);
  const isBound = new Uint8Array(edgeCount >> 1);
  /** Node that each slot stands for now; a merge keeps the larger region's slot. */
  const nodeOf = new Int32Array(count);
  for (let i = 0; i < count; i++) nodeOf[i] = i;
  const slotBoxes = regions.boxes.slice();
  const slotSizes = regions.sizes.slice();
  /** Best pair of each slot when it was last queued, and under what key. */
  const best = new Int32Array(count).fill(-1);
  const queuedKeys = new Int32Array(count).fill(-1);
  const heap = new MaxHeap(2 * count, inGroups);

  const histogramSimilarity = (a: number, b: number): number =>
    rows.inUse ? rows.similarity(a, b) : 0;

  const sizeAndFill = (a: number, b: number): number => {
    const p = 4 * a;
    const q = 4 * b;
    const x1 = slotBoxes[p] < slotBoxes[q] ? slotBoxes[p] : slotBoxes[q];
    const y1 =
      slotBoxes[p + 1] < slotBoxes[q + 1] ? slotBoxes[p + 1] : slotBoxes[q + 1];
    const x2 =
      slotBoxes[p + 2] > slotBoxes[q + 2] ? slotBoxes[p + 2] : slotBoxes[q + 2];
    const y2 =
      slotBoxes[p + 3] > slotBoxes[q + 3] ? slotBoxes[p + 3] : slotBoxes[q + 3];
    const both = slotSizes[a] + slotSizes[b];
    return constant - sizeWeight * both - fillWeight * ((x2 - x1) * (y2 - y1) - both);
  };

  /**
   * The best pairs of slots with many, as they were when last looked through: these
   * would be looked through again for each bound that is worked out.
   */
  const shortlists = new Int32Array(SHORTLIST * count);
  /** How many there are, and the largest key that was left out. */
  const listed = new Uint8Array(count);
  const leftOut = new Int32Array(count);
  const degrees = new Int32Array(count);
  for (let i = 0; i < edgeCount; i++) degrees[pairs[i]]++;

  const push = (slot: number, pair: number, key: number): void => {
    best[slot] = pair;
    queuedKeys[slot] = key;
    if (pair >= 0) heap.push(key, slot);
  };

  /** Queues a slot under its best pair's key; drops its edges that are gone. */
  const queue = (slot: number): void => {
    listed[slot] = 0;
    if (degrees[slot] > MANY) return shortlist(slot);
    let key = -1;
    let pair = -1;
    let before = -1;
    for (let f = heads[slot]; f >= 0; f = next[f]) {
      const p = f >> 1;
      if (keys[p] < 0) {
        if (before < 0) heads[slot] = next[f];
        else next[before] = next[f];
        continue;
      }
      before = f;
      if (keys[p] > key || (keys[p] === key && p < pair)) {
        key = keys[p];
        pair = p;
      }
    }
    push(slot, pair, key);
  };

  /** The same for a slot with many pairs, whose best ones are noted down. */
  const shortlist = (slot: number): void => {
    const first = SHORTLIST * slot;
    let n = 0;
    let out = -1;
    let before = -1;
    let degree = 0;
    for (let f = heads[slot]; f >= 0; f = next[f]) {
      const p = f >> 1;
      const key = keys[p];
      if (key < 0) {
        if (before < 0) heads[slot] = next[f];
        else next[before] = next[f];
        continue;
      }
      before = f;
      degree++;
      if (n === SHORTLIST) {
        const last = shortlists[first + n - 1];
        if (key < keys[last] || (key === keys[last] && p > last)) {
          if (key > out) out = key;
          continue;
        }
        out = keys[last];
        n--;
      }
      let i = first + n++;
      for (; i > first; i--) {
        const above = shortlists[i - 1];
        if (keys[above] > key || (keys[above] === key && above < p)) break;
        shortlists[i] = above;
      }
      shortlists[i] = p;
    }
    degrees[slot] = degree;
    listed[slot] = n;
    leftOut[slot] = out;
    push(slot, n > 0 ? shortlists[first] : -1, n > 0 ? keys[shortlists[first]] : -1);
  };

  /**
   * Queues a slot again that has not merged since. The keys of its pairs have only
   * fallen, but for those whose other slot merged, and that slot has queued them: so
   * the best of the list is the best of all while it is above what was left out.
   */
  const queueAgain = (slot: number): void => {
    const first = SHORTLIST * slot;
    let key = -1;
    let pair = -1;
    for (let i = first; i < first + listed[slot]; i++) {
      const p = shortlists[i];
      if (keys[p] > key || (keys[p] === key && p < pair)) {
        key = keys[p];
        pair = p;
      }
    }
    if (key > leftOut[slot] && listed[slot] > 0) push(slot, pair, key);
    else queue(slot);
  };

  for (let p = 0; p < edgeCount >> 1; p++) {
    common[p] = histogramSimilarity(pairs[2 * p], pairs[2 * p + 1]);
    keys[p] = toKey(common[p] + sizeAndFill(pairs[2 * p], pairs[2 * p + 1]));
  }
  for (let slot = 0; slot < count; slot++) queue(slot);

  /** Last merge whose larger region each slot was next to. */
  const seenAt = new Int32Array(count).fill(-1);
  let made = count;
  while (made < nodes && heap.size > 0) {
    const slot = heap.pop();
    // A key rises only by a merge of its pair's slots, and these queue again.
    if (nodeOf[slot] < 0 || queuedKeys[slot] !== heap.poppedKey) continue;
    const pair = best[slot];
    if (keys[pair] !== heap.poppedKey) {
      queueAgain(slot);
      continue;
    }
    if (isBound[pair]) {
      const other = ends[2 * pair] === slot ? ends[2 * pair + 1] : ends[2 * pair];
      common[pair] = histogramSimilarity(slot, other);
      keys[pair] = toKey(common[pair] + sizeAndFill(slot, other));
      isBound[pair] = 0;
      queueAgain(slot);
      continue;
    }
    // a is the larger one and takes b over.
    let a = ends[2 * pair];
    let b = ends[2 * pair + 1];
    if (slotSizes[a] < slotSizes[b]) {
      a = b;
      b = ends[2 * pair];
    }
    const node = made++;
    parents[nodeOf[a]] = node;
    parents[nodeOf[b]] = node;
    children[2 * node] = nodeOf[a];
    children[2 * node + 1] = nodeOf[b];
    similarities[node] = keys[pair] / KEYS;
    nodeOf[a] = node;
    nodeOf[b] = -1;
    degrees[a] += degrees[b];
    keys[pair] = -1;
    const size = slotSizes[a] + slotSizes[b];
    const share = slotSizes[a] / size;
    slotSizes[a] = size;
    const p = 4 * a;
    const q = 4 * b;
    const isInside =
      slotBoxes[p] <= slotBoxes[q] &&
      slotBoxes[p + 1] <= slotBoxes[q + 1] &&
      slotBoxes[p + 2] >= slotBoxes[q + 2] &&
      slotBoxes[p + 3] >= slotBoxes[q + 3];
    slotBoxes[p] = Math.min(slotBoxes[p], slotBoxes[q]);
    slotBoxes[p + 1] = Math.min(slotBoxes[p + 1], slotBoxes[q + 1]);
    slotBoxes[p + 2] = Math.max(slotBoxes[p + 2], slotBoxes[q + 2]);
    slotBoxes[p + 3] = Math.max(slotBoxes[p + 3], slotBoxes[q + 3]);
    sizes[node] = size;
    for (let c = 0; c < 4; c++) boxes[4 * node + c] = slotBoxes[p + c];
    const gain = rows.inUse ? rows.blend(a, b, share) : 0;
    // Inside a large region's box no common box changes, and one bound serves all pairs.
    const rise =
      isInside && degrees[a] > MANY
        ? Math.ceil((gain + (fillWeight - sizeWeight) * slotSizes[b]) * KEYS) + 1
        : undefined;
    for (let f = heads[a]; f >= 0; f = next[f]) {
      const pairA = f >> 1;
      if (keys[pairA] < 0) continue;
      const other = ends[f];
      seenAt[other] = node;
      common[pairA] += gain;
      if (rise !== undefined) {
        isBound[pairA] = 1;
        keys[pairA] = Math.min(Math.max(0, keys[pairA] + rise), KEYS);
      } else {
        isBound[pairA] = rows.inUse ? 1 : 0;
        keys[pairA] = toKey(common[pairA] + sizeAndFill(a, other));
      }
    }
    for (let f = heads[b]; f >= 0;) {
      const pairB = f >> 1;
      const after = next[f];
      if (keys[pairB] >= 0) {
        const other = ends[f];
        if (seenAt[other] === node) {
          keys[pairB] = -1;
        } else {
          ends[f ^ 1] = a;
          next[f] = heads[a];
          heads[a] = f;
          common[pairB] = histogramSimilarity(a, other);
          isBound[pairB] = 0;
          keys[pairB] = toKey(common[pairB] + sizeAndFill(a, other));
        }
      }
      f = after;
    }
    queue(a);
  }
  return { leaves: count, nodes, boxes, sizes, parents, children, similarities };
}
