import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { allRows, groupStarts, orderByKey, orderByScore } from './orderRows.js';

/**
 * The detections and ground truths of one class in one photo. One object serves all
 * groups in turn: don't keep it.
 */
export interface MatchGroup {
  category: number;
  image: number;
  /** Rows of the detection table, best first, from `detectionStart` on. */
  detections: Int32Array;
  detectionStart: number;
  /** Detections kept; the rest are beyond the protocol's limit for a photo. */
  detectionCount: number;
  /** Rows of the ground truth table, in input order, from `groundTruthStart` on. */
  groundTruths: Int32Array;
  groundTruthStart: number;
  groundTruthCount: number;
  /** [detection, ground truth]: overlaps as the rules measure them. */
  overlaps: Float64Array;
}

/** At most so many thresholds in a pass, for they are the bits of an integer. */
export const THRESHOLDS_A_PASS = 31;

/** What makes a protocol: who matches whom, and what counts. */
export interface MatchRules {
  /** Number of IoU thresholds. */
  thresholds: number;
  /** Number of area ranges, or 1. */
  slices: number;
  /** Detections of one class in one photo that count; the best ones do. */
  maxDetections: number;
  /** Whether equal scores are ordered by photo (then input), or by input alone. */
  ties: 'image' | 'input';
  /** Rows whose overlap is measured against the detection's area alone, or none. */
  regions: Uint8Array | null;
  /** Whether a ground truth must be found. */
  isPositive(row: number, slice: number): boolean;
  /**
   * Decides on detections of photos that have no ground truth of the class: those of
   * the rows from `start` on, written from `at` on as by `match`. It is called for all
   * detections of a class; where there is ground truth, `match` decides anew.
   */
  judgeUnmatched(
    rows: Int32Array,
    start: number,
    count: number,
    slice: number,
    thresholdCount: number,
    verdicts: Verdicts,
    at: number,
  ): void;
  /** Called once for a group and pass, before `match` is called for every slice. */
  prepare?(group: MatchGroup, firstThreshold: number, thresholdCount: number): void;
  /**
   * Decides on each detection of a group that has ground truth, and writes on
   * detection d at `at + d`. Bit b is threshold `firstThreshold + b`.
   */
  match(
    group: MatchGroup,
    slice: number,
    firstThreshold: number,
    thresholdCount: number,
    verdicts: Verdicts,
    at: number,
  ): void;
}

/** For every detection the bits of the thresholds at which it is this or that. */
export interface Verdicts {
  /** ... a true positive. */
  found: Uint32Array;
  /** ... neither a true nor a false positive. */
  neither: Uint32Array;
}

/**
 * How detections of one class, taken best first, find their ground truths. Precision
 * changes for the better only at true positives, so those are all that is kept.
 * The arrays are reused: read them at once.
 */
export interface MatchCurve {
  category: number;
  slice: number;
  threshold: number;
  /** Ground truths to be found. */
  positives: number;
  /** Number of true positives. */
  truePositives: number;
  /** Number of false positives. */
  falsePositives: number;
  /** True and false positives so far, at each true positive. */
  totals: Int32Array;
  /** Row of the detection table of each true positive. */
  rows: Int32Array;
  /** Place of each true positive among the detections of its class and photo, from 0. */
  ranks: Int32Array;
}

/**
 * Matches detections to ground truths group by group and hands out a curve for every
 * class, slice and threshold, in the order of classes.
 */
