import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { Id } from '../dataset/types.js';
import type { DetectionsInput, GroundTruthInput } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { countPositives, judgeDetections } from './verdicts.js';
import {
  classPrecisions,
  collectBallots,
  drawPhotos,
  meanOfKnown,
  seededRandom,
} from './ballots.js';
import type { BootstrapOptions, Interval } from './bootstrap.js';
import { checkBootstrapOptions, intervalOf } from './bootstrap.js';

/** B against A. */
export interface Difference extends Interval {
  /** AP of A; `null` without ground truth. */
  a: number | null;
  b: number | null;
  /**
   * Two-sided: how often chance alone would make a difference like this; `null` when
   * there is nothing to compare.
   */
  pValue: number | null;
  /** Whether the difference is beyond chance. */
  isBeyondChance: boolean;
}

/** A photo on which A and B differ, each at its own best score threshold. */
export interface PhotoDifference {
  imageId: Id;
  /** True and false positives and objects that were not found. */
  a: { found: number; wrong: number; missed: number };
  b: { found: number; wrong: number; missed: number };
  /** F1 of B on this photo minus that of A, in [−1, 1]. */
  difference: number;
}

/** Options of `compare`. */
export interface CompareOptions extends BootstrapOptions {
  /** How many photos to list. @default 50 */
  photos?: number;
}

/** Whether B is better than A, and where. */
export interface Comparison {
  verdict: 'B is better' | 'A is better' | 'no difference beyond chance';
  /** COCO's AP. */
  AP: Difference;
  /**
   * By class. Of many classes some differ by chance; `isBeyondChance` allows for that
   * (Benjamini and Hochberg 1995).
   */
  classes: ({ id: Id; name: string } & Difference)[];
  /** The photos of the largest differences, largest first. */
  photos: PhotoDifference[];
}

/**
 * Whether detections B are better than detections A beyond chance, by a paired
 * bootstrap over the photos: both are measured on the same samples.
 *
 * @throws EvaluationError as `evaluate` does; errors name `A` or `B`
 */
export function compare(
  groundTruth: GroundTruthInput,
  a: DetectionsInput,
  b: DetectionsInput,
  options: CompareOptions = {},
): Comparison {
  const settings = checkBootstrapOptions(options);
  const { iouThresholds, maxDetections, samples, confidence, seed } = settings;
  const { photos = 50 } = options;
  const { groundTruth: truths, detections: foundA } = tabulateInput(groundTruth, a, {
    ...options,
    detectionsName: 'A',
  });
  const { detections: foundB } = tabulateInput(truths, b, {
    ...options,
    detectionsName: 'B',
  });
  const ballotsA = collectBallots(truths, foundA, iouThresholds, maxDetections);
  const ballotsB = collectBallots(truths, foundB, iouThresholds, maxDetections);
  const images = truths.images.length;
  const count = iouThresholds.length;
  const ones = new Int32Array(images).fill(1);
  const onceA = classPrecisions(ballotsA, count, ones);
  const onceB = classPrecisions(ballotsB, count, ones);
  const random = seededRandom(seed);
  const means = new Float64Array(samples);
  const byClass = ballotsA.map(() => new Float64Array(samples));
  for (let s = 0; s < samples; s++) {
    const weights = drawPhotos(images, random);
    const precisionsA = classPrecisions(ballotsA, count, weights);
    const precisionsB = classPrecisions(ballotsB, count, weights);
    means[s] = meanOfKnown(precisionsB) - meanOfKnown(precisionsA);
    byClass.forEach((list, category) => {
      list[s] = precisionsB[category] - precisionsA[category];
    });
  }
  const limit = 1 - confidence;
  const AP = differenceOf(meanOfKnown(onceA), meanOfKnown(onceB), means, confidence);
  AP.isBeyondChance = AP.pValue !== null && AP.pValue <= limit;
  const classes = truths.categories.map(({ id, name }, category) => ({
    id,
    name,
    ...differenceOf(onceA[category], onceB[category], byClass[category], confidence),
  }));
  markBeyondChance(classes, limit);
  return {
    verdict: !AP.isBeyondChance
      ? 'no difference beyond chance'
      : AP.value! > 0
        ? 'B is better'
        : 'A is better',
    AP,
    classes,
    photos: comparePhotos(truths, foundA, foundB, maxDetections).slice(0, photos),
  };
}

