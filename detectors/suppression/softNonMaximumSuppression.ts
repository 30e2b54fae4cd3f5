import { intersectionOverUnion, type BoxArray } from '../../geometry/index.js';

export interface SoftNonMaximumSuppressionOptions {
  /** Width of the Gaussian penalty. @default 0.5 */
  sigma?: number;
  /** Boxes whose score falls below this are dropped. */
  scoreThreshold: number;
}

/**
 * Soft-NMS (Bodla et al. 2017, §4): instead of dropping the neighbours of a
 * taken box, their scores fall by exp(−IoU² / sigma).
 *
 * @param boxes n×4
 * @param scores n; ties are broken by index
 * @returns the kept boxes, best first, with their new scores
 */
export function softNonMaximumSuppression(
  boxes: BoxArray,
  scores: ArrayLike<number>,
  options: SoftNonMaximumSuppressionOptions,
): { index: number; score: number }[] {
  const { sigma = 0.5, scoreThreshold } = options;
  const current = Float64Array.from(scores);
  const open = Array.from(current.keys());
  const kept: { index: number; score: number }[] = [];
  while (open.length > 0) {
    let best = 0;
    for (let i = 1; i < open.length; i++) {
      if (current[open[i]] > current[open[best]]) best = i;
    }
    const [index] = open.splice(best, 1);
    const score = current[index];
    if (score < scoreThreshold) break;
    kept.push({ index, score });
    for (const other of open) {
      const iou = intersectionOverUnion(boxes, index, boxes, other);
      if (iou > 0) current[other] *= Math.exp((-iou * iou) / sigma);
    }
  }
  return kept;
}
