import type {
  MatchCurve,
  MatchGroup,
  MatchRules,
  Verdicts,
} from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import {
  allPointAveragePrecision,
  interpolatedAveragePrecision,
} from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult } from '../results.js';
import { checkThresholds } from './checkOptions.js';
import { thresholdResults } from './thresholdResults.js';

/** Options of the Pascal VOC protocols. */
export interface VocOptions {
  /** `voc2007`: 11-point average precision; `voc2010`: all points, 2010 and later. */
  protocol: 'voc2007' | 'voc2010';
  /**
   * IoU thresholds in (0, 1]; a detection matches at IoU ≥ threshold.
   * @default [0.5]
   */
  iouThresholds?: readonly number[];
}

/** MATLAB's `0:0.1:1`, whose fourth value is 0.30000000000000004. */
export const vocRecallThresholds: readonly number[] = Array.from(
  { length: 11 },
  (_, k) => k * 0.1,
);

/**
 * Pascal VOC's average precision (Everingham et al. 2010, section 4.2, and the
 * devkit's `VOCevaldet.m`):
 *
 * - detections are taken best first over all photos, equal scores in input order;
 * - each is compared with the ground truth that it overlaps most (of equal overlaps
 *   the first), taken or not: a second detection of one object is a false positive;
 * - IoU ≥ threshold is a match; matching a difficult object counts neither way, and
 *   difficult objects need not be found;
 * - there is no limit on detections.
 *
 * The devkit adds one pixel to every side; here the boxes are half-open already, so
 * their sizes hold that pixel and nothing is added.
 */
export function evaluateVoc(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: VocOptions,
): EvaluationResult {
  const { protocol, iouThresholds = [0.5] } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  const averagePrecision =
    protocol === 'voc2007'
      ? (curve: MatchCurve) =>
          interpolatedAveragePrecision(
            curve.totals,
            curve.positives,
            vocRecallThresholds,
          )
      : (curve: MatchCurve) => allPointAveragePrecision(curve.totals, curve.positives);
  const rule =
    protocol === 'voc2007'
      ? 'Pascal VOC 2007: 11-point AP'
      : 'Pascal VOC 2010 and later: all-point AP';
  return thresholdResults(
    {
      protocol,
      description:
        `${rule} at IoU ${iouThresholds.join(', ')}; no limit on detections; difficult objects ` +
        `count neither way; best-overlap rule (a second match is false); equal scores in input order`,
    },
    groundTruth,
    detections,
    iouThresholds,
    averagePrecision,
    (receive) => {
      accumulate(
        groundTruth,
        detections,
        vocRules(groundTruth, iouThresholds),
        receive,
      );
    },
  );
}

/** VOC's matching, as rules for `accumulate`. */
export function vocRules(
  groundTruth: GroundTruthTable,
  iouThresholds: readonly number[],
): MatchRules {
  const { difficult } = groundTruth;
  let taken = new Uint32Array(64); // bits of thresholds

  const match = (
    group: MatchGroup,
    _slice: number,
    firstThreshold: number,
    thresholdCount: number,
    { found, neither }: Verdicts,
    at: number,
  ): void => {
    const m = group.groundTruthCount;
    if (taken.length < m) taken = new Uint32Array(2 * m);
    taken.fill(0, 0, m);
    for (let d = 0; d < group.detectionCount; d++) {
      let best = 0;
      let chosen = -1;
      for (let g = 0; g < m; g++) {
        const overlap = group.overlaps[d * m + g];
        if (overlap > best) {
          best = overlap;
          chosen = g;
        }
      }
      let trueBits = 0;
      let neitherBits = 0;
      for (let t = 0; t < thresholdCount; t++) {
        if (chosen < 0 || best < iouThresholds[firstThreshold + t]) continue;
        const bit = 1 << t;
        if (difficult[group.groundTruths[group.groundTruthStart + chosen]] === 1) {
          neitherBits |= bit;
        } else if ((taken[chosen] & bit) === 0) {
          taken[chosen] |= bit;
          trueBits |= bit;
        }
      }
      found[at + d] = trueBits;
      neither[at + d] = neitherBits;
    }
  };
  return {
    thresholds: iouThresholds.length,
    slices: 1,
    maxDetections: Infinity,
    ties: 'input',
    regions: null,
    isPositive: (row) => difficult[row] === 0,
    judgeUnmatched: (_rows, _start, count, _slice, _thresholds, verdicts, at) => {
      verdicts.found.fill(0, at, at + count);
      verdicts.neither.fill(0, at, at + count);
    },
    match,
  };
}
