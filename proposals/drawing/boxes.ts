import type { BoxArray } from '../../geometry/index.js';
import { toRgb, type PixelImage, type RgbImage } from '../image.js';

export interface DrawBoxesOptions {
  /**
   * Draw the first so many boxes.
   * @default all
   */
  count?: number;
  /**
   * Width of the lines, pixels.
   * @default 2
   */
  lineWidth?: number;
}

/**
 * The image with the outlines of boxes, n×4 and best first, inside their edges:
 * the best in yellow, later ones towards dark red, and the best on top.
 */
export function drawBoxes(
  image: PixelImage,
  boxes: BoxArray,
  options: DrawBoxesOptions = {},
): RgbImage {
  const { count = Infinity, lineWidth = 2 } = options;
  const rgb = toRgb(image);
  const { width, height } = rgb;
  const data = Uint8Array.from(rgb.data);
  const n = Math.min(boxes.length >> 2, count);
  for (let i = n - 1; i >= 0; i--) {
    const share = n > 1 ? i / (n - 1) : 0;
    const colour = [255 - 100 * share, 230 * (1 - share), 20];
    const x1 = Math.max(0, Math.round(boxes[4 * i]));
    const y1 = Math.max(0, Math.round(boxes[4 * i + 1]));
    const x2 = Math.min(width, Math.round(boxes[4 * i + 2]));
    const y2 = Math.min(height, Math.round(boxes[4 * i + 3]));
    for (let y = y1; y < y2; y++) {
      const whole = y < y1 + lineWidth || y >= y2 - lineWidth;
      for (let x = x1; x < x2; x++) {
        // Jump over the inside.
        if (!whole && x === x1 + lineWidth) x = Math.max(x, x2 - lineWidth);
        if (x < x2) data.set(colour, 3 * (y * width + x));
      }
    }
  }
  return { data, width, height, channels: 3 };
}
