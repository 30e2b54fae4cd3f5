import { accumulate } from '../core/accumulate.js';
import { interpolatedAveragePrecision, meanOf } from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult, Metrics } from '../results.js';
import { createMetrics, summarizeInput } from '../results.js';
import {
  checkAreaRanges,
  checkMaxDets,
  checkRecalls,
  checkThresholds,
} from './checkOptions.js';
import { cocoRules } from './cocoRules.js';

/** Objects by area: those with `min ≤ area ≤ max` (both ends included, as COCO has it). */
export interface AreaRange {
  /** Letters, digits, `_` and `-`; results are named `AP<name>` and `AR<name>`. */
  name: string;
  /** In pixels². */
  min: number;
  /** In pixels². */
  max: number;
}

/** Options of COCO's bounding-box protocol. */
export interface CocoOptions {
  protocol?: 'coco';
  /**
   * IoU thresholds in (0, 1]; a detection matches at IoU ≥ threshold.
   * @default 0.50, 0.55, ..., 0.95
   */
  iouThresholds?: readonly number[];
  /**
   * Recalls at which precision is read, ascending in [0, 1].
   * @default 0, 0.01, ..., 1
   */
  recallThresholds?: readonly number[];
  /**
   * The first range gives AP and AR themselves.
   * @default all, small (to 32²), medium (32² to 96²), large (from 96²)
   */
  areaRanges?: readonly AreaRange[];
  /**
   * Detections of one class in one photo that count, ascending. AP is at the last.
   * @default [1, 10, 100]
   */
  maxDets?: readonly number[];
}

/** The doubles of `numpy.linspace(0.5, 0.95, 10)`: the ninth is a hair below 0.9. */
export const cocoIouThresholds: readonly number[] = Array.from(
  { length: 10 },
  (_, i) => (i === 9 ? 0.95 : i * ((0.95 - 0.5) / 9) + 0.5),
);

/** The doubles of `numpy.linspace(0, 1, 101)`. */
export const cocoRecallThresholds: readonly number[] = Array.from(
  { length: 101 },
  (_, i) => (i === 100 ? 1 : i * 0.01),
);

/** COCO's area ranges. An area of exactly 32² is small and medium. */
export const cocoAreaRanges: readonly AreaRange[] = [
  { name: 'all', min: 0, max: 1e10 },
  { name: 'small', min: 0, max: 1024 },
  { name: 'medium', min: 1024, max: 9216 },
  { name: 'large', min: 9216, max: 1e10 },
];

/**
 * COCO's detection metrics (Lin et al. 2014; the rules are those of pycocotools'
 * `COCOeval` for boxes):
 *
 * - a photo's detections of a class are taken best first, equal scores in input order;
 *   each takes the free ground truth that it overlaps most, of equal overlaps the last;
 * - crowds and ground truths outside the area range need not be found; what matches
 *   only them counts neither way, nor does an unmatched detection outside the range;
 *   a crowd can be matched any number of times, by the part of the detection inside it;
 * - precision is interpolated at 101 recalls.
 *
 * Where pycocotools errs this does not: an annotation with id 0 can be matched, and AP
 * is at the last of `maxDets`, whatever that is. Precision is tp / (tp + fp) without
 * the 2.2e-16 that pycocotools adds below, so perfection is exactly 1.
 */