export function accumulate(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  rules: MatchRules,
  receive: (curve: MatchCurve) => void,
): void {
  const images = groundTruth.images.length;
  const categories = groundTruth.categories.length;
  const { slices, thresholds, maxDetections } = rules;

  const truths = orderByKey(
    orderByKey(allRows(groundTruth.count), groundTruth.image, images),
    groundTruth.category,
    categories,
  );
  const truthStarts = groupStarts(groundTruth.category, categories);

  const { image, category: categoryOf } = detections;
  let rows = allRows(detections.count);
  if (rules.ties === 'image') rows = orderByKey(rows, image, images);
  rows = orderByScore(rows, detections.scores);
  /** By class, then score: the order in which a curve is drawn. */
  const ranked = orderByKey(rows, categoryOf, categories);
  /** By class, then photo, then score: the order in which detections are matched. */
  const byImage = orderByKey(rows, image, images);
  const grouped = orderByKey(byImage, categoryOf, categories, rows);
  const starts = groupStarts(categoryOf, categories);
  const places = byImage; // row → place in `grouped`; the memory is free again
  const imageAt = new Int32Array(detections.count); // by place in `grouped`
  placeRows(grouped, image, places, imageAt);
  const ranks = new Int32Array(detections.count); // by place in `grouped`
  rankRows(imageAt, starts, ranks);

  const group: MatchGroup = {
    category: 0,
    image: 0,
    detections: grouped,
    detectionStart: 0,
    detectionCount: 0,
    groundTruths: truths,
    groundTruthStart: 0,
    groundTruthCount: 0,
    overlaps: new Float64Array(1024),
  };
  const passes = Math.ceil(thresholds / THRESHOLDS_A_PASS);
  const largest = largestGroup(starts);
  const verdicts: Verdicts = {
    found: new Uint32Array(slices * largest),
    neither: new Uint32Array(slices * largest),
  };
  const kept = new Int32Array(largest);
  const draw = createCurveDrawer(
    Math.min(thresholds, THRESHOLDS_A_PASS) * largestGroup(truthStarts),
    receive,
  );

  for (let category = 0; category < categories; category++) {
    const first = starts[category];
    const end = starts[category + 1];
    const count = end - first;
    const firstTruth = truthStarts[category];
    const endTruth = truthStarts[category + 1];
    const positives = new Int32Array(slices);
    for (let g = firstTruth; g < endTruth; g++) {
      for (let slice = 0; slice < slices; slice++) {
        if (rules.isPositive(truths[g], slice)) positives[slice]++;
      }
    }
    /** Places, counted from `first`, of the detections that count, by score. */
    const keptCount = keepRows(ranked, first, end, places, ranks, maxDetections, kept);

    for (let pass = 0; pass < passes; pass++) {
      const firstThreshold = pass * THRESHOLDS_A_PASS;
      const thresholdCount = Math.min(THRESHOLDS_A_PASS, thresholds - firstThreshold);
      for (let slice = 0; slice < slices; slice++) {
        const at = slice * count;
        rules.judgeUnmatched(
          grouped,
          first,
          count,
          slice,
          thresholdCount,
          verdicts,
          at,
        );
      }
      group.category = category;
      let start = first;
      for (let truth = firstTruth; truth < endTruth;) {
        const image = groundTruth.image[truths[truth]];
        let truthStop = truth + 1;
        while (truthStop < endTruth && groundTruth.image[truths[truthStop]] === image) {
          truthStop++;
        }
        while (start < end && imageAt[start] < image) start++;
        let stop = start;
        while (stop < end && imageAt[stop] === image) stop++;
        if (stop > start) {
          group.image = image;
          group.detectionStart = start;
          group.detectionCount = Math.min(stop - start, maxDetections);
          group.groundTruthStart = truth;
          group.groundTruthCount = truthStop - truth;
          measureOverlaps(group, groundTruth, detections, rules.regions);
          rules.prepare?.(group, firstThreshold, thresholdCount);
          for (let slice = 0; slice < slices; slice++) {
            const at = slice * count + start - first;
            rules.match(group, slice, firstThreshold, thresholdCount, verdicts, at);
          }
        }
        start = stop;
        truth = truthStop;
      }
      for (let slice = 0; slice < slices; slice++) {
        draw({
          category,
          slice,
          firstThreshold,
          thresholdCount,
          positives: positives[slice],
          capacity: endTruth - firstTruth,
          kept,
          keptCount,
          grouped,
          ranks,
          first,
          verdicts,
          offset: slice * count,
        });
      }
    }
  }
}

function placeRows(
  grouped: Int32Array,
  image: Int32Array,
  places: Int32Array,
  imageAt: Int32Array,
): void {
  for (let i = 0; i < grouped.length; i++) {
    places[grouped[i]] = i;
    imageAt[i] = image[grouped[i]];
  }
}

/** The place of each detection among those of its class and photo, from 0. */
function rankRows(imageAt: Int32Array, starts: Int32Array, ranks: Int32Array): void {
  for (let category = 0; category + 1 < starts.length; category++) {
    rankClass(imageAt, starts[category], starts[category + 1], ranks);
  }
}

function rankClass(
  imageAt: Int32Array,
  first: number,
  end: number,
  ranks: Int32Array,
): void {
  for (let i = first, rank = 0; i < end; i++) {
    rank = i > first && imageAt[i] === imageAt[i - 1] ? rank + 1 : 0;
    ranks[i] = rank;
  }
}

