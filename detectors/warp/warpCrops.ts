import type { BoxArray } from '../../geometry/index.js';
import { cropLength, greyOf, type Photo, type Preprocessing } from './photo.js';

export interface WarpOptions extends Preprocessing {
  /** Side of the square crops, S. */
  side: number;
  /** Context on each side of the box, as a part of S: p = context · S. */
  context: number;
}

/**
 * A photo and its halves, made when first asked for: each level is the level
 * below averaged over 2×2 pixels (an odd last row or column is left out, so that
 * level k is at a scale of exactly 2^−k).
 */
export class PhotoPyramid {
  readonly #levels: Photo[];

  constructor(photo: Photo) {
    this.#levels = [photo];
  }

  /** Level `k` ≥ 0, or the last one that still has a pixel. */
  level(k: number): Photo {
    while (this.#levels.length <= k) {
      const last = this.#levels[this.#levels.length - 1];
      if (last.width < 2 || last.height < 2) break;
      this.#levels.push(halve(last));
    }
    return this.#levels[Math.min(k, this.#levels.length - 1)];
  }

  get photo(): Photo {
    return this.#levels[0];
  }
}

function halve({ data, width, height }: Photo): Photo {
  const w = width >> 1;
  const h = height >> 1;
  const half = new Uint8Array(3 * w * h);
  const row = 3 * width;
  for (let y = 0, to = 0; y < h; y++) {
    let from = 2 * y * row;
    for (let x = 0; x < w; x++, from += 6) {
      for (let c = 0; c < 3; c++, to++) {
        const a = from + c;
        half[to] = (data[a] + data[a + 3] + data[a + row] + data[a + row + 3] + 2) >> 2;
      }
    }
  }
  return { data: half, width: w, height: h };
}

/**
 * Warps boxes of a photo to square crops, as R-CNN does (Girshick et al. 2014,
 * appendix A): the box fills the inner square [p, S − p) of an S×S crop, both
 * axes scaled apart, with what lies around it in the photo as context. Crop
 * pixel u samples the photo at x1 + (u + ½ − p) · (x2 − x1) / (S − 2p),
 * bilinearly. Where a crop shrinks the photo by 2 or more in both axes, it
 * samples the photo halved as often. Outside the photo is the mean. Pixels are
 * rounded to whole numbers, as they were in training.
 *
 * @param boxes n×4 in pixels of the photo
 * @param into n × `cropLength` numbers are written here: [n, 3 or 1, S, S], planar,
 *   minus the mean
 */
export function warpCrops(
  pyramid: PhotoPyramid,
  boxes: BoxArray,
  options: WarpOptions,
  into: Float32Array,
): void {
  const { side, context, channels } = options;
  const length = cropLength(channels, side);
  // A network that sees grey gets the grey of a crop in colours.
  const isGrey = channels === 'grey';
  const [mean] = options.mean;
  const coloured: WarpOptions = isGrey
    ? { ...options, channels: 'RGB', mean: [mean, mean, mean] }
    : options;
  const crop = isGrey ? new Float32Array(cropLength('RGB', side)) : into;
  const margin = context * side;
  const inner = side - 2 * margin;
  const columns = new SampledAxis(side);
  const count = boxes.length / 4;
  for (let i = 0; i < count; i++) {
    const x1 = boxes[4 * i];
    const y1 = boxes[4 * i + 1];
    const stepX = (boxes[4 * i + 2] - x1) / inner;
    const stepY = (boxes[4 * i + 3] - y1) / inner;
    const shrink = Math.min(stepX, stepY);
    const wanted = shrink >= 2 ? Math.floor(Math.log2(shrink)) : 0;
    const photo = pyramid.level(wanted);
    const scale = photo === pyramid.photo ? 1 : levelScale(pyramid.photo, photo);
    // Photo position of crop pixel 0's centre, less ½: an index into the pixels.
    const startX = (x1 + (0.5 - margin) * stepX) * scale - 0.5;
    const startY = (y1 + (0.5 - margin) * stepY) * scale - 0.5;
    columns.place(startX, stepX * scale, photo.width);
    const to = i * length;
    const offset = isGrey ? 0 : to;
    warpOne(photo, columns, startY, stepY * scale, coloured, crop, offset);
    for (let p = 0; isGrey && p < length; p++) {
      const red = crop[p] + mean;
      const green = crop[p + length] + mean;
      const blue = crop[p + 2 * length] + mean;
      into[to + p] = greyOf(red, green, blue) - mean;
    }
  }
}

