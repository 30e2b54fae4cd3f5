import type { Hierarchy } from './groupRegions.js';
import { randomNumbers } from './random.js';
import { sortDescending } from './sortDescending.js';
import { uniqueBoxes } from './uniqueBoxes.js';

export interface RankedBoxes {
  /** n × 4, whole pixels, best first */
  boxes: Int32Array;
  /** n, descending */
  scores: Float32Array;
}

/**
 * The paper's order (Uijlings et al. 2013, section 4.3), as R-CNN used it: a
 * region's position in its hierarchy, 1 for the whole image, times a random
 * number; the smallest products first. Equal boxes count once, at their best.
 *
 * @param seed of the random numbers
 */
export function rankByPosition(
  hierarchies: readonly Hierarchy[],
  seed: number,
): RankedBoxes {
  const { count, boxes, boxOfNode } = uniqueBoxes(hierarchies);
  const random = randomNumbers(seed);
  const keys = new Float32Array(count).fill(-Infinity);
  let n = 0;
  for (const { nodes } of hierarchies) {
    for (let node = 0; node < nodes; node++, n++) {
      const key = -(nodes - node) * random();
      if (key > keys[boxOfNode[n]]) keys[boxOfNode[n]] = key;
    }
  }
  return inOrder(boxes, keys);
}

/** Boxes and keys sorted by descending key. */
export function inOrder(boxes: Int32Array, keys: Float32Array): RankedBoxes {
  const order = sortDescending(keys);
  const sorted = new Int32Array(boxes.length);
  const scores = new Float32Array(keys.length);
  for (let i = 0; i < order.length; i++) {
    const from = 4 * order[i];
    scores[i] = keys[order[i]];
    sorted[4 * i] = boxes[from];
    sorted[4 * i + 1] = boxes[from + 1];
    sorted[4 * i + 2] = boxes[from + 2];
    sorted[4 * i + 3] = boxes[from + 3];
  }
  return { boxes: sorted, scores };
}
