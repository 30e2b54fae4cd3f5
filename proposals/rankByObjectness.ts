import { EdgeDensity } from './edgeDensity.js';
import type { Hierarchy } from './groupRegions.js';
import type { RgbImage } from './image.js';
import { inOrder, type RankedBoxes } from './rankByPosition.js';
import { sortDescending } from './sortDescending.js';
import { uniqueBoxes } from './uniqueBoxes.js';

/**
 * Weights of the cues, rounded; chosen on photos that no figure is reported on.
 * Each cue alone is plain: objects have structure inside, are made late in the
 * grouping, by many runs, fill their boxes, aren't slivers, and are seldom specks.
 */
const EDGES = 1.2;
const POSITION = 0.4;
const OCCURRENCES = 0.4;
const FILL = 2;
const ASPECT = 0.5;
const SMALLNESS = 0.03;
/**
 * What a box loses for better boxes like it, each time weight · ln(1 + their number, up
 * to a most, so that the best of many alike still come before the worst alone): for
 * those much like it, and for those like it at all. After the first HEAD boxes, new
 * places matter less and a closer fit more.
 */
const CLOSE = { ratio: 1.2, weight: 1.5, most: 4 };
const LOOSE = { ratio: 1.5, weight: 2.5, tailWeight: 1, most: 1.5 };
const HEAD = 1000;

/**
 * Order without learning or chance. A box's score is the logarithm of a product
 * of cues: edge density inside it, position in its hierarchies (mean over those
 * it occurs in), how often it occurs, how much of it its region fills, its aspect
 * ratio and area. Then boxes are spread: each loses by the number of better ones like it.
 *
 * @param image smoothed RGB8 that the hierarchies were made from
 */
export function rankByObjectness(
  hierarchies: readonly Hierarchy[],
  image: RgbImage,
): RankedBoxes {
  const { count, boxes, occurrences, boxOfNode } = uniqueBoxes(hierarchies);
  const positions = new Float64Array(count);
  const fills = new Float64Array(count);
  let most = 0;
  for (const { nodes } of hierarchies) most = Math.max(most, nodes);
  const logarithms = Float64Array.from({ length: most + 1 }, (_, i) => Math.log(i));
  let n = 0;
  for (const { nodes, sizes } of hierarchies) {
    for (let node = 0; node < nodes; node++, n++) {
      const box = boxOfNode[n];
      positions[box] += logarithms[nodes - node];
      if (sizes[node] > fills[box]) fills[box] = sizes[node];
    }
  }
  const edges = new EdgeDensity(image);
  const pixels = image.width * image.height;
  const keys = new Float32Array(count);
  for (let i = 0, p = 0; i < count; i++, p += 4) {
    const width = boxes[p + 2] - boxes[p];
    const height = boxes[p + 3] - boxes[p + 1];
    const area = width * height;
    const density = edges.mean(boxes[p], boxes[p + 1], boxes[p + 2], boxes[p + 3]);
    const share = Math.log(area / pixels);
    keys[i] =
      // 0.3 grey levels: below, all is flat.
      EDGES * Math.log(density + 0.3) -
      (POSITION * positions[i]) / occurrences[i] +
      OCCURRENCES * Math.log(occurrences[i]) +
      (FILL * fills[i]) / area -
      ASPECT * Math.abs(Math.log(width / height)) -
      SMALLNESS * share * share;
  }
  return inOrder(boxes, spread(boxes, keys));
}

/** Of a side: no image has more than 2³¹ pixels in a row. */
const LONGEST_LOGARITHM = 31 * Math.LN2;
/** Grids of cells, shifted against each other by a quarter cell. */
const GRIDS = 4;

/**
 * Keys with what crowding takes from them: what non-maximum suppression does, in
 * linear time and without a threshold.
 */
