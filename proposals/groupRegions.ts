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

/** Regions with more neighbours than this have a queue of their own. */
const MANY = 24;

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
 * out all of them at each merge.
 *
 * A region with many neighbours, a hub, does not touch its pairs when it merges with one
 * inside its box: how much all of them may have gained, its drift, is noted once. It has a
 * queue of its pairs by what they are without the drift, whose order no drift changes.
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

  const otherEnd = (pair: number, slot: number): number =>
    ends[2 * pair] === slot ? ends[2 * pair + 1] : ends[2 * pair];

  const degrees = new Int32Array(count);
  for (let i = 0; i < edgeCount; i++) degrees[pairs[i]]++;

  /** Slots that are hubs, until others take them over. */
  const hubs: (Hub | undefined)[] = new Array<Hub | undefined>(count);
  /** Which slots these are, in little memory: each slot that is queued asks it of its neighbours. */
  const isHub = new Uint8Array(count);
  /** How much the keys of each slot's pairs are to rise by; 0 where it is no hub. */
  const drifts = new Int32Array(count);
  /** How much of the drifts of its two slots each pair's key has in it. */
  const driftsSeen = new Int32Array(edgeCount >> 1);

  const push = (slot: number, pair: number, key: number): void => {
    best[slot] = pair;
    queuedKeys[slot] = key;
    if (pair >= 0) heap.push(key, slot);
  };

  /** A pair's key in the queue of one of its slots, the other being given: less the slot's drift. */
  const driftlessKey = (pair: number, other: number): number =>
    keys[pair] - driftsSeen[pair] + drifts[other];

  /** Queues a slot under its best pair; drops its edges that are gone. */
  const queue = (slot: number): void => {
    if (isHub[slot] === 0 && degrees[slot] > MANY) becomeHub(slot);
    if (isHub[slot] === 1) return queueHub(slot);
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
      if (keys[p] < key || (keys[p] === key && p > pair)) continue;
      // Pairs with hubs are queued by these.
      if (isHub[ends[f]] === 1) continue;
      key = keys[p];
      pair = p;
    }
    push(slot, pair, key);
  };

  const queueHub = (slot: number): void => {
    const own = hubs[slot]!.queue;
    while (own.size > 0) {
      const pair = own.peek();
      if (keys[pair] >= 0) {
        const other = otherEnd(pair, slot);
        if (own.key === driftlessKey(pair, other)) {
          push(slot, pair, Math.min(own.key + drifts[slot], KEYS));
          return;
        }
      }
      own.pop();
    }
    push(slot, -1, -1);
  };

  const becomeHub = (slot: number): void => {
    const hub = new Hub(2 * degrees[slot]);
    hubs[slot] = hub;
    isHub[slot] = 1;
    for (let f = heads[slot]; f >= 0; f = next[f]) {
      const pair = f >> 1;
      if (keys[pair] < 0) continue;
      hub.queue.push(driftlessKey(pair, ends[f]), pair);
      if (isHub[ends[f]] === 1) hub.join(hubs[ends[f]]!, pair);
    }
  };

  /** Tells a hub that the key of one of its pairs has changed. */
  const offer = (slot: number, pair: number, other: number): void => {
    const driftless = driftlessKey(pair, other);
    hubs[slot]!.queue.push(driftless, pair);
    const key = Math.min(driftless + drifts[slot], KEYS);
    if (key > queuedKeys[slot] || (key === queuedKeys[slot] && pair < best[slot]))
      push(slot, pair, key);
  };

  const isNeighbour = (slot: number, other: number): boolean => {
    for (let f = heads[slot]; f >= 0; f = next[f])
      if (ends[f] === other && keys[f >> 1] >= 0) return true;
    return false;
  };

  for (let p = 0; p < edgeCount >> 1; p++) {
    common[p] = histogramSimilarity(pairs[2 * p], pairs[2 * p + 1]);
    keys[p] = toKey(common[p] + sizeAndFill(pairs[2 * p], pairs[2 * p + 1]));
  }
  for (let slot = 0; slot < count; slot++) if (degrees[slot] > MANY) becomeHub(slot);
  for (let slot = 0; slot < count; slot++) queue(slot);

  /** Last merge whose larger region each slot is known to be next to. */
  const seenAt = new Int32Array(count).fill(-1);
  let made = count;
  while (made < nodes && heap.size > 0) {
    const slot = heap.pop();
    // A bound rises only by a merge of its pair's slots, and then it is queued.
    if (nodeOf[slot] < 0 || queuedKeys[slot] !== heap.key) continue;
    const pair = best[slot];
    if (keys[pair] < 0) {
      queue(slot);
      continue;
    }
    const other = otherEnd(pair, slot);
    // What its key lacks to be a bound.
    const unseen = drifts[slot] + drifts[other] - driftsSeen[pair];
    if (
      Math.min(keys[pair] + unseen, KEYS) !== heap.key ||
      isHub[slot] < isHub[other]
    ) {
      queue(slot);
      continue;
    }
    if (isBound[pair] === 1 || unseen > 0) {
      common[pair] = histogramSimilarity(slot, other);
      keys[pair] = toKey(common[pair] + sizeAndFill(slot, other));
      driftsSeen[pair] += unseen;
      isBound[pair] = 0;
      hubs[slot]?.queue.push(driftlessKey(pair, other), pair);
      queue(slot);
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
    degrees[a] += degrees[b] - 2;
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
    hubs[b] = undefined;
    isHub[b] = 0;
    drifts[b] = 0;

    // Inside a hub's box no common box changes, and one bound serves all pairs.
    const hub = hubs[a];
    const rise = Math.max(
      1,
      Math.ceil((gain + (fillWeight - sizeWeight) * slotSizes[b]) * KEYS) + 1,
    );
    const driftsOn = hub !== undefined && isInside && drifts[a] + rise <= KEYS;
    if (driftsOn) {
      drifts[a] += rise;
      // What the other's drift has put out of date in this queue, this drift does in the other's.
      let kept = 0;
      for (const pairA of hub.hubPairs) {
        if (keys[pairA] < 0) continue;
        const other = otherEnd(pairA, a);
        if (isHub[other] === 0 || seenAt[other] === node) continue;
        seenAt[other] = node;
        hub.hubPairs[kept++] = pairA;
        hub.queue.push(driftlessKey(pairA, other), pairA);
      }
      hub.hubPairs.length = kept;
    } else {
      const own = drifts[a];
      drifts[a] = 0;
      hub?.queue.clear();
      let before = -1;
      for (let f = heads[a]; f >= 0; f = next[f]) {
        const pairA = f >> 1;
        if (keys[pairA] < 0) {
          if (before < 0) heads[a] = next[f];
          else next[before] = next[f];
          continue;
        }
        before = f;
        const other = ends[f];
        seenAt[other] = node;
        if (rows.inUse) {
          const unseen = own + drifts[other] - driftsSeen[pairA];
          common[pairA] += gain + unseen / KEYS;
          isBound[pairA] = 1;
        } else isBound[pairA] = 0;
        driftsSeen[pairA] = drifts[other];
        keys[pairA] = toKey(common[pairA] + sizeAndFill(a, other));
        hub?.queue.push(keys[pairA], pairA);
        if (isHub[other] === 1) offer(other, pairA, a);
      }
    }
    for (let f = heads[b]; f >= 0;) {
      const pairB = f >> 1;
      const after = next[f];
      if (keys[pairB] >= 0) {
        const other = ends[f];
        if (
          seenAt[other] === node ||
          (driftsOn && isHub[other] === 0 && isNeighbour(other, a))
        ) {
          keys[pairB] = -1;
          degrees[a]--;
          degrees[other]--;
        } else {
          ends[f ^ 1] = a;
          next[f] = heads[a];
          heads[a] = f;
          common[pairB] = histogramSimilarity(a, other);
          isBound[pairB] = 0;
          keys[pairB] = toKey(common[pairB] + sizeAndFill(a, other));
          driftsSeen[pairB] = drifts[a] + drifts[other];
          hub?.queue.push(driftlessKey(pairB, other), pairB);
          if (isHub[other] === 1) {
            hub?.join(hubs[other]!, pairB);
            offer(other, pairB, a);
          }
        }
      }
      f = after;
    }
    queue(a);
  }
  return { leaves: count, nodes, boxes, sizes, parents, children, similarities };
}

/** A region with many neighbours. */
class Hub {
  /** Its pairs by their driftless keys. Entries under another key than the pair's are out of date. */
  readonly queue: MaxHeap;
  /** Pairs with other hubs, each at least once; some are gone, or their other slot is no hub now. */
  readonly hubPairs: number[] = [];

  constructor(capacity: number) {
    this.queue = new MaxHeap(capacity);
  }

  join(other: Hub, pair: number): void {
    this.hubPairs.push(pair);
    other.hubPairs.push(pair);
  }
}
