import type { Id } from '../dataset/types.js';
import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { EvaluationError } from '../errors.js';
import { checkMaxDets, checkThresholds } from '../protocols/checkOptions.js';
import { cocoIouThresholds } from '../protocols/coco.js';
import {
  classPrecisions,
  collectBallots,
  drawPhotos,
  meanOfKnown,
  quantile,
  seededRandom,
} from './ballots.js';

/** Options of `bootstrap` and `compare`. */
export interface BootstrapOptions extends InputOptions {
  /** At most 31. @default 0.50, 0.55, ..., 0.95 */
  iouThresholds?: readonly number[];
  /** Detections of one class in one photo that count. @default 100 */
  maxDetections?: number;
  /** Number of samples. @default 1000 */
  samples?: number;
  /** Probability that the interval holds the truth, in (0, 1). @default 0.95 */
  confidence?: number;
  /** The same seed gives the same result. @default 0 */
  seed?: number;
}

/** A number and how far to trust it. */
export interface Interval {
  value: number | null;
  /** Percentiles of the samples; `null` when there is nothing to sample. */
  low: number | null;
  high: number | null;
  standardError: number | null;
}

/** AP with confidence intervals. */
export interface BootstrapResult {
  AP: Interval;
  classes: ({ id: Id; name: string } & Interval)[];
  samples: number;
  confidence: number;
}

/**
 * Confidence intervals of COCO's AP: photos are drawn with repeats, as many as there
 * are, again and again (percentile bootstrap; Efron and Tibshirani 1993, chapter 13).
 * Detections are matched once, for photos don't influence each other.
 *
 * @throws EvaluationError as `evaluate` does
 */
export function bootstrap(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: BootstrapOptions = {},
): BootstrapResult {
  const settings = checkBootstrapOptions(options);
  const { iouThresholds, maxDetections, samples, confidence, seed } = settings;
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const ballots = collectBallots(truths, found, iouThresholds, maxDetections);
  const images = truths.images.length;
  const count = iouThresholds.length;
  const once = classPrecisions(ballots, count, new Int32Array(images).fill(1));
  const random = seededRandom(seed);
  const means = new Float64Array(samples);
  const byClass = ballots.map(() => new Float64Array(samples));
  for (let s = 0; s < samples; s++) {
    const precisions = classPrecisions(ballots, count, drawPhotos(images, random));
    means[s] = meanOfKnown(precisions);
    precisions.forEach((precision, category) => {
      byClass[category][s] = precision;
    });
  }
  return {
    AP: intervalOf(meanOfKnown(once), means, confidence),
    classes: truths.categories.map(({ id, name }, category) => ({
      id,
      name,
      ...intervalOf(once[category], byClass[category], confidence),
    })),
    samples,
    confidence,
  };
}

/** An interval from samples, of which NaN are left out. */
export function intervalOf(
  value: number,
  samples: Float64Array,
  confidence: number,
): Interval {
  const sorted = samples.filter((sample) => !Number.isNaN(sample)).sort();
  if (Number.isNaN(value) || sorted.length === 0) {
    return { value: null, low: null, high: null, standardError: null };
  }
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
  const squares = sorted.reduce((sum, sample) => sum + (sample - mean) ** 2, 0);
  return {
    value,
    low: quantile(sorted, (1 - confidence) / 2),
    high: quantile(sorted, (1 + confidence) / 2),
    standardError: Math.sqrt(squares / Math.max(1, sorted.length - 1)),
  };
}

/** The options with their defaults. */
export function checkBootstrapOptions(
  options: BootstrapOptions,
): Required<Omit<BootstrapOptions, keyof InputOptions>> {
  const {
    iouThresholds = cocoIouThresholds,
    maxDetections = 100,
    samples = 1000,
    confidence = 0.95,
    seed = 0,
  } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  checkMaxDets([maxDetections]);
  const fault = (where: string, reason: string) =>
    new EvaluationError('INVALID_OPTION', reason, undefined, where);
  if (iouThresholds.length > 31) throw fault('iouThresholds', 'give 31 at most');
  if (!Number.isInteger(samples) || samples < 1) {
    throw fault('samples', `expected a whole number from 1 on, found ${samples}`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw fault('confidence', `expected a number in (0, 1), found ${confidence}`);
  }
  return { iouThresholds, maxDetections, samples, confidence, seed };
}
