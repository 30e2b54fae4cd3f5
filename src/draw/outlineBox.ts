import type { Box } from '../../geometry/index.js';
import { strokeRectangle, type Canvas, type Colour } from './canvas.js';
import { DrawError } from './errors.js';

const DARK: Colour = [0, 0, 0];
const RIM_OPACITY = 0.55;

/**
 * A box in whole pixels within the canvas, at least one pixel large.
 *
 * @throws DrawError INVALID_BOX when a corner is no finite number
 */
export function pixelBox(
  box: ArrayLike<number>,
  { width, height }: Pick<Canvas, 'width' | 'height'>,
): Box {
  const corners = [box[0], box[1], box[2], box[3]];
  if (!corners.every(Number.isFinite)) {
    throw new DrawError(
      'INVALID_BOX',
      `a box cannot have corners ${corners.join(', ')}`,
    );
  }
  const x1 = within(Math.round(corners[0]), 0, width - 1);
  const y1 = within(Math.round(corners[1]), 0, height - 1);
  const x2 = within(Math.round(corners[2]), x1 + 1, width);
  const y2 = within(Math.round(corners[3]), y1 + 1, height);
  return [x1, y1, x2, y2];
}

/**
 * Outlines a box in a colour, with a thin dark rim on both sides of the line, so
 * that it shows on ground of its own colour. The line lies within the box.
 */
export function outlineBox(
  canvas: Canvas,
  [x1, y1, x2, y2]: Box,
  thickness: number,
  colour: Colour,
): void {
  const rim = Math.max(1, Math.round(thickness / 4));
  strokeRectangle(
    canvas,
    x1 - rim,
    y1 - rim,
    x2 + rim,
    y2 + rim,
    rim,
    DARK,
    RIM_OPACITY,
  );
  strokeRectangle(canvas, x1, y1, x2, y2, thickness, colour);
  if (Math.min(x2 - x1, y2 - y1) <= 4 * thickness) return;
  const [left, top] = [x1 + thickness, y1 + thickness];
  const [right, bottom] = [x2 - thickness, y2 - thickness];
  strokeRectangle(canvas, left, top, right, bottom, rim, DARK, RIM_OPACITY);
}

/** A line's width for a photo: about a 300th of its longer side, 2 px or more. */
export function lineWidth({ width, height }: Canvas): number {
  return Math.max(2, Math.round(Math.max(width, height) / 300));
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
