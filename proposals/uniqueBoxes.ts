import type { Hierarchy } from './groupRegions.js';

/** The boxes of all hierarchies, each once, with what is known of its regions. */
export interface UniqueBoxes {
  count: number;
  /** count × 4, whole pixels, in order of first appearance */
  boxes: Int32Array;
  /** Regions that have this box, over all hierarchies. */
  occurrences: Int32Array;
  /** Box of each node: hierarchies in order, nodes in order. */
  boxOfNode: Int32Array;
}

/** Equal boxes become one, found by a hash of their corners. */
export function uniqueBoxes(hierarchies: readonly Hierarchy[]): UniqueBoxes {
  let total = 0;
  for (const { nodes } of hierarchies) total += nodes;
  let capacity = 16;
  while (capacity < 2 * total) capacity *= 2;
  const table = new Int32Array(capacity).fill(-1);
  const boxes = new Int32Array(4 * total);
  const occurrences = new Int32Array(total);
  const boxOfNode = new Int32Array(total);
  let count = 0;
  let n = 0;
  for (const hierarchy of hierarchies) {
    const from = hierarchy.boxes;
    for (let p = 0; p < 4 * hierarchy.nodes; p += 4) {
      const x1 = from[p];
      const y1 = from[p + 1];
      const x2 = from[p + 2];
      const y2 = from[p + 3];
      let hash = Math.imul(x1, 0x9e3779b1) ^ Math.imul(y1, 0x85ebca77);
      hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae3d) ^ Math.imul(x2, 0x27d4eb2f);
      hash = Math.imul(hash ^ (hash >>> 13), 0x165667b1) ^ Math.imul(y2, 0x9e3779b1);
      let slot = (hash ^ (hash >>> 16)) & (capacity - 1);
      let box = table[slot];
      while (box >= 0) {
        const q = 4 * box;
        if (
          boxes[q] === x1 &&
          boxes[q + 1] === y1 &&
          boxes[q + 2] === x2 &&
          boxes[q + 3] === y2
        ) {
          break;
        }
        slot = (slot + 1) & (capacity - 1);
        box = table[slot];
      }
      if (box < 0) {
        box = count++;
        table[slot] = box;
        const q = 4 * box;
        boxes[q] = x1;
        boxes[q + 1] = y1;
        boxes[q + 2] = x2;
        boxes[q + 3] = y2;
      }
      occurrences[box]++;
      boxOfNode[n++] = box;
    }
  }
  return {
    count,
    boxes: boxes.slice(0, 4 * count),
    occurrences: occurrences.slice(0, count),
    boxOfNode,
  };
}