function keepRows(
  ranked: Int32Array,
  first: number,
  end: number,
  places: Int32Array,
  ranks: Int32Array,
  maxDetections: number,
  kept: Int32Array,
): number {
  let count = 0;
  for (let i = first; i < end; i++) {
    const place = places[ranked[i]];
    if (ranks[place] < maxDetections) kept[count++] = place - first;
  }
  return count;
}

function largestGroup(starts: Int32Array): number {
  let largest = 0;
  for (let i = 1; i < starts.length; i++) {
    largest = Math.max(largest, starts[i] - starts[i - 1]);
  }
  return largest;
}

/**
 * IoU of every kept detection with every ground truth of the group, from x, y, width
 * and height as the COCO tools compute it, so that a value that lies on a threshold
 * falls on the same side. Against a region (crowd, group) it is the part of the
 * detection that lies inside.
 */
function measureOverlaps(
  group: MatchGroup,
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  regions: Uint8Array | null,
): void {
  const n = group.detectionCount;
  const m = group.groundTruthCount;
  if (group.overlaps.length < n * m) group.overlaps = new Float64Array(2 * n * m);
  const { overlaps } = group;
  const a = detections.boxes;
  const b = groundTruth.boxes;
  for (let d = 0; d < n; d++) {
    const p = 4 * group.detections[group.detectionStart + d];
    const x = a[p];
    const y = a[p + 1];
    const width = a[p + 2];
    const height = a[p + 3];
    const right = x + width;
    const bottom = y + height;
    const area = width * height;
    for (let g = 0; g < m; g++) {
      const row = group.groundTruths[group.groundTruthStart + g];
      const q = 4 * row;
      const w = Math.min(right, b[q] + b[q + 2]) - Math.max(x, b[q]);
      let overlap = 0;
      if (w > 0) {
        const h = Math.min(bottom, b[q + 1] + b[q + 3]) - Math.max(y, b[q + 1]);
        if (h > 0) {
          const common = w * h;
          const union =
            regions !== null && regions[row] === 1
              ? area
              : area + b[q + 2] * b[q + 3] - common;
          overlap = common / union;
        }
      }
      overlaps[d * m + g] = overlap;
    }
  }
}

interface CurveInput {
  category: number;
  slice: number;
  firstThreshold: number;
  thresholdCount: number;
  positives: number;
  /** As many true positives as there can be. */
  capacity: number;
  kept: Int32Array;
  keptCount: number;
  grouped: Int32Array;
  ranks: Int32Array;
  first: number;
  verdicts: Verdicts;
  offset: number;
}

/** Goes through a class's detections by score, for all thresholds of a pass at once. */
function createCurveDrawer(
  size: number,
  receive: (curve: MatchCurve) => void,
): (input: CurveInput) => void {
  const found = new Int32Array(THRESHOLDS_A_PASS);
  const skipped = new Int32Array(THRESHOLDS_A_PASS);
  const totals = new Int32Array(size);
  const rows = new Int32Array(size);
  const rankOf = new Int32Array(size);

  return (input) => {
    const { kept, keptCount, offset, first } = input;
    const { neither } = input.verdicts;
    const bits = input.verdicts.found;
    const { thresholdCount, capacity } = input;
    const all = 0x7fffffff >>> (31 - thresholdCount);
    found.fill(0);
    skipped.fill(0);
    let seen = 0;
    for (let i = 0; i < keptCount; i++) {
      const place = kept[i];
      let neitherBits = neither[offset + place];
      if (neitherBits === all) continue;
      seen++;
      while (neitherBits !== 0) {
        const bit = 31 - Math.clz32(neitherBits);
        neitherBits ^= 1 << bit;
        skipped[bit]++;
      }
      let trueBits = bits[offset + place];
      while (trueBits !== 0) {
        const bit = 31 - Math.clz32(trueBits);
        trueBits ^= 1 << bit;
        const at = bit * capacity + found[bit]++;
        totals[at] = seen - skipped[bit];
        rows[at] = input.grouped[first + place];
        rankOf[at] = input.ranks[first + place];
      }
    }
    for (let bit = 0; bit < thresholdCount; bit++) {
      const from = bit * capacity;
      const to = from + found[bit];
      receive({
        category: input.category,
        slice: input.slice,
        threshold: input.firstThreshold + bit,
        positives: input.positives,
        truePositives: found[bit],
        falsePositives: seen - skipped[bit] - found[bit],
        totals: totals.subarray(from, to),
        rows: rows.subarray(from, to),
        ranks: rankOf.subarray(from, to),
      });
    }
  };
}
