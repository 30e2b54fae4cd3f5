import { interpolatedAveragePrecision } from '../core/precisionRecall.js';
import { allRows, orderByScore } from '../core/orderRows.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { Id } from '../dataset/types.js';
import { EvaluationError } from '../errors.js';
import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { overlapOf, photosOf, sourceOf } from './photos.js';
import type { Photo } from './photos.js';

/** The kinds of error, in the paper's order. */
export const errorTypes = [
  'classification',
  'localization',
  'both',
  'duplicate',
  'background',
  'missed',
] as const;

/**
 * - `classification`: on an object (IoU ≥ foreground), called by a wrong class;
 * - `localization`: right class, background ≤ IoU ≤ foreground;
 * - `both`: a wrong class and badly placed;
 * - `duplicate`: on an object that a better detection has;
 * - `background`: IoU ≤ background with everything;
 * - `missed`: an object that no detection, not even a wrong or badly placed one, found.
 */
export type ErrorType = (typeof errorTypes)[number];

/** Options of the error analysis. */
export interface AnalyzeErrorsOptions extends InputOptions {
  /** IoU from which a detection is on an object. @default 0.5 */
  foreground?: number;
  /** IoU up to which it is on background. @default 0.1 */
  background?: number;
  /** A photo's best detections that count, over all classes. @default 100 */
  maxDetections?: number;
}

/** One error. */
export interface DetectionError {
  type: ErrorType;
  imageId: Id;
  /** Place in the detections given; `null` for a missed object. */
  detection: number | null;
  /** Place in the annotations given of the object concerned; `null` for none. */
  groundTruth: number | null;
}

/** What keeps the average precision down. */
export interface ErrorAnalysis {
  /** Mean AP at the foreground threshold, in [0, 1]; `null` without ground truth. */
  AP: number | null;
  /** How much AP would gain if all errors of the type were repaired, and no others. */
  gains: Record<ErrorType, number>;
  counts: Record<ErrorType, number>;
  /** Gain if every false positive scored below every true one. */
  falsePositiveGain: number;
  /** Gain if no object that was not found had to be. */
  falseNegativeGain: number;
  /** Counts by class, in the order of the category ids. */
  classes: { id: Id; name: string; counts: Record<ErrorType, number> }[];
  /** All errors, photo by photo. */
  errors: DetectionError[];
}

/** A detection that counts. */
interface Entry {
  row: number;
  category: number;
  correct: boolean;
  type: ErrorType | null;
  /** Object that the detection would be right for after the repair. */
  target: number;
}

/**
 * Error analysis after TIDE (Bolya et al. 2020, "TIDE: A General Toolbox for Identifying
 * Object Detection Errors", sections 2 and 3): each false positive and each missed
 * object gets one type, and a type weighs what repairing it would bring (dAP).
 *
 * Repairs: a wrong class is put right and a bad box is moved onto its object, if the
 * object is free; the best detection does it, others that meant the same object vanish;
 * both, duplicates and background vanish; missed objects need not be found. As in the
 * paper's tool AP is interpolated at recalls k/100 and a negative gain counts as 0.
 * Unlike there, classes without objects don't count in the mean, and detections in
 * crowds of their class are no errors.
 *
 * @throws EvaluationError as `evaluate` does, and for thresholds out of order
 */
export function analyzeErrors(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: AnalyzeErrorsOptions = {},
): ErrorAnalysis {
  const { foreground = 0.5, background = 0.1, maxDetections = 100 } = options;
  if (!(background >= 0 && background < foreground && foreground <= 1)) {
    throw new EvaluationError(
      'INVALID_OPTION',
      `expected 0 ≤ background < foreground ≤ 1, found ${background} and ${foreground}`,
      undefined,
      'foreground',
    );
  }
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const entries: Entry[] = [];
  const taken = new Uint8Array(truths.count);
  const errors: DetectionError[] = [];
  for (const photo of photosOf(truths, found, maxDetections)) {
    const own = matchPhoto(photo, truths, found, foreground, taken);
    explainPhoto(own, photo, truths, found, foreground, background, taken);
    entries.push(...own);
  }

  // The best detection of those that would be right for one object repairs it.
  const repairer = new Map<number, Entry>();
  for (const entry of entries) {
    if (entry.target < 0) continue;
    const best = repairer.get(entry.target);
    if (!best || found.scores[entry.row] > found.scores[best.row]) {
      repairer.set(entry.target, entry);
    }
  }
  const missed = [...allRows(truths.count)].filter(
    (truth) => truths.crowd[truth] === 0 && taken[truth] === 0,
  );
  const lost = missed.filter((truth) => !repairer.has(truth));

  const positives = new Int32Array(truths.categories.length);
  for (let truth = 0; truth < truths.count; truth++) {
    if (truths.crowd[truth] === 0) positives[truths.category[truth]]++;
  }
  const byScore = [
    ...orderByScore(
      allRows(entries.length),
      Float64Array.from(entries, ({ row }) => found.scores[row]),
    ),
  ].map((i) => entries[i]);
  const measure = (repair: Repair, without: readonly number[] = []) =>
    meanAveragePrecision(byScore, repair, positives, without, truths);
  const ap = measure((entry) => entry);
  const gain = (value: number) => Math.max(0, value - ap);
  const fix =
    (type: ErrorType): Repair =>
    (entry) => {
      if (entry.type !== type) return entry;
      if (entry.target < 0 || repairer.get(entry.target) !== entry) return null;
      return { category: truths.category[entry.target], correct: true };
    };

  const gains = zeros();
  const counts = zeros();
  const classes = truths.categories.map(({ id, name }) => ({
    id,
    name,
    counts: zeros(),
  }));
  const report = (type: ErrorType, category: number, image: number) => {
    counts[type]++;
    classes[category].counts[type]++;
    return { type, imageId: truths.images[image] };
  };
  for (const type of errorTypes) {
    gains[type] = gain(
      type === 'missed' ? measure((entry) => entry, lost) : measure(fix(type)),
    );
  }
  for (const { type, row, category, target } of entries) {
    if (!type) continue;
    errors.push({
      ...report(type, category, found.image[row]),
      detection: sourceOf(found, row),
      groundTruth: target < 0 ? null : target,
    });
  }
  for (const truth of lost) {
    errors.push({
      ...report('missed', truths.category[truth], truths.image[truth]),
      detection: null,
      groundTruth: truth,
    });
  }
  const rank = new Map(truths.images.map((id, i) => [id, i]));
  errors.sort((a, b) => rank.get(a.imageId)! - rank.get(b.imageId)!);
  return {
    AP: positives.some((n) => n > 0) ? ap : null,
    gains,
    counts,
    falsePositiveGain: measure((entry) => (entry.correct ? entry : null)) - ap,
    falseNegativeGain: measure((entry) => entry, missed) - ap,
    classes,
    errors,
  };
}

