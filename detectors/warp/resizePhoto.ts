import type { Tensor } from '../weights/weights.js';
import { channelCount, greyOf, type Photo, type Preprocessing } from './photo.js';
import { enlarge, shrinkByArea } from './resizePixels.js';

/**
 * The least side of a network's input: with fewer pixels GoogLeNet's pools run
 * out of cells. Thinner photos get a margin of the mean at the right or bottom.
 */
const MIN_SIDE = 32;

/** A photo as a network's input. */
export interface ResizedPhoto {
  /** [1, 3 or 1, height, width], planar, minus the mean. */
  input: Tensor;
  /** Input pixels per photo pixel. */
  scaleX: number;
  scaleY: number;
}

/**
 * The whole photo as a network's input, its longest side at `longSide` pixels
 * (the other side rounded): area means when shrinking, bilinear when enlarging.
 * Pixels stay whole numbers, as they were in training.
 */
export function resizePhoto(
  photo: Photo,
  longSide: number,
  preprocessing: Preprocessing,
): ResizedPhoto {
  const scale = longSide / Math.max(photo.width, photo.height);
  const width = Math.max(1, Math.round(photo.width * scale));
  const height = Math.max(1, Math.round(photo.height * scale));
  const resized =
    scale > 1
      ? enlarge(photo, width, height)
      : scale < 1
        ? shrinkByArea(photo, width, height)
        : photo;
  const inputWidth = Math.max(width, MIN_SIDE);
  const inputHeight = Math.max(height, MIN_SIDE);
  const plane = inputWidth * inputHeight;
  const { mean, channels } = preprocessing;
  const count = channelCount(channels);
  const data = new Float32Array(count * plane);
  const pixels = resized.data;
  for (let c = 0; c < count; c++) {
    const offset = mean[c];
    for (let y = 0; y < height; y++) {
      const to = c * plane + y * inputWidth;
      const first = 3 * width * y;
      if (channels === 'grey') {
        for (let x = 0, from = first; x < width; x++, from += 3) {
          data[to + x] =
            greyOf(pixels[from], pixels[from + 1], pixels[from + 2]) - offset;
        }
        continue;
      }
      let from = first + (channels === 'BGR' ? 2 - c : c);
      for (let x = 0; x < width; x++, from += 3) {
        data[to + x] = pixels[from] - offset;
      }
    }
  }
  return {
    input: { shape: [1, count, inputHeight, inputWidth], data },
    scaleX: width / photo.width,
    scaleY: height / photo.height,
  };
}
