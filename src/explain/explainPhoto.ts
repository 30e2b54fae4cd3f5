import {
  intersectionOverUnion,
  type Box,
  type BoxArray,
} from '../../geometry/index.js';
import type { DetectionRow, Trace } from '../detect/detectTask.js';

/** The stage that lost an object, in the order in which stages are gone through. */
export const LOSSES = [
  'noProposal',
  'notClassified',
  'wrongClass',
  'lowScore',
  'suppressed',
  'underThreshold',
] as const;
export type Loss = (typeof LOSSES)[number];

/** What each loss means, for people. */
export const LOSS_MEANINGS: Readonly<Record<Loss, string>> = {
  noProposal: 'no proposal came near it',
  notClassified: 'proposals did, but no box was classified there',
  wrongClass: 'its box scored higher as another class',
  lowScore: 'its best box scored too low to be reported',
  suppressed: 'its box gave way to another, or to the limit',
  underThreshold: 'it was detected, but under the threshold',
};

/** An object that should have been found, with ids of the model's classes. */
export interface Target {
  box: Box;
  categoryId: number;
}

export interface ExplainOptions {
  /** Overlap from which a box counts as near an object. */
  iou: number;
  /** Detections under this score don't count as found. */
  threshold: number;
  /** The lowest score that the run reported. */
  scoreThreshold: number;
}

/** What became of one object. */
export interface Explanation {
  /** The detection that found it, as its place in the photo's list. */
  foundBy?: number;
  loss?: Loss;
  /** The best overlap of any proposal with it: the ceiling of all that comes after. */
  proposalIou: number;
  /** Its class's best score among the boxes near it. */
  score?: number;
  /** wrongClass: the class that scored higher, and how high. */
  rival?: { categoryId: number; score: number };
  /** suppressed: the detection that won, as its place in the photo's list. */
  winner?: number;
}

/**
 * Says of each object of a photo which detection found it or which stage lost it.
 * Detections take objects as COCO's protocol has it: best first, each the free
 * object of its class that it overlaps most.
 *
 * @param detections best first, as in the journal
 */
export function explainPhoto(
  targets: readonly Target[],
  detections: readonly DetectionRow[],
  trace: Trace,
  options: ExplainOptions,
): Explanation[] {
  const proposals = trace.proposals.flat();
  const boxes = trace.boxes.flat();
  const foundBy = matchTargets(targets, detections, options);
  return targets.map((target, t) => {
    const proposalIou = bestOverlap(proposals, target.box);
    const detection = foundBy[t];
    if (detection >= 0) return { foundBy: detection, proposalIou };
    if (proposalIou < options.iou) return { loss: 'noProposal', proposalIou };
    return {
      proposalIou,
      ...lossAfterProposal(target, detections, trace, boxes, options),
    };
  });
}

/** For each target the detection that takes it, or −1. */
function matchTargets(
  targets: readonly Target[],
  detections: readonly DetectionRow[],
  { iou, threshold }: ExplainOptions,
): number[] {
  const foundBy = targets.map(() => -1);
  detections.forEach((row, d) => {
    if (row[5] < threshold) return;
    let best = -1;
    let bestIou = iou;
    targets.forEach(({ box, categoryId }, t) => {
      if (foundBy[t] >= 0 || categoryId !== row[4]) return;
      const overlap = intersectionOverUnion(row, 0, box, 0);
      if (overlap >= bestIou) [best, bestIou] = [t, overlap];
    });
    if (best >= 0) foundBy[best] = d;
  });
  return foundBy;
}

function lossAfterProposal(
  target: Target,
  detections: readonly DetectionRow[],
  { scores }: Trace,
  boxes: BoxArray,
  { iou, threshold, scoreThreshold }: ExplainOptions,
): Omit<Explanation, 'proposalIou'> {
  if (bestOverlap(boxes, target.box) < iou) return { loss: 'notClassified' };
  let own: { box: number; score: number } = { box: -1, score: 0 };
  let rival = { categoryId: -1, score: 0 };
  for (const [box, categoryId, score] of scores) {
    if (intersectionOverUnion(boxes, box, target.box, 0) < iou) continue;
    if (categoryId === target.categoryId) {
      if (score > own.score) own = { box, score };
    } else if (score > rival.score) rival = { categoryId, score };
  }
  if (rival.score > own.score && rival.score >= threshold) {
    return { loss: 'wrongClass', score: own.score, rival };
  }
  if (own.score < scoreThreshold) return { loss: 'lowScore', score: own.score };
  const isUnderThreshold = detections.some(
    (row) =>
      row[4] === target.categoryId &&
      row[5] < threshold &&
      intersectionOverUnion(row, 0, target.box, 0) >= iou,
  );
  if (isUnderThreshold) return { loss: 'underThreshold', score: own.score };
  return {
    loss: 'suppressed',
    score: own.score,
    ...winnerOver(boxes, own.box, target.categoryId, detections),
  };
}

/** The detection of the class that overlaps a box most. */
function winnerOver(
  boxes: BoxArray,
  box: number,
  categoryId: number,
  detections: readonly DetectionRow[],
): { winner?: number } {
  let winner = -1;
  let best = 0;
  detections.forEach((row, d) => {
    if (row[4] !== categoryId) return;
    const overlap = intersectionOverUnion(boxes, box, row, 0);
    if (overlap > best) [winner, best] = [d, overlap];
  });
  return winner >= 0 ? { winner } : {};
}

function bestOverlap(boxes: BoxArray, box: Box): number {
  let best = 0;
  for (let i = 0; i < boxes.length / 4; i++) {
    best = Math.max(best, intersectionOverUnion(boxes, i, box, 0));
  }
  return best;
}
