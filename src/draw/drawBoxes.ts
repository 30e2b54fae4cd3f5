import type { BoxArray } from '../../geometry/index.js';
import { createCanvas, type DrawnImage } from './canvas.js';
import { rankColour } from './colours.js';
import { encodePicture, type PictureFormat } from './encodePicture.js';
import { lineWidth, outlineBox, pixelBox } from './outlineBox.js';

export interface DrawBoxesOptions extends PictureFormat {
  /** So many are drawn, the first ones. @default 100 */
  count?: number;
}

/**
 * Draws the best of a list of proposals on a photo, coloured by rank from yellow
 * (the first) over green and blue to violet; better ones lie on top.
 *
 * @param image an upright photo; it is not changed
 * @param boxes n×4 numbers, the best box first
 * @returns a JPEG or PNG file
 * @throws DrawError
 */
export function drawBoxes(
  image: DrawnImage,
  boxes: BoxArray,
  { count = 100, ...format }: DrawBoxesOptions = {},
): Promise<Buffer> {
  const canvas = createCanvas(image);
  const thickness = Math.max(1, Math.round(lineWidth(canvas) / 2));
  const drawn = Math.min(count, Math.floor(boxes.length / 4));
  for (let rank = drawn - 1; rank >= 0; rank--) {
    const box = [0, 1, 2, 3].map((corner) => boxes[4 * rank + corner]);
    outlineBox(canvas, pixelBox(box, canvas), thickness, rankColour(rank, drawn));
  }
  return encodePicture(canvas, format);
}
