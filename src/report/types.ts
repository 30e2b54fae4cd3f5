import type {
  BreakdownPart,
  Calibration,
  ConfusionMatrix,
  ErrorType,
  EvaluationResult,
  Id,
  Interval,
  ScoreCurve,
} from '../../eval/index.js';
import type { Box } from '../../geometry/index.js';

/** Everything that a report shows; plain data, pictures as `data:` URIs. */
export interface ReportData {
  title: string;
  /** What was measured against what, as the reader knows it. */
  sources: { annotations: string; detections: string };
  /** What made the report, in one line. */
  tool: string;
  result: EvaluationResult;
  /** COCO's AP with its standard error; `null` when none was asked for. */
  interval: { AP: Interval; samples: number } | null;
  /** IoU from which a detection is on an object, in curves, errors and examples. */
  iouThreshold: number;
  /** Detections from this score on make the confusion matrix and the misses. */
  scoreThreshold: number;
  /** Whether the score threshold was given, or is the one of the best F1. */
  thresholdSource: 'given' | 'best F1' | 'none';
  /** All classes together first. */
  curves: ScoreCurve[];
  confusion: ConfusionMatrix;
  errors: ErrorTotals;
  /** `null` when scores are not within 0 to 1. */
  calibration: Calibration | null;
  breakdowns: { name: string; parts: BreakdownPart[] }[];
  /** The worst errors, worst first. */
  examples: ReportExample[];
  /** Photos of the examples. */
  photos: ReportPhoto[];
}

/** The error analysis, over all detections and at the score threshold. */
export interface ErrorTotals {
  /** What AP at the IoU threshold would gain, in [0, 1], were a type repaired. */
  gains: Record<ErrorType, number>;
  /** Over all detections. */
  counts: Record<ErrorType, number>;
  /** With the detections from the score threshold on only. */
  countsAtThreshold: Record<ErrorType, number>;
  AP: number | null;
  falsePositiveGain: number;
  falseNegativeGain: number;
}

/** A box of a photo: an object when it has no score, else a detection. */
export interface LabelledBox {
  /** [x1, y1, x2, y2] in pixels of the annotations, half-open. */
  box: Box;
  className: string;
  score: number | null;
}

/** An error that is shown. */
export interface ReportExample {
  type: ErrorType;
  /** Place in the report's photos. */
  photo: number;
  /**
   * The false positive. Of a missed object: the best detection of its class there,
   * under the score threshold; `null` for none.
   */
  detection: LabelledBox | null;
  /** The object concerned; `null` for none. */
  object: LabelledBox | null;
  /** Of detection and object; `null` when one is missing. */
  iou: number | null;
  /** Part of the photo to show. */
  window: Box;
  /** The part cut out, when that is sharper than the photo's picture. */
  picture: string | null;
}

/** A photo that examples are of. */
export interface ReportPhoto {
  id: Id;
  name: string;
  /** In pixels of the annotations. */
  width: number;
  /** In pixels of the annotations. */
  height: number;
  /** `data:` URI; `null` when it could not be read, or was not asked for. */
  picture: string | null;
  /** Why there is no picture, or why it may not fit the boxes. */
  problem: string | null;
  /** Its objects, and its detections from the score threshold on. */
  boxes: LabelledBox[];
}
