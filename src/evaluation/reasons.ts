import {
  adviseThresholds,
  analyzeErrors,
  bootstrap,
  breakDown,
  calibrate,
  confusionMatrix,
  scoreCurves,
  versus,
  type AdvisedThreshold,
  type BootstrapResult,
  type BreakdownAspect,
  type BreakdownPart,
  type Calibration,
  type ConfusionMatrix,
  type DetectionColumns,
  type ErrorAnalysis,
  type InputOptions,
  type ProtocolName,
  type ScoreCurve,
  type ThresholdGoal,
  type Versus,
  type VersusProtocol,
} from '../../eval/index.js';
import type { GroundTruth } from './loadGroundTruth.js';

/** Which reasons are asked for. */
export interface ReasonsOptions {
  protocol: ProtocolName;
  errors?: boolean;
  confusion?: boolean;
  /** @default the score of the best F1 */
  confusionThreshold?: number;
  calibration?: boolean;
  curves?: string;
  by?: string[];
  bootstrap?: number;
  seed: number;
  advise?: ThresholdGoal;
  versus?: VersusProtocol;
  iou?: number[];
  maxDets?: number[];
}

/** What is behind a result; only what was asked for. */
export interface Reasons {
  /** The IoU from which a detection is right in all that follows. */
  iouThreshold: number;
  maxDetections: number;
  errors?: ErrorAnalysis;
  confusion?: ConfusionMatrix & { scoreThreshold: number };
  calibration?: Calibration;
  curves?: ScoreCurve[];
  breakdowns?: { by: string; parts: BreakdownPart[] }[];
  bootstrap?: BootstrapResult;
  advice?: { goal: ThresholdGoal; classes: AdvisedThreshold[] };
  versus?: Versus;
}

/** Whether parts of the ground truth beside its columns are needed. */
export function needsDataset({ by }: ReasonsOptions): boolean {
  return by !== undefined && by.length > 0;
}

/**
 * Finds the reasons, all by COCO's matching whatever the protocol: at the single IoU
 * threshold that was asked for, else at 0.5, and with the largest limit of detections.
 *
 * @throws EvaluationError
 */
export function findReasons(
  truth: GroundTruth,
  columns: DetectionColumns,
  options: ReasonsOptions,
  inputs: InputOptions,
): Reasons {
  const { table, dataset } = truth;
  const iouThreshold = options.iou?.length === 1 ? options.iou[0] : 0.5;
  const maxDetections = options.maxDets?.at(-1) ?? 100;
  const iouThresholds = options.iou ? { iouThresholds: options.iou } : {};
  const common = { ...inputs, iouThreshold, maxDetections };
  const reasons: Reasons = { iouThreshold, maxDetections };
  if (options.errors) {
    const settings = { ...inputs, foreground: iouThreshold, maxDetections };
    reasons.errors = analyzeErrors(table, columns, settings);
  }
  if (options.confusion) {
    const scoreThreshold =
      options.confusionThreshold ??
      scoreCurves(table, columns, { ...common, points: 2 })[0].best?.score ??
      0;
    const matrix = confusionMatrix(table, columns, { ...common, scoreThreshold });
    reasons.confusion = { ...matrix, scoreThreshold };
  }
  if (options.calibration) reasons.calibration = calibrate(table, columns, common);
  if (options.curves) reasons.curves = scoreCurves(table, columns, common);
  if (options.by) {
    reasons.breakdowns = options.by.map((by) => ({
      by,
      parts: breakDown(dataset!, columns, aspectOf(by), {
        ...inputs,
        ...iouThresholds,
        maxDetections,
      }),
    }));
  }
  if (options.bootstrap) {
    reasons.bootstrap = bootstrap(table, columns, {
      ...inputs,
      ...iouThresholds,
      maxDetections,
      samples: options.bootstrap,
      seed: options.seed,
    });
  }
  if (options.advise) {
    const classes = adviseThresholds(table, columns, options.advise, common);
    reasons.advice = { goal: options.advise, classes };
  }
  if (options.versus) {
    const from = options.protocol as VersusProtocol;
    reasons.versus = versus(table, columns, from, options.versus, inputs);
  }
  return reasons;
}

function aspectOf(by: string): BreakdownAspect {
  return by === 'size' || by === 'aspect' || by === 'crowdedness'
    ? by
    : { attribute: by };
}

/** A goal in words. */
export function describeGoal(goal: ThresholdGoal): string {
  if (goal === 'f1') return 'the best F1';
  return 'precision' in goal
    ? `a precision of at least ${goal.precision}`
    : `a recall of at least ${goal.recall}`;
}

/** Thresholds by class name, as `rcnn detect` reads them; and the classes without one. */
export function thresholdsOf(advice: NonNullable<Reasons['advice']>): {
  thresholds: Record<string, number>;
  without: string[];
} {
  const entries: [string, number][] = [];
  const without: string[] = [];
  for (const { id, name, threshold } of advice.classes) {
    if (id === null) continue;
    // An F1 of 0 is the best only where nothing is ever right.
    if (threshold && threshold.f1 > 0) entries.push([name, threshold.score]);
    else without.push(name);
  }
  return { thresholds: Object.fromEntries(entries), without };
}
