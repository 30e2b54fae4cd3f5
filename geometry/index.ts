/**
 * Boxes, shared by every room of the house.
 *
 * A box is `[x1, y1, x2, y2]` in pixels, half-open: x1 ≤ x < x2, y1 ≤ y < y2,
 * x to the right, y down; its width is exactly x2 − x1. Formats whose corners
 * include their last pixel are converted once, on reading, so that nothing here
 * ever adds one.
 *
 * Lists of boxes are flat arrays of n×4 numbers: box i starts at 4·i.
 */
export type Box = [x1: number, y1: number, x2: number, y2: number];

/** n×4 numbers, row by row. */
export type BoxArray = ArrayLike<number>;

/** Area of box `i`; 0 for an empty or inverted box. */
export function boxArea(boxes: BoxArray, i = 0): number {
  const o = 4 * i;
  const width = boxes[o + 2] - boxes[o];
  const height = boxes[o + 3] - boxes[o + 1];
  return width > 0 && height > 0 ? width * height : 0;
}

/** Area common to box `i` of `a` and box `j` of `b`. */
export function intersectionArea(
  a: BoxArray,
  i: number,
  b: BoxArray,
  j: number,
): number {
  const p = 4 * i;
  const q = 4 * j;
  const width = Math.min(a[p + 2], b[q + 2]) - Math.max(a[p], b[q]);
  if (!(width > 0)) return 0;
  const height = Math.min(a[p + 3], b[q + 3]) - Math.max(a[p + 1], b[q + 1]);
  return height > 0 ? width * height : 0;
}

/**
 * Intersection over union of box `i` of `a` and box `j` of `b`, in [0, 1].
 * Two empty boxes have IoU 0.
 */
export function intersectionOverUnion(
  a: BoxArray,
  i: number,
  b: BoxArray,
  j: number,
): number {
  const common = intersectionArea(a, i, b, j);
  if (common === 0) return 0;
  return common / (boxArea(a, i) + boxArea(b, j) - common);
}