function differenceOf(
  a: number,
  b: number,
  samples: Float64Array,
  confidence: number,
): Difference {
  const interval = intervalOf(b - a, samples, confidence);
  const known = samples.filter((sample) => !Number.isNaN(sample));
  const below = known.filter((sample) => sample <= 0).length;
  const above = known.filter((sample) => sample >= 0).length;
  const pValue = Math.min(1, (2 * (Math.min(below, above) + 1)) / (known.length + 1));
  return {
    a: Number.isNaN(a) ? null : a,
    b: Number.isNaN(b) ? null : b,
    ...interval,
    pValue: interval.value === null ? null : pValue,
    isBeyondChance: false,
  };
}

/** Benjamini and Hochberg's procedure. */
function markBeyondChance(differences: Difference[], limit: number): void {
  const known = differences
    .filter((difference) => difference.pValue !== null)
    .sort((a, b) => a.pValue! - b.pValue!);
  const last = known.findLastIndex(
    ({ pValue }, i) => pValue! <= (limit * (i + 1)) / known.length,
  );
  known.forEach((difference, i) => {
    difference.isBeyondChance = i <= last;
  });
}

function comparePhotos(
  truths: GroundTruthTable,
  foundA: DetectionTable,
  foundB: DetectionTable,
  maxDetections: number,
): PhotoDifference[] {
  const wanted = new Int32Array(truths.images.length);
  for (let truth = 0; truth < truths.count; truth++) {
    if (truths.crowd[truth] === 0) wanted[truths.image[truth]]++;
  }
  const [a, b] = [foundA, foundB].map((found) =>
    countByPhoto(truths, found, wanted, maxDetections),
  );
  const f1 = ({ found, wrong, missed }: PhotoDifference['a']) =>
    found + wrong + missed === 0 ? 1 : (2 * found) / (2 * found + wrong + missed);
  return truths.images
    .map((imageId, i) => ({
      imageId,
      a: a[i],
      b: b[i],
      difference: f1(b[i]) - f1(a[i]),
    }))
    .filter(({ difference }) => difference !== 0)
    .sort((x, y) => Math.abs(y.difference) - Math.abs(x.difference));
}

/** What was found at IoU 0.5 in each photo, at the score threshold of the best F1. */
function countByPhoto(
  truths: GroundTruthTable,
  found: DetectionTable,
  wanted: Int32Array,
  maxDetections: number,
): PhotoDifference['a'][] {
  const verdicts = judgeDetections(truths, found, [0.5], maxDetections);
  const rows = verdicts.rows.filter((row) => verdicts.neither[row] === 0);
  const total = countPositives(truths).reduce((sum, n) => sum + n, 0);
  let right = 0;
  let best = 0;
  let threshold = Infinity;
  rows.forEach((row, i) => {
    right += verdicts.found[row];
    // Detections of one score stand and fall together.
    if (i + 1 < rows.length && found.scores[rows[i + 1]] === found.scores[row]) return;
    const f1 = (2 * right) / (i + 1 + total);
    if (f1 > best) {
      best = f1;
      threshold = found.scores[row];
    }
  });
  const counts = Array.from(wanted, (missed) => ({ found: 0, wrong: 0, missed }));
  for (const row of rows) {
    if (found.scores[row] < threshold) continue;
    const photo = counts[found.image[row]];
    if (verdicts.found[row] === 1) {
      photo.found++;
      photo.missed--;
    } else photo.wrong++;
  }
  return counts;
}
