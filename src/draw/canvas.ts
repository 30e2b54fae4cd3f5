import { DrawError } from './errors.js';

/** Red, green and blue, 0–255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A picture to draw on: RGB8, row-major, interleaved. */
export interface Canvas {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Pixels as they come: 1 (grey), 3 (RGB) or 4 (RGBA) values of 8 bits each. */
export interface DrawnImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: number;
}

/** How much of a pixel ink covers: a value of 0–255 each, row-major. */
export interface Mask {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * A copy of an image to draw on.
 *
 * @throws DrawError INVALID_IMAGE when size and data don't agree
 */
export function createCanvas({ data, width, height, channels }: DrawnImage): Canvas {
  const pixels = width * height;
  const isSound =
    Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!isSound || ![1, 3, 4].includes(channels) || data.length !== pixels * channels) {
    throw new DrawError(
      'INVALID_IMAGE',
      `an image of ${width}×${height} pixels and ${channels} channels (1, 3 or 4) cannot have ${data.length} values`,
    );
  }
  if (channels === 3) return { data: new Uint8Array(data), width, height };
  const rgb = new Uint8Array(3 * pixels);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + green];
    rgb[to + 2] = data[from + blue];
  }
  return { data: rgb, width, height };
}

/**
 * Fills the pixels of a half-open rectangle of whole numbers; what lies outside
 * the canvas is left out.
 *
 * @param opacity 0 (nothing) to 1 (the colour alone)
 */
export function fillRectangle(
  { data, width, height }: Canvas,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: Colour,
  opacity = 1,
): void {
  const left = Math.max(0, x1);
  const right = Math.min(width, x2);
  const bottom = Math.min(height, y2);
  const kept = 1 - opacity;
  const [red, green, blue] = colour.map((value) => value * opacity);
  for (let y = Math.max(0, y1); y < bottom; y++) {
    for (let x = left, at = 3 * (y * width + left); x < right; x++, at += 3) {
      data[at] = data[at] * kept + red + 0.5;
      data[at + 1] = data[at + 1] * kept + green + 0.5;
      data[at + 2] = data[at + 2] * kept + blue + 0.5;
    }
  }
}

/** Draws a rectangle's outline, `thickness` pixels wide, within the rectangle. */
export function strokeRectangle(
  canvas: Canvas,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  thickness: number,
  colour: Colour,
  opacity = 1,
): void {
  const top = Math.min(y1 + thickness, y2);
  const bottom = Math.max(y2 - thickness, top);
  const left = Math.min(x1 + thickness, x2);
  const right = Math.max(x2 - thickness, left);
  fillRectangle(canvas, x1, y1, x2, top, colour, opacity);
  fillRectangle(canvas, x1, bottom, x2, y2, colour, opacity);
  fillRectangle(canvas, x1, top, left, bottom, colour, opacity);
  fillRectangle(canvas, right, top, x2, bottom, colour, opacity);
}

/** Lays ink of a colour on the canvas, as much as the mask says at each pixel. */
export function inkMask(
  { data, width, height }: Canvas,
  mask: Mask,
  left: number,
  top: number,
  colour: Colour,
): void {
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(mask.height, height - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(mask.width, width - left);
  for (let row = firstRow; row < lastRow; row++) {
    let from = row * mask.width + firstColumn;
    let at = 3 * ((top + row) * width + left + firstColumn);
    for (let column = firstColumn; column < lastColumn; column++, from++, at += 3) {
      const ink = mask.data[from] / 255;
      if (ink === 0) continue;
      for (let c = 0; c < 3; c++) {
        data[at + c] += (colour[c] - data[at + c]) * ink;
      }
    }
  }
}
