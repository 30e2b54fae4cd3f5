import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { EvaluationError } from '../errors.js';
import { checkThresholds } from '../protocols/checkOptions.js';
import { judgeDetections } from './verdicts.js';

/** Options of `calibrate`. */
export interface CalibrateOptions extends InputOptions {
  /** IoU from which a detection is right. @default 0.5 */
  iouThreshold?: number;
  /** Number of equally wide bins of [0, 1]. @default 10 */
  bins?: number;
  /** Detections of one class in one photo that count. @default 100 */
  maxDetections?: number;
}

/** A bin of the reliability diagram. */
export interface CalibrationBin {
  /** Scores from here (included; the first bin has 0) ... */
  from: number;
  /** ... to here (excluded; the last bin has 1). */
  to: number;
  count: number;
  /** Mean score; `null` without detections. */
  confidence: number | null;
  /** Part of the detections that are right; `null` without detections. */
  precision: number | null;
}

/** How far scores are probabilities. */
export interface Calibration {
  bins: CalibrationBin[];
  /** Expected calibration error: mean of |precision − confidence|, weighted by count. */
  ece: number | null;
  /** The largest |precision − confidence|. */
  mce: number | null;
  count: number;
}

/**
 * Whether detections with score s are right in a part s of all cases (reliability
 * diagram and ECE; Guo et al. 2017, section 2). Detections that count neither way are
 * left out.
 *
 * @throws EvaluationError when a score is not in [0, 1]
 */
export function calibrate(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: CalibrateOptions = {},
): Calibration {
  const { iouThreshold = 0.5, bins = 10, maxDetections = 100 } = options;
  checkThresholds([iouThreshold], 'iouThreshold');
  if (!Number.isInteger(bins) || bins < 1 || bins > 10000) {
    throw new EvaluationError(
      'INVALID_OPTION',
      `expected 1 to 10000 bins, found ${bins}`,
      undefined,
      'bins',
    );
  }
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const outside = found.scores.find((score) => score < 0 || score > 1);
  if (outside !== undefined) {
    throw new EvaluationError(
      'INVALID_NUMBER',
      `the score ${outside} is no probability; calibration needs scores from 0 to 1`,
      options.detectionsName ?? 'detections',
      'score',
    );
  }
  const verdicts = judgeDetections(truths, found, [iouThreshold], maxDetections);
  const count = new Int32Array(bins);
  const right = new Int32Array(bins);
  const sum = new Float64Array(bins);
  for (const row of verdicts.rows) {
    if (verdicts.neither[row] !== 0) continue;
    const bin = Math.min(bins - 1, Math.floor(found.scores[row] * bins));
    count[bin]++;
    right[bin] += verdicts.found[row];
    sum[bin] += found.scores[row];
  }
  const total = count.reduce((a, b) => a + b, 0);
  let ece = 0;
  let mce = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (count[bin] === 0) continue;
    const gap = Math.abs(right[bin] - sum[bin]) / count[bin];
    ece += (gap * count[bin]) / total;
    mce = Math.max(mce, gap);
  }
  return {
    bins: Array.from(count, (n, bin) => ({
      from: bin / bins,
      to: (bin + 1) / bins,
      count: n,
      confidence: n === 0 ? null : sum[bin] / n,
      precision: n === 0 ? null : right[bin] / n,
    })),
    ece: total === 0 ? null : ece,
    mce: total === 0 ? null : mce,
    count: total,
  };
}
