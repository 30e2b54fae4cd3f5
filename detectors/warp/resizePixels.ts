import type { Photo } from './photo.js';

/** Bits of the weights when enlarging. */
const WEIGHT_BITS = 11;

/**
 * A photo at a larger size, or at one not below half, bilinearly: pixel centres at half numbers, held to
 * the outermost ones.
 *
 * In whole numbers as OpenCV's 8-bit `INTER_LINEAR` has it (weights of 11 bits,
 * the lowest 4 of 22 dropped between the two passes), since the default model was
 * trained on pixels made so: rounding them otherwise moves its AP50 by half a point.
 */
export function enlarge(photo: Photo, width: number, height: number): Photo {
  const columns = linearTaps(photo.width, width);
  const rows = linearTaps(photo.height, height, true);
  const data = new Uint8Array(3 * width * height);
  // The two photo rows at hand, resampled along x, without the bits that are dropped:
  // neighbouring rows share them.
  const cache = [
    { row: -1, values: new Int32Array(3 * width) },
    { row: -1, values: new Int32Array(3 * width) },
  ];
  const resampled = (row: number): Int32Array => {
    const slot = cache[row % 2];
    if (slot.row !== row) {
      slot.row = row;
      enlargeRow(photo, row, columns, slot.values);
    }
    return slot.values;
  };
  for (let y = 0; y < height; y++) {
    const top = rows.first[y];
    const upper = resampled(Math.max(top, 0));
    const lower = resampled(Math.min(top + 1, photo.height - 1));
    const lowerWeight = rows.weight[y];
    const upperWeight = (1 << WEIGHT_BITS) - lowerWeight;
    const to = 3 * width * y;
    for (let i = 0; i < upper.length; i++) {
      data[to + i] =
        ((Math.imul(upperWeight, upper[i]) >> 16) +
          (Math.imul(lowerWeight, lower[i]) >> 16) +
          2) >>
        2;
    }
  }
  return { data, width, height };
}

/**
 * For each output index the lower of its two inputs, and the weight of the upper one.
 *
 * @param isOpen keep the weights of inputs beyond the ends, which the caller holds to
 *   the outermost ones: OpenCV does so with rows, whose two parts it rounds by themselves
 */
function linearTaps(
  from: number,
  to: number,
  isOpen = false,
): { first: Int32Array; weight: Int32Array } {
  const first = new Int32Array(to);
  const weight = new Int32Array(to);
  for (let i = 0; i < to; i++) {
    const centre = Math.fround(((i + 0.5) * from) / to - 0.5);
    const low = Math.floor(centre);
    if (low < 0 && !isOpen) continue;
    first[i] = Math.min(low, from - 1);
    if (low < from - 1 || isOpen)
      weight[i] = Math.round((centre - low) * (1 << WEIGHT_BITS));
  }
  return { first, weight };
}

function enlargeRow(
  { data, width }: Photo,
  row: number,
  { first, weight }: { first: Int32Array; weight: Int32Array },
  into: Int32Array,
): void {
  const start = 3 * width * row;
  for (let x = 0, to = 0; x < first.length; x++, to += 3) {
    const right = weight[x];
    const left = (1 << WEIGHT_BITS) - right;
    const a = start + 3 * first[x];
    const b = right > 0 ? a + 3 : a;
    into[to] = (Math.imul(left, data[a]) + Math.imul(right, data[b])) >> 4;
    into[to + 1] = (Math.imul(left, data[a + 1]) + Math.imul(right, data[b + 1])) >> 4;
    into[to + 2] = (Math.imul(left, data[a + 2]) + Math.imul(right, data[b + 2])) >> 4;
  }
}

/** A photo at a smaller size: each pixel is the mean of the area that it covers. */
export function shrinkByArea(photo: Photo, width: number, height: number): Photo {
  const columns = coverage(photo.width, width);
  const rows = coverage(photo.height, height);
  const data = new Uint8Array(3 * width * height);
  const line = new Float64Array(3 * photo.width);
  for (let y = 0; y < height; y++) {
    // Down the columns first, then along the row that is left.
    line.fill(0);
    for (let t = 0; t < rows.taps; t++) {
      const weight = rows.weight[y * rows.taps + t];
      if (weight === 0) continue;
      const from = 3 * photo.width * (rows.first[y] + t);
      for (let i = 0; i < line.length; i++) line[i] += weight * photo.data[from + i];
    }
    for (let x = 0, to = 3 * width * y; x < width; x++) {
      for (let c = 0; c < 3; c++, to++) {
        let sum = 0;
        for (let t = 0; t < columns.taps; t++) {
          const weight = columns.weight[x * columns.taps + t];
          if (weight > 0) sum += weight * line[3 * (columns.first[x] + t) + c];
        }
        data[to] = Math.trunc(sum + 0.5);
      }
    }
  }
  return { data, width, height };
}

/** For each output index, from which input on, and what part of it each one is. */
function coverage(
  from: number,
  to: number,
): { taps: number; first: Int32Array; weight: Float64Array } {
  const ratio = from / to;
  const taps = Math.ceil(ratio) + 1;
  const first = new Int32Array(to);
  const weight = new Float64Array(to * taps);
  for (let i = 0; i < to; i++) {
    const start = i * ratio;
    const end = Math.min((i + 1) * ratio, from);
    first[i] = Math.floor(start);
    for (let t = 0; t < taps; t++) {
      const low = Math.max(start, first[i] + t);
      const high = Math.min(end, first[i] + t + 1);
      weight[i * taps + t] = Math.max(0, high - low) / (end - start);
    }
  }
  return { taps, first, weight };
}
