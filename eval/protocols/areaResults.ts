import type { MatchRules } from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import { interpolatedAveragePrecision, meanOf } from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { EvaluationResult, Metrics } from '../results.js';
import { createMetrics, summarizeInput } from '../results.js';
import type { AreaRange } from './coco.js';

/**
 * Results of the protocols that average over IoU thresholds and split by area: AP,
 * AP50, AP75, AP by area, recall by limit (AR), recall by area.
 */
export function areaResults(
  names: { protocol: string; description: string },
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  rules: MatchRules,
  options: {
    iouThresholds: readonly number[];
    recallThresholds: readonly number[];
    areaRanges: readonly AreaRange[];
    maxDets: readonly number[];
  },
): EvaluationResult {
  const { iouThresholds, recallThresholds, areaRanges, maxDets } = options;
  const classes = groundTruth.categories.length;
  const slices = areaRanges.length;
  const thresholds = iouThresholds.length;
  const limits = maxDets.length;
  /** [class, slice, threshold]; NaN where there is no ground truth. */
  const precision = new Float64Array(classes * slices * thresholds).fill(NaN);
  /** [class, slice, limit, threshold] */
  const recall = new Float64Array(classes * slices * limits * thresholds).fill(NaN);
  const summary = summarizeInput(groundTruth, detections);

  accumulate(groundTruth, detections, rules, (curve) => {
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
  });

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
    ...names,
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
