import type { Box } from '../../geometry/index.js';
import { intersectionArea } from '../../geometry/index.js';

/** A label's size and the box that it is for, in whole pixels. */
export interface LabelRequest {
  box: Box;
  width: number;
  height: number;
}

/** Down the side of a tall box so many places are tried. */
const MAX_STEPS = 20;

/**
 * Where labels go: above the box at its left if there is room, else at another
 * of its corners, inside or outside, else beside it or further along it; always within
 * the photo, and where no place is free of other labels, where they overlap
 * least. Earlier labels choose first.
 *
 * @returns a box for each label; labels larger than the photo start at its edge
 */
export function placeLabels(
  labels: readonly LabelRequest[],
  photoWidth: number,
  photoHeight: number,
): Box[] {
  const placed: Box[] = [];
  for (const { box, width, height } of labels) {
    let best: Box | undefined;
    let bestOverlap = Infinity;
    for (const [left, top] of places(box, width, height)) {
      if (top < 0 || top + height > photoHeight) continue;
      const x = clamp(left, photoWidth - width);
      const place: Box = [x, top, x + width, top + height];
      const overlap = overlapWith(placed, place);
      if (overlap < bestOverlap) [best, bestOverlap] = [place, overlap];
      if (overlap === 0) break;
    }
    placed.push(best ?? fallback(box, width, height, photoWidth, photoHeight));
  }
  return placed;
}

/** Left and top of the places for a label, the best first. */
function* places(
  [x1, y1, x2, y2]: Box,
  width: number,
  height: number,
): Generator<[left: number, top: number]> {
  const right = x2 - width;
  yield [x1, y1 - height];
  yield [x1, y1];
  yield [right, y1 - height];
  yield [right, y1];
  yield [x1, y2];
  yield [x1, y2 - height];
  yield [right, y2];
  yield [right, y2 - height];
  yield [x2, y1];
  yield [x1 - width, y1];
  const steps = Math.min(MAX_STEPS, Math.floor((y2 - y1) / height) - 1);
  for (let step = 1; step <= steps; step++) {
    yield [x1, y1 + step * height];
    yield [right, y1 + step * height];
  }
  // Beside the box and over its other labels.
  for (let step = 1; step <= 3; step++) {
    yield [x1, y1 - height * (step + 1)];
    yield [x1, y2 + height * step];
  }
}

function fallback(
  [x1, y1]: Box,
  width: number,
  height: number,
  photoWidth: number,
  photoHeight: number,
): Box {
  const x = clamp(x1, photoWidth - width);
  const y = clamp(y1, photoHeight - height);
  return [x, y, x + width, y + height];
}

/** Into [0, most], or 0 when there is no room at all. */
function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

function overlapWith(placed: readonly Box[], place: Box): number {
  return placed.reduce((sum, other) => sum + intersectionArea(other, 0, place, 0), 0);
}