export function evaluateCoco(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: CocoOptions = {},
): EvaluationResult {
  const {
    iouThresholds = cocoIouThresholds,
    recallThresholds = cocoRecallThresholds,
    areaRanges = cocoAreaRanges,
    maxDets = [1, 10, 100],
  } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  checkRecalls(recallThresholds);
  checkAreaRanges(areaRanges);
  checkMaxDets(maxDets);

  const classes = groundTruth.categories.length;
  const slices = areaRanges.length;
  const thresholds = iouThresholds.length;
  const limits = maxDets.length;
  /** [class, slice, threshold]; NaN where there is no ground truth. */
  const precision = new Float64Array(classes * slices * thresholds).fill(NaN);
  /** [class, slice, limit, threshold] */
  const recall = new Float64Array(classes * slices * limits * thresholds).fill(NaN);
  const summary = summarizeInput(groundTruth, detections);

  accumulate(
    groundTruth,
    detections,
    cocoRules(groundTruth, detections, iouThresholds, areaRanges, maxDets[limits - 1]),
    (curve) => {
      const row = curve.category * slices + curve.slice;
      const { positives, totals, threshold } = curve;
      const ap = interpolatedAveragePrecision(totals, positives, recallThresholds);
      if (ap !== null) {
        precision[row * thresholds + threshold] = ap;
        for (let m = 0; m < limits; m++) {
          let found = 0;
          for (const rank of curve.ranks) if (rank < maxDets[m]) found++;
          recall[(row * limits + m) * thresholds + threshold] = found / positives;
        }
      }
      if (curve.slice === 0 && threshold === 0) {
        const counts = summary.classes[curve.category];
        counts.groundTruths = positives;
        counts.truePositives = curve.truePositives;
        counts.falsePositives = curve.falsePositives;
      }
    },
  );

  const at50 = iouThresholds.indexOf(0.5);
  const at75 = iouThresholds.indexOf(0.75);
  const readMetrics = (category: number): Metrics => {
    const metrics = createMetrics();
    const row = category * slices;
    const ap = (slice: number) => meanOfRow(precision, row + slice, thresholds);
    const ar = (slice: number, m: number) =>
      meanOfRow(recall, (row + slice) * limits + m, thresholds);
    const single = (threshold: number) =>
      threshold < 0 ? null : meanOfRow(precision, row * thresholds + threshold, 1);
    metrics.AP = ap(0);
    metrics.AP50 = single(at50);
    metrics.AP75 = single(at75);
    for (let s = 1; s < slices; s++) metrics[`AP${areaRanges[s].name}`] = ap(s);
    for (let m = 0; m < limits; m++) metrics[`AR${maxDets[m]}`] = ar(0, m);
    for (let s = 1; s < slices; s++) {
      metrics[`AR${areaRanges[s].name}`] = ar(s, limits - 1);
    }
    return metrics;
  };
  const results = summary.classes.map((counts, category) => ({
    ...counts,
    metrics: readMetrics(category),
  }));
  // Every class weighs the same, and a class without ground truth nothing.
  const metrics = createMetrics();
  for (const name of Object.keys(readMetrics(0))) {
    metrics[name] = meanOf(results.map((result) => result.metrics[name]));
  }
  return {
    protocol: 'coco',
    description: describeCoco(iouThresholds, recallThresholds, maxDets, groundTruth),
    metrics,
    classes: results,
    counts: summary.counts,
  };
}

/** Mean of a row of `width` values; `null` for a row of NaN or one that isn't there. */
function meanOfRow(values: Float64Array, row: number, width: number): number | null {
  let sum = 0;
  for (let i = row * width; i < (row + 1) * width; i++) sum += values[i];
  return Number.isNaN(sum) ? null : sum / width;
}

function describeCoco(
  iouThresholds: readonly number[],
  recallThresholds: readonly number[],
  maxDets: readonly number[],
  groundTruth: GroundTruthTable,
): string {
  const [first] = iouThresholds;
  const last = iouThresholds[iouThresholds.length - 1];
  const thresholds =
    iouThresholds.length === 1
      ? `IoU ${first}`
      : `${iouThresholds.length} IoU thresholds ${first.toFixed(2)}–${last.toFixed(2)}`;
  const { areasMissing, count } = groundTruth;
  const areas =
    areasMissing === 0
      ? 'areas from the annotations'
      : areasMissing === count
        ? 'areas are width·height'
        : `areas from the annotations, width·height for the ${areasMissing} without`;
  return (
    `COCO boxes: AP interpolated at ${recallThresholds.length} recalls, ${thresholds}; ` +
    `at most ${maxDets.join('/')} detections of a class in a photo; ${areas}; crowds and objects ` +
    `outside the area range count neither way; equal scores in the order of photo ids, then of input`
  );
}
