import {
  analyzeErrors,
  bootstrap,
  breakDown,
  calibrate,
  confusionMatrix,
  evaluate,
  scoreCurves,
  tabulateDetections,
  tabulateGroundTruth,
  type CocoDataset,
  type DetectionColumns,
  type DetectionsInput,
  type ProtocolName,
} from '../../eval/index.js';
import { isDetectionColumns } from '../../eval/dataset/detectionColumns.js';
import { packageVersion } from '../version.js';
import { prepareExamples } from './prepareExamples.js';
import { selectScores } from './selectScores.js';
import type { ReportData } from './types.js';

export interface PrepareReportOptions {
  /** Whose rules the metrics follow. @default 'coco' */
  protocol?: ProtocolName;
  /** IoU from which a detection is on an object, outside the protocol. @default 0.5 */
  iouThreshold?: number;
  /**
   * Detections from this score on make the confusion matrix and the misses.
   * @default the score of the best F1 over all classes
   */
  scoreThreshold?: number;
  /** At most so many examples. @default 120 */
  examples?: number;
  /** Samples for AP's confidence interval; 0 for none. @default 0 */
  bootstrapSamples?: number;
  /** @default 'Detection report' */
  title?: string;
  /** Names the ground truth, in the report and in errors. @default 'ground truth' */
  groundTruthName?: string;
  /** Names the detections, in the report and in errors. @default 'detections' */
  detectionsName?: string;
}

/** Charts leave out what cannot be seen; this only bounds the work for huge sets. */
const CURVE_POINTS = 5_000;

/**
 * Measures and explains detections for a report, which has no pictures yet: see
 * `addPictures`.
 *
 * Metrics follow the protocol. Everything else (curves, errors, confusion, calibration,
 * examples) follows COCO's matching at one IoU threshold, whatever the protocol.
 *
 * @throws EvaluationError as `evaluate` does
 */
export function prepareReport(
  groundTruth: CocoDataset,
  detections: DetectionsInput,
  options: PrepareReportOptions = {},
): ReportData {
  const {
    protocol = 'coco',
    iouThreshold = 0.5,
    examples: exampleCount = 120,
    bootstrapSamples = 0,
    title = 'Detection report',
    groundTruthName = 'ground truth',
    detectionsName = 'detections',
  } = options;
  const names = { groundTruthName, detectionsName };
  const truths = tabulateGroundTruth(groundTruth, groundTruthName);
  const found: DetectionColumns = isDetectionColumns(detections)
    ? detections
    : tabulateDetections(detections, detectionsName);

  const result = evaluate(truths, found, { protocol, ...names });
  const curves = scoreCurves(truths, found, {
    iouThreshold,
    points: CURVE_POINTS,
    ...names,
  });
  const best = curves[0].best?.score;
  const scoreThreshold = options.scoreThreshold ?? best ?? 0;
  const counted = selectScores(found, scoreThreshold);
  // A background of 0.1 lies under every IoU threshold but the lowest.
  const matching = {
    foreground: iouThreshold,
    background: Math.min(0.1, iouThreshold / 5),
    ...names,
  };
  const all = analyzeErrors(truths, found, matching);
  const atThreshold = analyzeErrors(truths, counted, matching);
  const isProbability = found.scores.every((score) => score >= 0 && score <= 1);
  const { examples, photos } = prepareExamples(groundTruth, truths, found, {
    errors: [
      ...all.errors.filter(({ type }) => type !== 'missed'),
      ...atThreshold.errors.filter(({ type }) => type === 'missed'),
    ],
    count: exampleCount,
    iouThreshold,
    scoreThreshold,
  });

  return {
    title,
    sources: { annotations: groundTruthName, detections: detectionsName },
    tool: `googlenet-rcnn ${packageVersion()}`,
    result,
    interval:
      bootstrapSamples > 0 && protocol === 'coco'
        ? bootstrap(truths, found, { samples: bootstrapSamples, ...names })
        : null,
    iouThreshold,
    scoreThreshold,
    thresholdSource:
      options.scoreThreshold !== undefined
        ? 'given'
        : best === undefined
          ? 'none'
          : 'best F1',
    curves,
    confusion: confusionMatrix(truths, counted, {
      iouThreshold,
      ...names,
    }),
    errors: {
      gains: all.gains,
      counts: all.counts,
      countsAtThreshold: atThreshold.counts,
      AP: all.AP,
      falsePositiveGain: all.falsePositiveGain,
      falseNegativeGain: all.falseNegativeGain,
    },
    calibration: isProbability
      ? calibrate(truths, found, { iouThreshold, ...names })
      : null,
    breakdowns: (
      [
        ['Size of the object', 'size'],
        ['Shape of the object', 'aspect'],
        ['Objects in the photo', 'crowdedness'],
      ] as const
    ).map(([name, aspect]) => ({
      name,
      parts: breakDown(groundTruth, found, aspect, names),
    })),
    examples,
    photos,
  };
}
