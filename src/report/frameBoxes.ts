import type { Box } from '../../geometry/index.js';

/** Width / height of the pictures of examples. */
const ASPECT = 4 / 3;
/** The boxes fill so much of the frame, to leave their surroundings visible. */
const FILL = 0.6;
/** No frame is narrower than this part of the photo's longest side. */
const LEAST = 0.25;

/**
 * The part of a photo to show for some boxes: four wide to three high, with context
 * around the boxes, inside the photo as far as it is large enough.
 *
 * @param size of the photo, in the boxes' pixels
 */
export function frameBoxes(
  boxes: readonly Readonly<Box>[],
  size: { width: number; height: number },
): Box {
  const { width, height } = size;
  if (boxes.length === 0) return [0, 0, width, height];
  const x1 = Math.min(...boxes.map((box) => box[0]));
  const y1 = Math.min(...boxes.map((box) => box[1]));
  const x2 = Math.max(...boxes.map((box) => box[2]));
  const y2 = Math.max(...boxes.map((box) => box[3]));
  const wanted = Math.max(
    (x2 - x1) / FILL,
    ((y2 - y1) / FILL) * ASPECT,
    LEAST * Math.max(width, height),
  );
  const w = Math.min(wanted, width);
  const h = Math.min(wanted / ASPECT, height);
  const left = clamp((x1 + x2 - w) / 2, 0, width - w);
  const top = clamp((y1 + y2 - h) / 2, 0, height - h);
  return [left, top, left + w, top + h];
}

const clamp = (value: number, low: number, high: number) =>
  Math.min(Math.max(value, low), high);
