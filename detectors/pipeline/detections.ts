import type { Box } from '../../geometry/index.js';
import type { ScoredBoxes } from '../heads/decodeOutputs.js';
import {
  nonMaximumSuppression,
  orderByScore,
} from '../suppression/nonMaximumSuppression.js';
import { withDefaults } from '../withDefaults.js';
import { softNonMaximumSuppression } from '../suppression/softNonMaximumSuppression.js';
import { voteBox } from '../suppression/voteBoxes.js';

/** One object found in a photo. */
export interface Detection {
  /** [x1, y1, x2, y2] in pixels of the photo, half-open. */
  box: Box;
  /** The category id that the model's file gives to the class. */
  classId: number;
  className: string;
  /** In (0, 1]. */
  score: number;
}

/** How scored boxes become detections. */
export interface SelectionOptions {
  /**
   * Boxes with a lower score are dropped. Low, since average precision needs the
   * tail; pictures want a higher one.
   * @default 0.01
   */
  scoreThreshold?: number;
  /** `soft`: the scores of overlapping boxes fall (Soft-NMS). @default 'soft' */
  nms?: 'hard' | 'soft';
  /** IoU above which hard suppression drops the lesser box. @default 0.45 */
  nmsIou?: number;
  /** Width of Soft-NMS's Gaussian. @default 0.4 */
  softSigma?: number;
  /** Whether boxes of different classes suppress one another. @default false */
  classAgnosticNms?: boolean;
  /**
   * A kept box becomes the score-weighted mean of the candidates of its class
   * whose IoU with it is at least this; 0 turns voting off.
   * @default 0; 0.6 in shared mode with soft suppression
   */
  boxVoting?: number;
  /** The best so many of a class go into suppression. @default 300 */
  maxCandidates?: number;
  /** At most so many detections a photo. @default 100 */
  maxDetections?: number;
  /** Names of the classes to report. @default all */
  classes?: readonly string[];
  /**
   * Scores by class name; detections of a class under its score are dropped at
   * the very end. Classes that are not named keep all.
   */
  classThresholds?: Readonly<Record<string, number>>;
}

export interface ClassTable {
  /** Names by class index, the background first. */
  names: readonly string[];
  /** Category ids by class index. */
  ids: readonly number[];
}

export const SELECTION_DEFAULTS = {
  scoreThreshold: 0.01,
  nms: 'soft',
  nmsIou: 0.45,
  softSigma: 0.4,
  classAgnosticNms: false,
  boxVoting: 0,
  maxCandidates: 300,
  maxDetections: 100,
} satisfies SelectionOptions as Required<
  Omit<SelectionOptions, 'classes' | 'classThresholds'>
>;

/** A box with one of its classes. */
interface Candidates {
  boxes: Float32Array;
  scores: Float32Array;
  classes: Uint16Array;
}

/**
 * Detections from scored boxes, best first: for each class the boxes over the
 * threshold, the best `maxCandidates`, suppression; then the best
 * `maxDetections` of all. Ties keep the order of class, then box.
 */
export function selectDetections(
  scored: ScoredBoxes,
  table: ClassTable,
  options: SelectionOptions = {},
): Detection[] {
  const settings: Settings = withDefaults(SELECTION_DEFAULTS, options);
  const { classes, maxDetections, classAgnosticNms, classThresholds } = settings;
  const groups: Candidates[] = [];
  for (let c = 1; c < table.names.length; c++) {
    if (classes && !classes.includes(table.names[c])) continue;
    const candidates = classCandidates(scored, c, table.names.length, settings);
    if (candidates.scores.length > 0) groups.push(candidates);
  }
  const thresholds = table.names.map((name) =>
    classThresholds && Object.hasOwn(classThresholds, name) ? classThresholds[name] : 0,
  );
  const found = (classAgnosticNms ? [join(groups)] : groups)
    .flatMap((group) => suppress(group, settings))
    .filter(({ score, classIndex }) => score >= thresholds[classIndex]);
  const order = orderByScore(found.map(({ score }) => score));
  return Array.from(order.subarray(0, maxDetections), (i) => {
    const { box, score, classIndex } = found[i];
    return {
      box,
      classId: table.ids[classIndex],
      className: table.names[classIndex],
      score,
    };
  });
}

type Settings = typeof SELECTION_DEFAULTS &
  Pick<SelectionOptions, 'classes' | 'classThresholds'>;

function classCandidates(
  { boxes, probabilities }: ScoredBoxes,
  classIndex: number,
  classCount: number,
  { scoreThreshold, maxCandidates }: Settings,
): Candidates {
  const over: number[] = [];
  const overScores: number[] = [];
  for (let i = 0, p = classIndex; p < probabilities.length; i++, p += classCount) {
    if (probabilities[p] >= scoreThreshold) {
      over.push(i);
      overScores.push(probabilities[p]);
    }
  }
  const best = orderByScore(overScores).subarray(0, maxCandidates);
  const chosen = new Float32Array(4 * best.length);
  best.forEach((o, i) =>
    chosen.set(boxes.subarray(4 * over[o], 4 * over[o] + 4), 4 * i),
  );
  return {
    boxes: chosen,
    scores: Float32Array.from(best, (o) => overScores[o]),
    classes: new Uint16Array(best.length).fill(classIndex),
  };
}

function join(groups: Candidates[]): Candidates {
  const total = groups.reduce((sum, { scores }) => sum + scores.length, 0);
  const all = {
    boxes: new Float32Array(4 * total),
    scores: new Float32Array(total),
    classes: new Uint16Array(total),
  };
  let at = 0;
  for (const { boxes, scores, classes } of groups) {
    all.boxes.set(boxes, 4 * at);
    all.scores.set(scores, at);
    all.classes.set(classes, at);
    at += scores.length;
  }
  return all;
}

interface Found {
  box: Box;
  score: number;
  classIndex: number;
}

function suppress(candidates: Candidates, settings: Settings): Found[] {
  const { boxes, scores, classes } = candidates;
  const { nms, nmsIou, softSigma, scoreThreshold, maxDetections, boxVoting } = settings;
  const kept =
    nms === 'soft'
      ? softNonMaximumSuppression(boxes, scores, { sigma: softSigma, scoreThreshold })
      : nonMaximumSuppression(boxes, scores, {
          iouThreshold: nmsIou,
          maxOutputs: maxDetections,
        }).map((index) => ({ index, score: scores[index] }));
  return kept.map(({ index, score }) => ({
    box:
      boxVoting > 0
        ? voteAmongClass(candidates, index, boxVoting)
        : (Array.from(boxes.subarray(4 * index, 4 * index + 4)) as Box),
    score,
    classIndex: classes[index],
  }));
}

/** Only boxes of the winner's own class have a vote. */
function voteAmongClass(
  { boxes, scores, classes }: Candidates,
  winner: number,
  iou: number,
): Box {
  const votes = scores.map((score, i) => (classes[i] === classes[winner] ? score : 0));
  return voteBox(boxes, votes, winner, iou);
}
