import { intersectionOverUnion, type BoxArray } from '../../geometry/index.js';

export interface NonMaximumSuppressionOptions {
  /**
   * A box is dropped when its IoU with a better, kept one is greater than this
   * (equal is kept).
   */
  iouThreshold: number;
  /** Stop after so many kept boxes. @default all */
  maxOutputs?: number;
}

/** Indices 0 … n − 1 by falling score; ties keep their order. */
export function orderByScore(scores: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(scores.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => scores[b] - scores[a] || a - b);
}

/**
 * Greedy non-maximum suppression: takes boxes by falling score and drops those
 * that overlap a taken one too much.
 *
 * @param boxes n×4
 * @param scores n; ties are broken by index
 * @returns indices of the kept boxes, best first
 */
export function nonMaximumSuppression(
  boxes: BoxArray,
  scores: ArrayLike<number>,
  options: NonMaximumSuppressionOptions,
): number[] {
  const { iouThreshold, maxOutputs = Infinity } = options;
  const kept: number[] = [];
  for (const candidate of orderByScore(scores)) {
    if (kept.length >= maxOutputs) break;
    let isFree = true;
    for (let k = 0; k < kept.length && isFree; k++) {
      isFree = intersectionOverUnion(boxes, candidate, boxes, kept[k]) <= iouThreshold;
    }
    if (isFree) kept.push(candidate);
  }
  return kept;
}
