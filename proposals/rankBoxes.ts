import type { Hierarchy } from './groupRegions.js';
import { randomNumbers } from './random.js';

export interface RankedBoxes {
  /** n × 4, whole pixels */
  boxes: Int32Array;
  /** n, descending */
  scores: Float32Array;
}

/**
 * The paper's order (Uijlings et al. 2013, section 4.3), as R-CNN used it: a
 * region's position in its hierarchy, 1 for the whole image, times a random
 * number; the smallest products first. Equal boxes count once, at their best.
 */
export function rankBoxes(
  hierarchies: readonly Hierarchy[],
  options: { seed: number },
): RankedBoxes {
  const random = randomNumbers(options.seed);
  let total = 0;
  for (const { nodes } of hierarchies) total += nodes;
  const boxes = new Int32Array(4 * total);
  const keys = new Float64Array(total);
  let n = 0;
  for (const { nodes, boxes: from } of hierarchies) {
    boxes.set(from, 4 * n);
    for (let node = 0; node < nodes; node++) keys[n + node] = (nodes - node) * random();
    n += nodes;
  }
  const order = new Uint32Array(total);
  for (let i = 0; i < total; i++) order[i] = i;
  order.sort((a, b) => keys[a] - keys[b] || a - b);
  const seen = new Set<string>();
  const kept: number[] = [];
  for (const i of order) {
    const key = boxes.subarray(4 * i, 4 * i + 4).join();
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(i);
  }
  const ranked = new Int32Array(4 * kept.length);
  const scores = new Float32Array(kept.length);
  kept.forEach((from, i) => {
    ranked.set(boxes.subarray(4 * from, 4 * from + 4), 4 * i);
    scores[i] = 1 - i / kept.length;
  });
  return { boxes: ranked, scores };
}
