import type { MatchCurve } from '../core/accumulate.js';
import { meanOf } from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult } from '../results.js';
import { createMetrics, summarizeInput } from '../results.js';

/**
 * Results of the protocols that have one average precision for each class and IoU
 * threshold: `AP` is the mean over the thresholds, `AP50` and the like are single
 * ones; `mAP` is the mean of AP over the classes.
 */
export function thresholdResults(
  names: { protocol: string; description: string },
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  iouThresholds: readonly number[],
  averagePrecision: (curve: MatchCurve) => number | null,
  run: (receive: (curve: MatchCurve) => void) => void,
): EvaluationResult {
  const summary = summarizeInput(groundTruth, detections);
  const thresholds = iouThresholds.length;
  /** [class, threshold] */
  const precision: (number | null)[] = new Array<number | null>(
    summary.classes.length * thresholds,
  ).fill(null);
  /** Recall of everything that was detected, at the first threshold. */
  const recall: (number | null)[] = summary.classes.map(() => null);
  run((curve) => {
    const { category, threshold, positives, truePositives } = curve;
    precision[category * thresholds + threshold] = averagePrecision(curve);
    if (threshold > 0) return;
    const counts = summary.classes[category];
    counts.groundTruths = positives;
    counts.truePositives = truePositives;
    counts.falsePositives = curve.falsePositives;
    if (positives > 0) recall[category] = truePositives / positives;
  });

  summary.classes.forEach(({ metrics }, category) => {
    const from = category * thresholds;
    metrics.AP = meanOf(precision.slice(from, from + thresholds));
    if (thresholds > 1) {
      iouThresholds.forEach((threshold, t) => {
        metrics[`AP@${threshold}`] = precision[from + t];
      });
    }
    metrics.recall = recall[category];
  });
  const metrics = createMetrics();
  const mean = (name: string) =>
    meanOf(summary.classes.map((result) => result.metrics[name]));
  metrics.mAP = mean('AP');
  if (thresholds > 1) {
    for (const threshold of iouThresholds) {
      metrics[`mAP@${threshold}`] = mean(`AP@${threshold}`);
    }
  }
  metrics.recall = mean('recall');
  return { ...names, metrics, ...summary };
}
