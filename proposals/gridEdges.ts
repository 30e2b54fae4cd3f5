import type { ColourImage } from './convertColour.js';
import type { SortedEdges } from './mergeGraph.js';

/** Steps of the bucketed colour distance per grey level. */
const STEPS = 4;
/** Bucket of each squared distance up to 3 · 255². */
let buckets: Uint16Array | undefined;

/** Neighbours of a pixel: 4, or 8 with the diagonals. */
export type Connectivity = 4 | 8;

/**
 * The pixel grid's edges by colour distance, bucketed to quarters of a grey
 * level and sorted by counting: no comparison, one pass to count and one to place.
 */
export function gridEdges(image: ColourImage, connectivity: Connectivity): SortedEdges {
  const { data, width, height, channels } = image;
  buckets ??= Uint16Array.from({ length: 3 * 255 * 255 + 1 }, (_, d) =>
    Math.round(STEPS * Math.sqrt(d)),
  );
  const lut = buckets;
  const levels = lut[channels * 255 * 255] + 1;
  const directions = connectivity === 4 ? 2 : 4;
  const offsets = Int32Array.of(1, width, width + 1, width - 1);
  const pixels = width * height;
  const distances = new Uint16Array(directions * pixels);
  const counts = new Int32Array(levels + 1);
  if (channels === 3) {
    if (directions === 2) measure4(data, width, height, lut, distances, counts);
    else measure8(data, width, height, lut, distances, counts);
  } else {
    measureAny(data, width, height, channels, directions, lut, distances, counts);
  }
  const starts = new Int32Array(levels + 1);
  let start = 0;
  for (let level = 0; level < levels; level++) {
    starts[level] = start;
    start += counts[level];
    counts[level] = starts[level];
  }
  starts[levels] = start;
  const edges = new Int32Array(start);
  const shift = directions === 2 ? 1 : 2;
  const mask = directions - 1;
  const total = directions * pixels;
  for (let e = 0; e < total; e++) {
    const distance = distances[e];
    if (distance !== NONE) edges[counts[distance]++] = ((e >> shift) << 2) | (e & mask);
  }
  const weights = new Float64Array(levels);
  for (let level = 0; level < levels; level++) weights[level] = level / STEPS;
  return { edges, starts, weights, levels, offsets };
}

/** Marks directions that lead out of the image. */
const NONE = 0xffff;

function measure4(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  lut: Uint16Array,
  distances: Uint16Array,
  counts: Int32Array,
): void {
  const row = 3 * width;
  let e = 0;
  let p = 0;
  for (let y = 0; y < height; y++) {
    const last = y === height - 1;
    let a0 = data[p];
    let a1 = data[p + 1];
    let a2 = data[p + 2];
    for (let x = 0; x < width; x++, p += 3, e += 2) {
      if (last) {
        distances[e + 1] = NONE;
      } else {
        const d0 = a0 - data[p + row];
        const d1 = a1 - data[p + row + 1];
        const d2 = a2 - data[p + row + 2];
        const bucket = lut[d0 * d0 + d1 * d1 + d2 * d2];
        distances[e + 1] = bucket;
        counts[bucket]++;
      }
      if (x === width - 1) {
        distances[e] = NONE;
        continue;
      }
      const b0 = data[p + 3];
      const b1 = data[p + 4];
      const b2 = data[p + 5];
      const d0 = a0 - b0;
      const d1 = a1 - b1;
      const d2 = a2 - b2;
      const bucket = lut[d0 * d0 + d1 * d1 + d2 * d2];
      distances[e] = bucket;
      counts[bucket]++;
      a0 = b0;
      a1 = b1;
      a2 = b2;
    }
  }
}

/** Three channels, eight neighbours: each pixel's values are loaded once a row. */
function measure8(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  lut: Uint16Array,
  distances: Uint16Array,
  counts: Int32Array,
): void {
  const row = 3 * width;
  for (let y = 0; y < height - 1; y++) {
    let p = y * row;
    let e = 4 * y * width;
    // a: this pixel, b: right, c: down, d: down-right, and the left one's c: down-left
    let a0 = data[p];
    let a1 = data[p + 1];
    let a2 = data[p + 2];
    let c0 = data[p + row];
    let c1 = data[p + row + 1];
    let c2 = data[p + row + 2];
    let l0 = 0;
    let l1 = 0;
    let l2 = 0;
    for (let x = 0; x < width; x++, p += 3, e += 4) {
      let u = a0 - c0;
      let v = a1 - c1;
      let w = a2 - c2;
      let bucket = lut[u * u + v * v + w * w];
      distances[e + 1] = bucket;
      counts[bucket]++;
      if (x > 0) {
        u = a0 - l0;
        v = a1 - l1;
        w = a2 - l2;
        bucket = lut[u * u + v * v + w * w];
        distances[e + 3] = bucket;
        counts[bucket]++;
      } else {
        distances[e + 3] = NONE;
      }
      if (x === width - 1) {
        distances[e] = NONE;
        distances[e + 2] = NONE;
        break;
      }
      const b0 = data[p + 3];
      const b1 = data[p + 4];
      const b2 = data[p + 5];
      u = a0 - b0;
      v = a1 - b1;
      w = a2 - b2;
      bucket = lut[u * u + v * v + w * w];
      distances[e] = bucket;
      counts[bucket]++;
      l0 = c0;
      l1 = c1;
      l2 = c2;
      c0 = data[p + row + 3];
      c1 = data[p + row + 4];
      c2 = data[p + row + 5];
      u = a0 - c0;
      v = a1 - c1;
      w = a2 - c2;
      bucket = lut[u * u + v * v + w * w];
      distances[e + 2] = bucket;
      counts[bucket]++;
      a0 = b0;
      a1 = b1;
      a2 = b2;
    }
  }
  // The last row has only its edges to the right.
  let p = (height - 1) * row;
  for (let x = 0, e = 4 * (height - 1) * width; x < width; x++, p += 3, e += 4) {
    distances[e + 1] = NONE;
    distances[e + 2] = NONE;
    distances[e + 3] = NONE;
    if (x === width - 1) {
      distances[e] = NONE;
      break;
    }
    const u = data[p] - data[p + 3];
    const v = data[p + 1] - data[p + 4];
    const w = data[p + 2] - data[p + 5];
    const bucket = lut[u * u + v * v + w * w];
    distances[e] = bucket;
    counts[bucket]++;
  }
}

function measureAny(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  channels: number,
  directions: number,
  lut: Uint16Array,
  distances: Uint16Array,
  counts: Int32Array,
): void {
  const offsets = [1, width, width + 1, width - 1];
  for (let direction = 0; direction < directions; direction++) {
    const step = offsets[direction] * channels;
    const firstX = direction === 3 ? 1 : 0;
    const endX = direction === 0 || direction === 2 ? width - 1 : width;
    const endY = direction === 0 ? height : height - 1;
    for (let y = 0; y < height; y++) {
      let e = y * width * directions + direction;
      let p = y * width * channels;
      for (let x = 0; x < width; x++, e += directions, p += channels) {
        if (y >= endY || x < firstX || x >= endX) {
          distances[e] = NONE;
          continue;
        }
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          const difference = data[p + c] - data[p + step + c];
          sum += difference * difference;
        }
        const bucket = lut[sum];
        distances[e] = bucket;
        counts[bucket]++;
      }
    }
  }
}