/** The power of ½ that leads from the photo to one of its halves. */
function levelScale(photo: Photo, level: Photo): number {
  let scale = 1;
  for (
    let { width, height } = photo;
    width !== level.width || height !== level.height;
  ) {
    width >>= 1;
    height >>= 1;
    scale /= 2;
  }
  return scale;
}

/** For each crop column: its two photo columns (in bytes) and their weights. */
class SampledAxis {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly leftWeight: Float64Array;
  readonly rightWeight: Float64Array;

  constructor(readonly side: number) {
    this.left = new Int32Array(side);
    this.right = new Int32Array(side);
    this.leftWeight = new Float64Array(side);
    this.rightWeight = new Float64Array(side);
  }

  place(start: number, step: number, width: number): void {
    for (let u = 0; u < this.side; u++) {
      const x = start + u * step;
      const low = Math.floor(x);
      const fraction = x - low;
      const isLow = low >= 0 && low < width;
      const isHigh = low + 1 >= 0 && low + 1 < width;
      this.left[u] = isLow ? 3 * low : 0;
      this.right[u] = isHigh ? 3 * (low + 1) : 0;
      this.leftWeight[u] = isLow ? 1 - fraction : 0;
      this.rightWeight[u] = isHigh ? fraction : 0;
    }
  }
}

function warpOne(
  photo: Photo,
  columns: SampledAxis,
  startY: number,
  stepY: number,
  options: WarpOptions,
  into: Float32Array,
  offset: number,
): void {
  const { side, mean, channels } = options;
  const { data, width, height } = photo;
  const plane = side * side;
  // The planes in the network's order, the means in the photo's (R, G, B).
  const isBgr = channels === 'BGR';
  const red = offset + (isBgr ? 2 * plane : 0);
  const green = offset + plane;
  const blue = offset + (isBgr ? 0 : 2 * plane);
  const meanRed = mean[isBgr ? 2 : 0];
  const meanGreen = mean[1];
  const meanBlue = mean[isBgr ? 0 : 2];
  const { left, right, leftWeight, rightWeight } = columns;

  for (let v = 0; v < side; v++) {
    const y = startY + v * stepY;
    const low = Math.floor(y);
    const isLow = low >= 0 && low < height;
    const isHigh = low + 1 >= 0 && low + 1 < height;
    const topWeight = isLow ? 1 - (y - low) : 0;
    const bottomWeight = isHigh ? y - low : 0;
    const top = isLow ? 3 * width * low : 0;
    const bottom = isHigh ? 3 * width * (low + 1) : 0;
    const to = v * side;
    for (let u = 0; u < side; u++) {
      const a = top + left[u];
      const b = top + right[u];
      const c = bottom + left[u];
      const d = bottom + right[u];
      const wa = topWeight * leftWeight[u];
      const wb = topWeight * rightWeight[u];
      const wc = bottomWeight * leftWeight[u];
      const wd = bottomWeight * rightWeight[u];
      // What lies outside the photo has the mean.
      const outside = 1 - wa - wb - wc - wd;
      into[red + to + u] =
        Math.trunc(
          wa * data[a] +
            wb * data[b] +
            wc * data[c] +
            wd * data[d] +
            outside * meanRed +
            0.5,
        ) - meanRed;
      into[green + to + u] =
        Math.trunc(
          wa * data[a + 1] +
            wb * data[b + 1] +
            wc * data[c + 1] +
            wd * data[d + 1] +
            outside * meanGreen +
            0.5,
        ) - meanGreen;
      into[blue + to + u] =
        Math.trunc(
          wa * data[a + 2] +
            wb * data[b + 2] +
            wc * data[c + 2] +
            wd * data[d + 2] +
            outside * meanBlue +
            0.5,
        ) - meanBlue;
    }
  }
}
