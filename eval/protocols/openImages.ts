import type { MatchGroup, MatchRules, Verdicts } from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import { allPointAveragePrecision } from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult } from '../results.js';
import { checkThresholds } from './checkOptions.js';
import { thresholdResults } from './thresholdResults.js';

/** Options of the Open Images protocol. */
export interface OpenImagesProtocolOptions {
  protocol: 'openimages';
  /** @default [0.5] */
  iouThresholds?: readonly number[];
}

/**
 * The detection metric of the Open Images Challenge (its evaluation page, 2018 and
 * later):
 *
 * - a class is judged in a photo only if it is known there: boxed, or among the labels
 *   of the photo as a whole (`pos_category_ids`, `neg_category_ids`); without any such
 *   labels in the dataset, everywhere;
 * - a detection is compared with the ordinary box that it overlaps most and is a true
 *   positive at IoU ≥ threshold if that box is free;
 * - failing that, it belongs to the group-of box that holds most of it if at least the
 *   threshold's part of it lies inside; a group's best detection is a true positive,
 *   the others count neither way;
 * - a group-of box is one object to be found; AP counts all points.
 *
 * Expand the ground truth over the hierarchy first (`expandHierarchy`): the challenge
 * expects a dog to be detected as an animal too.
 */
export function evaluateOpenImages(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: OpenImagesProtocolOptions,
): EvaluationResult {
  const { iouThresholds = [0.5] } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  const known = knownPairs(groundTruth);
  return thresholdResults(
    {
      protocol: 'openimages',
      description:
        `Open Images Challenge: all-point AP at IoU ${iouThresholds.join(', ')}; group-of boxes count once, ` +
        `by the part of the detection inside; ${known ? 'classes not known for a photo count neither way' : 'no labels of photos, so every class is judged everywhere'}; ` +
        'equal scores in input order',
    },
    groundTruth,
    detections,
    iouThresholds,
    (curve) => allPointAveragePrecision(curve.totals, curve.positives),
    (receive) => {
      const rules = openImagesRules(groundTruth, detections, iouThresholds, known);
      accumulate(groundTruth, detections, rules, receive);
    },
  );
}

function openImagesRules(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  iouThresholds: readonly number[],
  known: Set<number> | null,
): MatchRules {
  const { groupOf } = groundTruth;
  const classes = groundTruth.categories.length;
  let taken = new Uint32Array(64); // by ground truth of the group: bits of thresholds

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
      let box = -1;
      let boxOverlap = 0;
      let region = -1;
      let regionOverlap = 0;
      for (let g = 0; g < m; g++) {
        const overlap = group.overlaps[d * m + g];
        if (groupOf[group.groundTruths[group.groundTruthStart + g]] === 1) {
          if (overlap > regionOverlap) {
            region = g;
            regionOverlap = overlap;
          }
        } else if (overlap > boxOverlap) {
          box = g;
          boxOverlap = overlap;
        }
      }
      let trueBits = 0;
      let neitherBits = 0;
      for (let t = 0; t < thresholdCount; t++) {
        const bit = 1 << t;
        const threshold = iouThresholds[firstThreshold + t];
        if (box >= 0 && boxOverlap >= threshold && (taken[box] & bit) === 0) {
          taken[box] |= bit;
          trueBits |= bit;
        } else if (region >= 0 && regionOverlap >= threshold) {
          if ((taken[region] & bit) === 0) trueBits |= bit;
          else neitherBits |= bit;
          taken[region] |= bit;
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
    regions: groupOf,
    isPositive: () => true,
    judgeUnmatched: (rows, start, count, _slice, thresholdCount, verdicts, at) => {
      verdicts.found.fill(0, at, at + count);
      const all = 0x7fffffff >>> (31 - thresholdCount);
      for (let i = 0; i < count; i++) {
        const row = rows[start + i];
        const pair = detections.image[row] * classes + detections.category[row];
        verdicts.neither[at + i] = !known || known.has(pair) ? 0 : all;
      }
    },
    match,
  };
}

/** Pairs of photo and class with a label of the photo; `null` when there are no labels. */
function knownPairs({ labels }: GroundTruthTable): Set<number> | null {
  if (!labels.absent && labels.present.size === 0) return null;
  return new Set([...(labels.absent ?? []), ...labels.present]);
}
