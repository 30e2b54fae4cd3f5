import { meanOf } from '../core/precisionRecall.js';
import { allRows, orderByKey, orderByScore } from '../core/orderRows.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import { selectDetections } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { selectGroundTruth } from '../dataset/groundTruthTable.js';
import { EvaluationError } from '../errors.js';
import type { EvaluationResult } from '../results.js';
import { createMetrics } from '../results.js';
import { areaResults } from './areaResults.js';
import { checkMaxDets, checkThresholds } from './checkOptions.js';
import { cocoAreaRanges, cocoIouThresholds, cocoRecallThresholds } from './coco.js';
import { cocoRules } from './cocoRules.js';

/** Options of the LVIS protocol. */
export interface LvisOptions {
  protocol: 'lvis';
  /** @default 0.50, 0.55, ..., 0.95 */
  iouThresholds?: readonly number[];
  /** Detections of a photo that count, over all classes; the best ones do. @default 300 */
  maxDetections?: number;
}

/**
 * LVIS (Gupta et al. 2019; the rules are those of the `lvis` package for boxes), a
 * federated dataset: a photo was searched for some classes only.
 *
 * - A photo's best 300 detections over all classes count.
 * - A detection counts only where its class is known: boxed in the photo, or among its
 *   `neg_category_ids`.
 * - Unmatched detections of a photo's `not_exhaustive_category_ids` count neither way.
 * - Annotations and detections of no area are left out, as the package does.
 * - Matching, interpolation and areas are COCO's, without crowds; annotations flagged
 *   `ignore` need not be found.
 * - APr, APc and APf are the means over rare, common and frequent classes.
 *
 * @throws EvaluationError when no photo has `neg_category_ids`: then everything outside
 *   the boxed classes would be left out silently
 */
export function evaluateLvis(
  everything: GroundTruthTable,
  detections: DetectionTable,
  options: LvisOptions,
): EvaluationResult {
  const { iouThresholds = cocoIouThresholds, maxDetections = 300 } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  checkMaxDets([maxDetections]);
  const groundTruth = selectGroundTruth(
    everything,
    allRows(everything.count).filter((row) => everything.area[row] > 0),
  );
  const { absent } = groundTruth.labels;
  if (!absent) {
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      'no photo has neg_category_ids, without which LVIS can judge boxed classes only; take annotations of LVIS, or another protocol',
      'ground truth',
      'images',
    );
  }
  const known = knownPairs(groundTruth, absent);
  const classes = groundTruth.categories.length;
  const best = bestOfPhotos(groundTruth, detections, maxDetections);
  const counted = selectDetections(
    detections,
    best.filter(
      (row) =>
        detections.boxes[4 * row + 2] * detections.boxes[4 * row + 3] > 0 &&
        known.has(detections.image[row] * classes + detections.category[row]),
    ),
  );
  const { notExhaustive } = groundTruth.labels;
  const forgiven = Uint8Array.from(counted.category, (category, row) =>
    notExhaustive.has(counted.image[row] * classes + category) ? 1 : 0,
  );
  const result = areaResults(
    {
      protocol: 'lvis',
      description:
        `LVIS boxes: AP interpolated at 101 recalls, ${iouThresholds.length} IoU thresholds from ` +
        `${iouThresholds[0]}; the best ${maxDetections} detections of a photo over all classes; ` +
        `classes not known for a photo and empty boxes left out (${best.length - counted.count} detections), unmatched ` +
        'detections of classes not boxed throughout count neither way; equal scores in the order of photo ids, then of input',
    },
    groundTruth,
    counted,
    cocoRules(groundTruth, counted, {
      iouThresholds,
      areaRanges: cocoAreaRanges,
      maxDetections: Infinity,
      crowd: null,
      ignored: groundTruth.difficult,
      forgiven,
    }),
    {
      iouThresholds,
      recallThresholds: cocoRecallThresholds,
      areaRanges: cocoAreaRanges,
      maxDets: [maxDetections],
    },
  );
  const metrics = createMetrics();
  const { AP, AP50, AP75, APsmall, APmedium, APlarge, ...recalls } = result.metrics;
  Object.assign(metrics, { AP, AP50, AP75, APsmall, APmedium, APlarge });
  for (const group of ['r', 'c', 'f'] as const) {
    metrics[`AP${group}`] = meanOf(
      result.classes
        .filter((_, category) => groundTruth.frequency[category] === group)
        .map((one) => one.metrics.AP),
    );
  }
  Object.assign(metrics, recalls);
  return { ...result, metrics };
}

/** Pairs of photo and class that were searched for: boxed, or known to be absent. */
function knownPairs(groundTruth: GroundTruthTable, absent: Set<number>): Set<number> {
  const known = new Set(absent);
  const classes = groundTruth.categories.length;
  for (let row = 0; row < groundTruth.count; row++) {
    known.add(groundTruth.image[row] * classes + groundTruth.category[row]);
  }
  return known;
}

/** Rows of each photo's best detections, in input order. */
function bestOfPhotos(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  limit: number,
): Int32Array {
  const rows = orderByKey(
    orderByScore(allRows(detections.count), detections.scores),
    detections.image,
    groundTruth.images.length,
  );
  let rank = 0;
  return rows
    .filter((row, i) => {
      rank =
        i > 0 && detections.image[rows[i - 1]] === detections.image[row] ? rank + 1 : 0;
      return rank < limit;
    })
    .sort();
}
