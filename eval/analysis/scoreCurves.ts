import type { Id } from '../dataset/types.js';
import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { EvaluationError } from '../errors.js';
import { checkThresholds } from '../protocols/checkOptions.js';
import { countPositives, judgeDetections } from './verdicts.js';

/** What a score threshold gives: all detections with at least that score. */
export interface ScorePoint {
  score: number;
  /** In [0, 1]. */
  precision: number;
  /** In [0, 1]. */
  recall: number;
  /** Harmonic mean of precision and recall. */
  f1: number;
}

/** Precision, recall and F1 by score threshold. */
export interface ScoreCurve {
  /** `null` for all classes together. */
  id: Id | null;
  name: string;
  /** Objects to be found. */
  positives: number;
  /** From the highest score down, thinned out to `points`. */
  points: ScorePoint[];
  /** The point of the highest F1 (of equal ones that of the highest score). */
  best: ScorePoint | null;
}

/** Options of `scoreCurves`. */
export interface ScoreCurvesOptions extends InputOptions {
  /** IoU from which a detection is right. @default 0.5 */
  iouThreshold?: number;
  /** Detections of one class in one photo that count. @default 100 */
  maxDetections?: number;
  /** The most points of a curve. @default 200 */
  points?: number;
}

/**
 * Precision-recall and F1-score curves by COCO's matching, for all classes together
 * first, then for every class. A class without objects or detections has no points.
 */
export function scoreCurves(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: ScoreCurvesOptions = {},
): ScoreCurve[] {
  const { points = 200 } = options;
  return fullCurves(groundTruth, detections, options).map((curve) => ({
    ...curve,
    points: thin(curve.points, points, curve.best),
  }));
}

/** The same with every point there is: one for each distinct score. */
export function fullCurves(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: ScoreCurvesOptions = {},
): ScoreCurve[] {
  const { iouThreshold = 0.5, maxDetections = 100 } = options;
  checkThresholds([iouThreshold], 'iouThreshold');
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const verdicts = judgeDetections(truths, found, [iouThreshold], maxDetections);
  const positives = countPositives(truths);
  const rows = verdicts.rows.filter((row) => verdicts.neither[row] === 0);
  const draw = (list: Iterable<number>, wanted: number): ScorePoint[] => {
    const all: ScorePoint[] = [];
    if (wanted === 0) return all;
    let right = 0;
    let total = 0;
    for (const row of list) {
      total++;
      right += verdicts.found[row];
      const score = found.scores[row];
      const precision = right / total;
      const recall = right / wanted;
      const f1 = (2 * right) / (total + wanted);
      const point = { score, precision, recall, f1 };
      // A threshold takes all detections of one score or none.
      if (all[all.length - 1]?.score === score) all[all.length - 1] = point;
      else all.push(point);
    }
    return all;
  };
  const byClass: number[][] = truths.categories.map(() => []);
  for (const row of rows) byClass[found.category[row]].push(row);
  const total = positives.reduce((a, b) => a + b, 0);
  return [
    { id: null, name: 'all classes', positives: total, points: draw(rows, total) },
    ...truths.categories.map(({ id, name }, category) => ({
      id,
      name,
      positives: positives[category],
      points: draw(byClass[category], positives[category]),
    })),
  ].map((curve) => ({ ...curve, best: bestOf(curve.points) }));
}

/** What a threshold is wanted for. */
export type ThresholdGoal =
  /** The highest F1. */
  | 'f1'
  /** At least this precision, with as much recall as that allows. */
  | { precision: number }
  /** At least this recall, with as much precision as that allows. */
  | { recall: number };

/** A class's advised threshold. */
export interface AdvisedThreshold {
  id: Id | null;
  name: string;
  /** `null` when no threshold reaches the goal. */
  threshold: ScorePoint | null;
}

/**
 * The score threshold for each class (all classes together first) that serves a goal.
 *
 * @throws EvaluationError for a precision or recall outside (0, 1]
 */
export function adviseThresholds(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  goal: ThresholdGoal,
  options: ScoreCurvesOptions = {},
): AdvisedThreshold[] {
  const wanted = goal === 'f1' ? 1 : 'precision' in goal ? goal.precision : goal.recall;
  if (!(wanted > 0 && wanted <= 1)) {
    throw new EvaluationError(
      'INVALID_OPTION',
      `expected a precision or recall in (0, 1], found ${wanted}`,
      undefined,
      'goal',
    );
  }
  return fullCurves(groundTruth, detections, options).map(
    ({ id, name, points, best }) => {
      if (goal === 'f1') return { id, name, threshold: best };
      const threshold =
        'precision' in goal
          ? points.findLast(({ precision }) => precision >= wanted)
          : bestBy(
              points.filter(({ recall }) => recall >= wanted),
              (point) => point.precision,
            );
      return { id, name, threshold: threshold ?? null };
    },
  );
}

function bestOf(points: readonly ScorePoint[]): ScorePoint | null {
  return bestBy(points, (point) => point.f1) ?? null;
}

function bestBy<T>(list: readonly T[], value: (item: T) => number): T | undefined {
  return list.reduce<T | undefined>(
    (best, item) => (best === undefined || value(item) > value(best) ? item : best),
    undefined,
  );
}

/** The first, the last, the best and evenly spread others. */
function thin(
  points: ScorePoint[],
  count: number,
  best: ScorePoint | null,
): ScorePoint[] {
  if (points.length <= count) return points;
  const step = (points.length - 1) / Math.max(1, count - 2);
  const kept = new Set<ScorePoint>();
  for (let i = 0; i < count - 1; i++) {
    kept.add(points[Math.min(points.length - 1, Math.round(i * step))]);
  }
  if (best) kept.add(best);
  return points.filter((point) => kept.has(point));
}