function spread(boxes: Int32Array, keys: Float32Array): Float32Array {
  const count = keys.length;
  const order = sortDescending(keys);
  const places = placesOf(boxes, order);
  const close = countAlike(places, CLOSE.ratio);
  const loose = countAlike(places, LOOSE.ratio);
  const spreadKeys = new Float32Array(count);
  const tailKeys = new Float32Array(count);
  for (let rank = 0; rank < count; rank++) {
    const i = order[rank];
    const crowd = Math.log(1 + Math.min(loose[rank] / GRIDS, LOOSE.most));
    const key =
      keys[i] - CLOSE.weight * Math.log(1 + Math.min(close[rank] / GRIDS, CLOSE.most));
    spreadKeys[i] = key - LOOSE.weight * crowd;
    tailKeys[i] = key - LOOSE.tailWeight * crowd;
  }
  if (count <= HEAD) return spreadKeys;
  const spreadOrder = sortDescending(spreadKeys);
  let best = -Infinity;
  for (let i = HEAD; i < count; i++) {
    const tailKey = tailKeys[spreadOrder[i]];
    spreadKeys[spreadOrder[i]] = tailKey;
    if (tailKey > best) best = tailKey;
  }
  // The tail comes after the head: its keys are lowered under the head's last.
  const last = spreadKeys[spreadOrder[HEAD - 1]];
  for (let i = HEAD; i < count; i++) spreadKeys[spreadOrder[i]] += last - best;
  return spreadKeys;
}

/** Logarithms of the sides and the centre of each box, four numbers a box, in order. */
function placesOf(boxes: Int32Array, order: Int32Array): Float32Array {
  const places = new Float32Array(4 * order.length);
  for (let i = 0, to = 0; i < order.length; i++, to += 4) {
    const p = 4 * order[i];
    const width = boxes[p + 2] - boxes[p];
    const height = boxes[p + 3] - boxes[p + 1];
    places[to] = Math.log(width);
    places[to + 1] = Math.log(height);
    places[to + 2] = boxes[p] + width / 2;
    places[to + 3] = boxes[p + 1] + height / 2;
  }
  return places;
}

/**
 * How many boxes before each are like it: sides and centres fall into one cell of a grid
 * whose cells grow by `ratio`; the sum over the grids.
 */
function countAlike(places: Float32Array, ratio: number): Int32Array {
  const count = places.length >> 2;
  let capacity = 16;
  while (capacity < 2 * count) capacity *= 2;
  /** A cell's hash, which stands for it (0 is none), and how many it has. */
  const cells = new Int32Array(2 * capacity);
  const alike = new Int32Array(count);
  const perCell = 1 / Math.log(ratio);
  for (let grid = 0; grid < GRIDS; grid++) {
    const shift = grid / GRIDS;
    // Cell sizes of the centres by the cell of the side (side cells start at 0).
    const centreCells = Float64Array.from(
      { length: Math.ceil(LONGEST_LOGARITHM * perCell) + 1 },
      (_, cell) => 1 / (Math.exp((cell + 0.5 - shift) / perCell) * (ratio - 1)),
    );
    cells.fill(0);
    for (let i = 0, p = 0; i < count; i++, p += 4) {
      const a = (places[p] * perCell + shift) | 0;
      const b = (places[p + 1] * perCell + shift) | 0;
      const x = (places[p + 2] * centreCells[a] + shift) | 0;
      const y = (places[p + 3] * centreCells[b] + shift) | 0;
      let hash = Math.imul(a * 1024 + b, 0x9e3779b1) ^ Math.imul(x, 0x85ebca77);
      hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae3d) ^ Math.imul(y, 0x27d4eb2f);
      hash = (Math.imul(hash ^ (hash >>> 13), 0x165667b1) ^ (hash >>> 16)) | 1;
      let slot = hash & (2 * capacity - 2);
      while (cells[slot] !== 0 && cells[slot] !== hash)
        slot = (slot + 2) & (2 * capacity - 2);
      cells[slot] = hash;
      alike[i] += cells[slot + 1]++;
    }
  }
  return alike;
}
