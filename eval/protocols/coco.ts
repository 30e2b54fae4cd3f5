import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult } from '../results.js';
import { areaResults } from './areaResults.js';
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

  return areaResults(
    {
      protocol: 'coco',
      description: describeCoco(iouThresholds, recallThresholds, maxDets, groundTruth),
    },
    groundTruth,
    detections,
    cocoRules(groundTruth, detections, {
      iouThresholds,
      areaRanges,
      maxDetections: maxDets[maxDets.length - 1],
      crowd: groundTruth.crowd,
      ignored: groundTruth.crowd,
    }),
    { iouThresholds, recallThresholds, areaRanges, maxDets },
  );
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
