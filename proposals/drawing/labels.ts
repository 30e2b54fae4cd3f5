import { ProposalError } from '../errors.js';
import { toRgb, type PixelImage, type RgbImage } from '../image.js';

/** Labels of pixels, as superpixels and cut hierarchies have them. */
export interface LabelMap {
  labels: Int32Array;
  count: number;
}

/**
 * The image with each region painted in its mean colour.
 *
 * @throws ProposalError INVALID_IMAGE when labels and image don't have the same pixels
 */
export function drawMeanColours(
  image: PixelImage,
  { labels, count }: LabelMap,
): RgbImage {
  const rgb = toRgb(image);
  checkLabels(labels, rgb);
  const sums = new Float64Array(4 * count);
  for (let i = 0, p = 0; i < labels.length; i++, p += 3) {
    const s = 4 * labels[i];
    sums[s] += rgb.data[p];
    sums[s + 1] += rgb.data[p + 1];
    sums[s + 2] += rgb.data[p + 2];
    sums[s + 3]++;
  }
  const data = new Uint8Array(3 * labels.length);
  for (let i = 0, p = 0; i < labels.length; i++, p += 3) {
    const s = 4 * labels[i];
    data[p] = sums[s] / sums[s + 3] + 0.5;
    data[p + 1] = sums[s + 1] / sums[s + 3] + 0.5;
    data[p + 2] = sums[s + 2] / sums[s + 3] + 0.5;
  }
  return { data, width: rgb.width, height: rgb.height, channels: 3 };
}

/** Each region in its own colour; neighbouring labels get hues far apart. */
export function drawLabels(
  { labels, count }: LabelMap,
  width: number,
  height: number,
): RgbImage {
  checkLabels(labels, { width, height });
  const palette = new Uint8Array(3 * count);
  for (let label = 0; label < count; label++) {
    // Steps of the golden ratio never come close to an earlier hue.
    const hue = 6 * ((label * 0.618033988749895) % 1);
    const light = label % 3 === 0 ? 1 : label % 3 === 1 ? 0.8 : 0.6;
    for (let c = 0; c < 3; c++) {
      const away = Math.abs(((hue + 2 * c) % 6) - 3);
      palette[3 * label + c] =
        255 * light * (0.25 + 0.75 * Math.min(1, Math.max(0, away - 1)));
    }
  }
  const data = new Uint8Array(3 * labels.length);
  for (let i = 0; i < labels.length; i++) {
    data.set(palette.subarray(3 * labels[i], 3 * labels[i] + 3), 3 * i);
  }
  return { data, width, height, channels: 3 };
}

/**
 * The image with the last pixel before each region's right and lower border in `colour`.
 *
 * @throws ProposalError INVALID_IMAGE when labels and image don't have the same pixels
 */
export function drawBoundaries(
  image: PixelImage,
  { labels }: LabelMap,
  colour: readonly [number, number, number] = [255, 255, 0],
): RgbImage {
  const rgb = toRgb(image);
  const { width, height } = rgb;
  checkLabels(labels, rgb);
  const data = Uint8Array.from(rgb.data);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const right = x < width - 1 && labels[i] !== labels[i + 1];
      const below = y < height - 1 && labels[i] !== labels[i + width];
      if (right || below) data.set(colour, 3 * i);
    }
  }
  return { data, width, height, channels: 3 };
}

function checkLabels(
  labels: Int32Array,
  image: { width: number; height: number },
): void {
  if (labels.length === image.width * image.height) return;
  throw new ProposalError(
    'INVALID_IMAGE',
    `${labels.length} labels don't fit ${image.width}×${image.height} pixels; shrink the image to the size that the labels were made at`,
    'labels',
  );
}