/** Matches a photo's detections, best first, each to the free object it overlaps most. */
function matchPhoto(
  photo: Photo,
  truths: GroundTruthTable,
  found: DetectionTable,
  foreground: number,
  taken: Uint8Array,
): Entry[] {
  const entries: Entry[] = [];
  for (const row of photo.detections) {
    const category = found.category[row];
    let best = 0;
    let chosen = -1;
    let inCrowd = false;
    for (const truth of photo.groundTruths) {
      if (truths.category[truth] !== category) continue;
      if (truths.crowd[truth] === 1) {
        inCrowd ||= overlapOf(found, row, truths, truth, true) > foreground;
        continue;
      }
      const overlap = taken[truth] === 1 ? 0 : overlapOf(found, row, truths, truth);
      if (overlap > best) {
        best = overlap;
        chosen = truth;
      }
    }
    const correct = chosen >= 0 && best >= foreground;
    if (correct) taken[chosen] = 1;
    if (correct || !inCrowd) {
      entries.push({ row, category, correct, type: null, target: -1 });
    }
  }
  return entries;
}

/** Gives each false positive of a photo its type. */
function explainPhoto(
  entries: Entry[],
  photo: Photo,
  truths: GroundTruthTable,
  found: DetectionTable,
  foreground: number,
  background: number,
  taken: Uint8Array,
): void {
  for (const entry of entries) {
    if (entry.correct) continue;
    let same = 0;
    let sameTruth = -1;
    let sameTaken = 0;
    let other = 0;
    let otherTruth = -1;
    for (const truth of photo.groundTruths) {
      if (truths.crowd[truth] === 1) continue;
      const overlap = overlapOf(found, entry.row, truths, truth);
      if (truths.category[truth] === entry.category) {
        if (overlap > same) {
          same = overlap;
          sameTruth = truth;
        }
        if (taken[truth] === 1) sameTaken = Math.max(sameTaken, overlap);
      } else if (overlap > other) {
        other = overlap;
        otherTruth = truth;
      }
    }
    if (sameTruth >= 0 && same >= background && same <= foreground) {
      entry.type = 'localization';
      if (taken[sameTruth] === 0) entry.target = sameTruth;
    } else if (other >= foreground) {
      entry.type = 'classification';
      if (taken[otherTruth] === 0) entry.target = otherTruth;
    } else if (sameTaken >= foreground) {
      entry.type = 'duplicate';
    } else if (Math.max(same, other) <= background) {
      entry.type = 'background';
    } else {
      entry.type = 'both';
    }
  }
}

/** What a detection becomes; `null` when it vanishes. */
type Repair = (entry: Entry) => { category: number; correct: boolean } | null;

const recalls = Array.from({ length: 101 }, (_, k) => k / 100);

function meanAveragePrecision(
  byScore: readonly Entry[],
  repair: Repair,
  positives: Int32Array,
  without: readonly number[],
  truths: GroundTruthTable,
): number {
  const wanted = positives.slice();
  for (const truth of without) wanted[truths.category[truth]]--;
  const seen = new Int32Array(positives.length);
  const totals: number[][] = Array.from(positives, () => []);
  for (const entry of byScore) {
    const repaired = repair(entry);
    if (!repaired) continue;
    seen[repaired.category]++;
    if (repaired.correct) totals[repaired.category].push(seen[repaired.category]);
  }
  let sum = 0;
  let classes = 0;
  positives.forEach((count, category) => {
    if (count === 0) return;
    // A class of which nothing is left, neither objects nor detections, has no AP.
    if (wanted[category] === 0 && seen[category] === 0) return;
    sum +=
      interpolatedAveragePrecision(totals[category], wanted[category], recalls) ?? 0;
    classes++;
  });
  return classes === 0 ? 0 : sum / classes;
}

function zeros(): Record<ErrorType, number> {
  return {
    classification: 0,
    localization: 0,
    both: 0,
    duplicate: 0,
    background: 0,
    missed: 0,
  };
}
