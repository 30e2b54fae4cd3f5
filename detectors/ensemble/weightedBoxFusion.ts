import { intersectionOverUnion, type Box } from '../../geometry/index.js';
import type { Detection } from '../pipeline/detections.js';
import { orderByScore } from '../suppression/nonMaximumSuppression.js';

export interface WeightedBoxFusionOptions {
  /** A box joins the fused box that it overlaps most, if by more than this IoU. @default 0.55 */
  iouThreshold?: number;
}

/** Boxes of one class that are taken for the same object, and their fused box. */
interface Cluster {
  /** Score-weighted mean of the boxes. */
  box: Box;
  /** Sums over the boxes: of their scores, and of their coordinates times scores. */
  scores: number;
  weighted: Box;
  count: number;
}

/**
 * Merges the detections of several detectors about one photo by weighted box fusion
 * (Solovyev et al. 2021, §3): best first, each box joins the fused box of its class
 * that it overlaps most, or begins one; a fused box is the score-weighted mean of its
 * boxes, its score their mean, lowered where fewer boxes than detectors agree.
 *
 * @param lists detections by detector
 * @returns best first; ties keep the order of class ids, then of fusion
 */
export function weightedBoxFusion(
  lists: readonly (readonly Detection[])[],
  options: WeightedBoxFusionOptions = {},
): Detection[] {
  const { iouThreshold = 0.55 } = options;
  const byClass = new Map<number, Detection[]>();
  for (const detection of lists.flat()) {
    const found = byClass.get(detection.classId);
    if (found) found.push(detection);
    else byClass.set(detection.classId, [detection]);
  }
  const fused: Detection[] = [];
  for (const classId of [...byClass.keys()].sort((a, b) => a - b)) {
    const detections = byClass.get(classId)!;
    const { className } = detections[0];
    for (const { box, scores, count } of cluster(detections, iouThreshold)) {
      const agreeing = Math.min(count, lists.length) / lists.length;
      fused.push({ box, classId, className, score: (scores / count) * agreeing });
    }
  }
  return Array.from(orderByScore(fused.map(({ score }) => score)), (i) => fused[i]);
}

function cluster(detections: readonly Detection[], iouThreshold: number): Cluster[] {
  const clusters: Cluster[] = [];
  for (const i of orderByScore(detections.map(({ score }) => score))) {
    const { box, score } = detections[i];
    let best: Cluster | undefined;
    let bestIou = iouThreshold;
    for (const candidate of clusters) {
      const iou = intersectionOverUnion(candidate.box, 0, box, 0);
      if (iou > bestIou) [best, bestIou] = [candidate, iou];
    }
    if (!best) {
      best = { box, scores: 0, weighted: [0, 0, 0, 0], count: 0 };
      clusters.push(best);
    }
    best.count++;
    best.scores += score;
    for (let k = 0; k < 4; k++) best.weighted[k] += score * box[k];
    const { scores } = best;
    best.box = best.weighted.map((sum) => sum / scores) as Box;
  }
  return clusters;
}
