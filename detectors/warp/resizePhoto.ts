import type { Tensor } from '../weights/weights.js';
import type { Photo, Preprocessing } from './photo.js';

/**
 * The least side of a network's input: with fewer pixels GoogLeNet's pools run
 * out of cells. Thinner photos get a margin of the mean at the right or bottom.
 */
const MIN_SIDE = 32;

/** A photo as a network's input. */
export interface ResizedPhoto {
  /** [1, 3, height, width], planar, minus the mean. */
  input: Tensor;
  /** Input pixels per photo pixel. */
  scaleX: number;
  scaleY: number;
}

/**
 * The whole photo as a network's input, its longest side at `longSide` pixels
 * (the other side rounded): area means when shrinking, bilinear when enlarging.
 * Pixels are rounded to whole numbers, as they were in training: without it the
 * default model's AP50 on 300 photos is half a point lower.
 */
export function resizePhoto(
  photo: Photo,
  longSide: number,
  preprocessing: Preprocessing,
): ResizedPhoto {
  const scale = longSide / Math.max(photo.width, photo.height);
  const width = Math.max(1, Math.round(photo.width * scale));
  const height = Math.max(1, Math.round(photo.height * scale));
  const columns = resampling(photo.width, width);
  const rows = resampling(photo.height, height);
  const inputWidth = Math.max(width, MIN_SIDE);
  const inputHeight = Math.max(height, MIN_SIDE);
  const plane = inputWidth * inputHeight;
  const data = new Float32Array(3 * plane);
  const { mean, channels } = preprocessing;
  // Resampled photo rows, kept in a ring: each is used by neighbouring rows.
  const ring: { row: number; values: Float32Array }[] = Array.from(
    { length: rows.taps },
    () => ({ row: -1, values: new Float32Array(3 * width) }),
  );
  const sum = new Float32Array(3 * width);

  for (let y = 0; y < height; y++) {
    sum.fill(0);
    for (let t = 0; t < rows.taps; t++) {
      const weight = rows.weight[y * rows.taps + t];
      if (weight === 0) continue;
      const row = rows.first[y] + t;
      const slot = ring[row % rows.taps];
      if (slot.row !== row) {
        slot.row = row;
        resampleRow(photo, row, columns, slot.values);
      }
      const { values } = slot;
      for (let i = 0; i < sum.length; i++) sum[i] += weight * values[i];
    }
    for (let c = 0; c < 3; c++) {
      const from = channels === 'BGR' ? 2 - c : c;
      const to = c * plane + y * inputWidth;
      for (let x = 0; x < width; x++) {
        data[to + x] = Math.trunc(sum[3 * x + from] + 0.5) - mean[c];
      }
    }
  }
  return {
    input: { shape: [1, 3, inputHeight, inputWidth], data },
    scaleX: width / photo.width,
    scaleY: height / photo.height,
  };
}

/** Output index i is Σ over t of weight[i · taps + t] · input[first[i] + t]. */
interface Resampling {
  taps: number;
  first: Int32Array;
  weight: Float64Array;
}

function resampling(from: number, to: number): Resampling {
  const ratio = from / to;
  const taps = ratio > 1 ? Math.ceil(ratio) + 1 : 2;
  const first = new Int32Array(to);
  const weight = new Float64Array(to * taps);
  for (let i = 0; i < to; i++) {
    if (ratio > 1) {
      // The output pixel covers [i, i + 1) · ratio: each input by its overlap.
      const start = i * ratio;
      const end = Math.min((i + 1) * ratio, from);
      first[i] = Math.floor(start);
      for (let t = 0; t < taps; t++) {
        const low = Math.max(start, first[i] + t);
        const high = Math.min(end, first[i] + t + 1);
        weight[i * taps + t] = Math.max(0, high - low) / (end - start);
      }
    } else {
      // Pixel centres, held to the outermost ones.
      const centre = Math.min(Math.max((i + 0.5) * ratio - 0.5, 0), from - 1);
      first[i] = Math.floor(centre);
      weight[i * taps] = 1 - (centre - first[i]);
      weight[i * taps + 1] = centre - first[i];
    }
  }
  return { taps, first, weight };
}

function resampleRow(
  { data, width }: Photo,
  row: number,
  { taps, first, weight }: Resampling,
  into: Float32Array,
): void {
  const start = 3 * width * row;
  for (let x = 0; x < first.length; x++) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let t = 0; t < taps; t++) {
      const w = weight[x * taps + t];
      if (w === 0) continue;
      const from = start + 3 * (first[x] + t);
      red += w * data[from];
      green += w * data[from + 1];
      blue += w * data[from + 2];
    }
    into[3 * x] = red;
    into[3 * x + 1] = green;
    into[3 * x + 2] = blue;
  }
}
