import { MOST_MEMORY, pixelKernels, type PixelKernels } from './simd/pixelKernels.js';

/**
 * Gaussian smoothing of interleaved 8-bit values, edges repeated, in integers: the
 * kernel is rounded to sum to 256 and the result to the nearest value.
 *
 * @param sigma standard deviation in pixels; 0 returns `data` itself
 * @param kernels null for plain loops, which give the same
 */
export function smooth(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  channels: number,
  sigma: number,
  kernels: PixelKernels | null = pixelKernels(),
): Uint8Array | Uint8ClampedArray {
  const kernel = integerKernel(sigma);
  const radius = kernel.length - 1;
  if (radius === 0) return data;
  const row = width * channels;
  const smoothed = new Uint8Array(row * height);
  if (kernels && simdBytes(row, channels, kernel.length) <= MOST_MEMORY) {
    smoothBySimd(kernels, data, row, height, channels, kernel, smoothed);
    return smoothed;
  }
  // Rows are smoothed along x as they come into reach and kept in a ring.
  const ring = 2 * radius + 1;
  const lines: Uint16Array[] = [];
  for (let i = 0; i < ring; i++) lines.push(new Uint16Array(row));
  const padded = new Uint8Array(row + 2 * radius * channels);
  const sums = new Int32Array(row);
  let filled = 0;
  for (let y = 0; y < height; y++) {
    for (; filled < height && filled <= y + radius; filled++) {
      smoothLine(
        data,
        filled * row,
        row,
        channels,
        kernel,
        padded,
        lines[filled % ring],
      );
    }
    const middle = lines[y % ring];
    const to = y * row;
    if (radius === 2) {
      // The default sigma's kernel, in one pass.
      const a = lines[Math.max(y - 2, 0) % ring];
      const b = lines[Math.max(y - 1, 0) % ring];
      const d = lines[Math.min(y + 1, height - 1) % ring];
      const e = lines[Math.min(y + 2, height - 1) % ring];
      const k0 = kernel[0];
      const k1 = kernel[1];
      const k2 = kernel[2];
      for (let x = 0; x < row; x++) {
        smoothed[to + x] =
          (k0 * middle[x] + k1 * (b[x] + d[x]) + k2 * (a[x] + e[x]) + 32768) >>> 16;
      }
      continue;
    }
    for (let x = 0; x < row; x++) sums[x] = kernel[0] * middle[x] + 32768;
    for (let r = 1; r <= radius; r++) {
      const above = lines[Math.max(y - r, 0) % ring];
      const below = lines[Math.min(y + r, height - 1) % ring];
      const weight = kernel[r];
      for (let x = 0; x < row; x++) sums[x] += weight * (above[x] + below[x]);
    }
    for (let x = 0; x < row; x++) smoothed[to + x] = sums[x] >>> 16;
  }
  return smoothed;
}

/** One row along x, times 256. */
function smoothLine(
  data: Uint8Array | Uint8ClampedArray,
  from: number,
  row: number,
  channels: number,
  kernel: Int32Array,
  padded: Uint8Array,
  line: Uint16Array,
): void {
  const radius = kernel.length - 1;
  const pad = radius * channels;
  padRow(data, from, row, channels, pad, padded);
  if (radius === 2) {
    const k0 = kernel[0];
    const k1 = kernel[1];
    const k2 = kernel[2];
    // One channel after the other, so that each value is loaded once.
    for (let c = 0; c < channels; c++) {
      let a = padded[c];
      let b = padded[c + channels];
      let m = padded[c + 2 * channels];
      let d = padded[c + 3 * channels];
      for (let x = c; x < row; x += channels) {
        const e = padded[x + 4 * channels];
        line[x] = k0 * m + k1 * (b + d) + k2 * (a + e);
        a = b;
        b = m;
        m = d;
        d = e;
      }
    }
    return;
  }
  for (let x = 0; x < row; x++) {
    let sum = kernel[0] * padded[x + pad];
    for (let r = 1; r <= radius; r++) {
      sum +=
        kernel[r] * (padded[x + pad - r * channels] + padded[x + pad + r * channels]);
    }
    line[x] = sum;
  }
}

/** One row into `padded`, its first and last pixel repeated over `pad` bytes. */
function padRow(
  data: Uint8Array | Uint8ClampedArray,
  from: number,
  row: number,
  channels: number,
  pad: number,
  padded: Uint8Array,
): void {
  padded.set(data.subarray(from, from + row), pad);
  for (let i = 0; i < pad; i++) {
    padded[i] = data[from + (i % channels)];
    padded[pad + row + i] = data[from + row - channels + (i % channels)];
  }
}

/** What the kernels read and write beyond the ends, bytes. */
const SLACK = 64;

function simdBytes(row: number, channels: number, taps: number): number {
  const ring = 2 * taps - 1;
  return (
    ring * (2 * row + SLACK) +
    (row + 2 * taps * channels + SLACK) +
    (row + SLACK) +
    2 * taps +
    4 * ring
  );
}

/** The same as the plain loops, with ring, padded row and output in the kernels' memory. */
function smoothBySimd(
  kernels: PixelKernels,
  data: Uint8Array | Uint8ClampedArray,
  row: number,
  height: number,
  channels: number,
  kernel: Int32Array,
  smoothed: Uint8Array,
): void {
  const taps = kernel.length;
  const radius = taps - 1;
  const ring = 2 * radius + 1;
  const pad = radius * channels;
  const buffer = kernels.memory(simdBytes(row, channels, taps));
  const lineTable = new Int32Array(buffer, 0, ring);
  const tapsAt = 4 * ring;
  new Uint16Array(buffer, tapsAt, taps).set(kernel);
  const paddedAt = tapsAt + 2 * taps;
  const padded = new Uint8Array(buffer, paddedAt, row + 2 * pad);
  const outAt = paddedAt + row + 2 * pad + SLACK;
  const out = new Uint8Array(buffer, outAt, row);
  const linesAt = outAt + row + SLACK;
  const pitch = 2 * row + SLACK;
  let filled = 0;
  for (let y = 0; y < height; y++) {
    for (; filled < height && filled <= y + radius; filled++) {
      padRow(data, filled * row, row, channels, pad, padded);
      const to = linesAt + (filled % ring) * pitch;
      kernels.smoothRow(paddedAt + pad, to, row, channels, tapsAt, taps);
    }
    for (let r = -radius; r <= radius; r++) {
      const line = Math.min(Math.max(y + r, 0), height - 1);
      lineTable[r + radius] = linesAt + (line % ring) * pitch;
    }
    kernels.smoothColumns(0, outAt, row, tapsAt, taps);
    smoothed.set(out, y * row);
  }
}

/** Half a Gaussian in 256ths, centre first; taps that round to 0 are left out. */
function integerKernel(sigma: number): Int32Array {
  if (!(sigma > 0)) return Int32Array.of(256);
  const reach = Math.ceil(4 * sigma);
  let sum = 1;
  for (let i = 1; i <= reach; i++) sum += 2 * Math.exp(-(i * i) / (2 * sigma * sigma));
  const taps: number[] = [];
  let rest = 256;
  for (let i = 1; i <= reach; i++) {
    const tap = Math.round((256 * Math.exp(-(i * i) / (2 * sigma * sigma))) / sum);
    if (tap === 0) break;
    taps.push(tap);
    rest -= 2 * tap;
  }
  return Int32Array.of(rest, ...taps);
}
