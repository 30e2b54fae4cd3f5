import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { cocoRecallThresholds } from '../protocols/coco.js';
import { judgeDetections } from './verdicts.js';

/** What is left of an evaluation once matching is done: matching never crosses photos. */
export interface ClassBallot {
  /** Photo of each detection that counts, best first. */
  image: Int32Array;
  /** Bits of the thresholds at which it is a true positive. */
  found: Uint32Array;
  /** Bits of the thresholds at which it counts neither way. */
  neither: Uint32Array;
  /** Photo of each object to be found. */
  truths: Int32Array;
}

/** Judges detections by COCO's rules once, for any number of weightings of the photos. */
export function collectBallots(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  iouThresholds: readonly number[],
  maxDetections: number,
): ClassBallot[] {
  const verdicts = judgeDetections(
    groundTruth,
    detections,
    iouThresholds,
    maxDetections,
  );
  const rows: number[][] = groundTruth.categories.map(() => []);
  for (const row of verdicts.rows) rows[detections.category[row]].push(row);
  const truths: number[][] = groundTruth.categories.map(() => []);
  for (let truth = 0; truth < groundTruth.count; truth++) {
    if (groundTruth.crowd[truth] === 0) {
      truths[groundTruth.category[truth]].push(groundTruth.image[truth]);
    }
  }
  return rows.map((list, category) => ({
    image: Int32Array.from(list, (row) => detections.image[row]),
    found: Uint32Array.from(list, (row) => verdicts.found[row]),
    neither: Uint32Array.from(list, (row) => verdicts.neither[row]),
    truths: Int32Array.from(truths[category]),
  }));
}

/**
 * COCO's AP of a class, mean over the thresholds, when photo i is there `weights[i]`
 * times; NaN when no object is left.
 */
export function weightedAveragePrecision(
  ballot: ClassBallot,
  thresholds: number,
  weights: Int32Array,
): number {
  let positives = 0;
  for (const image of ballot.truths) positives += weights[image];
  if (positives === 0) return NaN;
  const capacity = ballot.truths.length;
  const right = new Float64Array(thresholds);
  const skipped = new Float64Array(thresholds);
  const steps = new Int32Array(thresholds);
  const tps = new Float64Array(thresholds * capacity);
  const totals = new Float64Array(thresholds * capacity);
  let seen = 0;
  for (let i = 0; i < ballot.image.length; i++) {
    const weight = weights[ballot.image[i]];
    if (weight === 0) continue;
    seen += weight;
    for (let bits = ballot.neither[i]; bits !== 0;) {
      const bit = 31 - Math.clz32(bits);
      bits ^= 1 << bit;
      skipped[bit] += weight;
    }
    for (let bits = ballot.found[i]; bits !== 0;) {
      const bit = 31 - Math.clz32(bits);
      bits ^= 1 << bit;
      right[bit] += weight;
      const at = bit * capacity + steps[bit]++;
      tps[at] = right[bit];
      totals[at] = seen - skipped[bit];
    }
  }
  let sum = 0;
  for (let t = 0; t < thresholds; t++) {
    let best = 0;
    let r = cocoRecallThresholds.length - 1;
    while (r >= 0 && cocoRecallThresholds[r] > right[t] / positives) r--;
    for (let n = steps[t] - 1; n >= 0 && r >= 0; n--) {
      const at = t * capacity + n;
      best = Math.max(best, tps[at] / totals[at]);
      const before = n === 0 ? -1 : tps[at - 1] / positives;
      for (; r >= 0 && cocoRecallThresholds[r] > before; r--) sum += best;
    }
  }
  return sum / cocoRecallThresholds.length / thresholds;
}

/** AP of each class; NaN without objects. */
export function classPrecisions(
  ballots: readonly ClassBallot[],
  thresholds: number,
  weights: Int32Array,
): Float64Array {
  return Float64Array.from(ballots, (ballot) =>
    weightedAveragePrecision(ballot, thresholds, weights),
  );
}

/** Mean of the numbers that are there; NaN when none is. */
export function meanOfKnown(values: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}

/** How often each photo is drawn when as many photos as there are are drawn with repeats. */
export function drawPhotos(images: number, random: () => number): Int32Array {
  const weights = new Int32Array(images);
  for (let i = 0; i < images; i++) weights[Math.floor(random() * images)]++;
  return weights;
}

/** A generator of numbers in [0, 1) (mulberry32), the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The value below which a part of the sorted numbers lies, interpolated. */
export function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}
