import type { MatchGroup, MatchRules, Verdicts } from '../core/accumulate.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { AreaRange } from './coco.js';

/** What COCO's matching and its relatives differ in. */
export interface CocoRuleOptions {
  iouThresholds: readonly number[];
  areaRanges: readonly AreaRange[];
  /** Detections of one class in one photo that count. */
  maxDetections: number;
  /** By ground truth: 1 for a region that any number of detections may match. */
  crowd: Uint8Array | null;
  /** By ground truth: 1 when it need not be found (crowds included). */
  ignored: Uint8Array;
  /** By detection: 1 when it is no false positive even if nothing matches. */
  forgiven?: Uint8Array;
}

/** COCO's matching, as rules for `accumulate`. */
export function cocoRules(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: CocoRuleOptions,
): MatchRules {
  const { iouThresholds, areaRanges, maxDetections, crowd, forgiven } = options;
  const { area } = groundTruth;
  const { boxes } = detections;
  // A detection may overlap by a rounding error less than all.
  const least = Float64Array.from(iouThresholds, (t) => Math.min(t, 1 - 1e-10));
  const lowest = least.reduce((a, b) => Math.min(a, b));
  const isIgnored = (row: number, range: AreaRange) =>
    options.ignored[row] === 1 || area[row] < range.min || area[row] > range.max;

  /*
   * What a threshold chooses among the free ground truths is the one of most overlap
   * that reaches it. So the ground truths that a detection reaches at all are sorted
   * by overlap once, each with the bits of the thresholds that it passes, and offered
   * in that order: each takes the bits that are still open and for which it is free.
   * That serves all thresholds of a pass together.
   */
  let sizes = new Float64Array(128); // by detection of the group
  let firstCandidate = new Int32Array(129); // by detection of the group
  let candidates = new Int32Array(256); // ground truths of the group
  let passes = new Uint32Array(256); // by candidate: bits of thresholds
  let ignored = new Uint8Array(64); // by ground truth of the group
  let crowds = new Uint8Array(64);
  let taken = new Uint32Array(64); // by ground truth of the group: bits of thresholds

  const judgeUnmatched = (
    rows: Int32Array,
    start: number,
    count: number,
    slice: number,
    thresholdCount: number,
    { found, neither }: Verdicts,
    at: number,
  ): void => {
    const { min, max } = areaRanges[slice];
    const all = 0x7fffffff >>> (31 - thresholdCount);
    found.fill(0, at, at + count);
    for (let i = 0; i < count; i++) {
      const box = 4 * rows[start + i];
      const size = boxes[box + 2] * boxes[box + 3];
      const skip = size < min || size > max || forgiven?.[rows[start + i]] === 1;
      neither[at + i] = skip ? all : 0;
    }
  };

  const prepare = (
    group: MatchGroup,
    firstThreshold: number,
    thresholdCount: number,
  ): void => {
    const n = group.detectionCount;
    const m = group.groundTruthCount;
    const { overlaps, detections: rows, detectionStart } = group;
    if (sizes.length < n) {
      sizes = new Float64Array(2 * n);
      firstCandidate = new Int32Array(2 * n + 1);
    }
    for (let d = 0; d < n; d++) {
      const box = 4 * rows[detectionStart + d];
      sizes[d] = boxes[box + 2] * boxes[box + 3];
    }
    if (ignored.length < m) {
      ignored = new Uint8Array(2 * m);
      crowds = new Uint8Array(2 * m);
      taken = new Uint32Array(2 * m);
    }
    for (let g = 0; g < m; g++) {
      crowds[g] = crowd?.[group.groundTruths[group.groundTruthStart + g]] ?? 0;
    }
    if (candidates.length < n * m) {
      candidates = new Int32Array(2 * n * m);
      passes = new Uint32Array(2 * n * m);
    }
    let count = 0;
    for (let d = 0; d < n; d++) {
      const first = count;
      firstCandidate[d] = first;
      for (let g = 0; g < m; g++) {
        const overlap = overlaps[d * m + g];
        if (!(overlap >= lowest)) continue;
        let bits = 0;
        for (let t = 0; t < thresholdCount; t++) {
          if (overlap >= least[firstThreshold + t]) bits |= 1 << t;
        }
        // Most overlap first; of equal overlaps the last ground truth.
        let at = count++;
        while (at > first && overlaps[d * m + candidates[at - 1]] <= overlap) {
          candidates[at] = candidates[at - 1];
          passes[at] = passes[at - 1];
          at--;
        }
        candidates[at] = g;
        passes[at] = bits;
      }
    }
    firstCandidate[n] = count;
  };

  const match = (
    group: MatchGroup,
    slice: number,
    _firstThreshold: number,
    thresholdCount: number,
    { found, neither }: Verdicts,
    at: number,
  ): void => {
    const range = areaRanges[slice];
    const { min, max } = range;
    const all = 0x7fffffff >>> (31 - thresholdCount);
    const n = group.detectionCount;
    const m = group.groundTruthCount;
    for (let g = 0; g < m; g++) {
      const row = group.groundTruths[group.groundTruthStart + g];
      ignored[g] = isIgnored(row, range) ? 1 : 0;
      taken[g] = 0;
    }
    for (let d = 0; d < n; d++) {
      const first = firstCandidate[d];
      const end = firstCandidate[d + 1];
      let open = all;
      let trueBits = 0;
      let neitherBits = 0;
      for (let c = first; c < end; c++) {
        const g = candidates[c];
        if (ignored[g] === 1) continue;
        const bits = open & passes[c] & ~taken[g];
        taken[g] |= bits;
        trueBits |= bits;
        open ^= bits;
      }
      // Only what found no ground truth that counts may go to an ignored one.
      for (let c = first; c < end; c++) {
        const g = candidates[c];
        if (ignored[g] === 0) continue;
        const bits = open & passes[c] & (crowds[g] === 1 ? all : ~taken[g]);
        taken[g] |= bits;
        neitherBits |= bits;
        open ^= bits;
      }
      if (
        sizes[d] < min ||
        sizes[d] > max ||
        forgiven?.[group.detections[group.detectionStart + d]] === 1
      ) {
        neitherBits |= open;
      }
      found[at + d] = trueBits;
      neither[at + d] = neitherBits;
    }
  };

  return {
    thresholds: iouThresholds.length,
    slices: areaRanges.length,
    maxDetections,
    ties: 'image',
    regions: crowd,
    isPositive: (row, slice) => !isIgnored(row, areaRanges[slice]),
    judgeUnmatched,
    prepare,
    match,
  };
}
