import { HISTOGRAM_TOTAL, type Regions } from './regions.js';
import type { ReusedArrays } from './reusedArrays.js';
import type { PixelKernels } from './simd/pixelKernels.js';

/** The fullest bin that a compared row can hold. */
const FULLEST = 2 ** 16 - 1;

/**
 * The histograms of a grouping's regions, one row each, and how alike they are.
 *
 * A row is kept twice: exactly, to be blended when regions merge, and in 16 bits a bin,
 * to be compared. The latter holds the weights: its sums over colour and texture are in
 * proportion to these, so that the common area of two rows is their weighted similarity,
 * in steps of `unit`. What grouping waits for is memory, and these are half as long.
 */
export class HistogramRows {
  /** Bins of a row: those of the kinds that have a weight. */
  private readonly bins: number;
  private readonly unit: number;
  /** Parts of a row with their factors from exact to compared bins. */
  private readonly parts: { first: number; bins: number; factor: number }[] = [];
  private readonly exact: Int32Array;
  private readonly compared: Uint16Array;
  /** Null where plain loops do the same. */
  private readonly kernels: PixelKernels | null;

  /**
   * @param colour weight of the common area of the colour histograms, 0 … 1
   * @param texture the same of the texture histograms
   */
  constructor(regions: Regions, colour: number, texture: number, arrays: ReusedArrays) {
    const { count, histograms, colourBins, textureBins } = regions;
    const colourMost = colour / regions.colourHistograms;
    const textureMost = texture / regions.textureHistograms;
    this.unit = Math.max(colourMost, textureMost) / FULLEST;
    let bins = 0;
    const add = (weight: number, more: number) => {
      if (weight === 0) return;
      const factor = Math.fround(weight / this.unit / HISTOGRAM_TOTAL);
      this.parts.push({ first: bins, bins: more, factor });
      bins += more;
    };
    add(colour, colourBins);
    add(texture, textureBins);
    this.bins = bins;
    const length = count * bins;
    this.kernels = arrays.kernels(6 * length);
    const buffer =
      this.kernels?.memory(6 * length) ??
      arrays.take('rows', Math.ceil(1.5 * length)).buffer;
    this.exact = new Int32Array(buffer, 0, length);
    this.compared = new Uint16Array(buffer, 4 * length, length);
    if (!this.inUse) return;
    const pitch = colourBins + textureBins;
    let from = colour > 0 ? 0 : colourBins;
    for (let row = 0; row < count; row++, from += pitch) {
      this.exact.set(histograms.subarray(from, from + bins), row * bins);
      this.blend(row, row, 1);
    }
  }

  /** Whether any kind of histogram has a weight; else there is nothing to compare. */
  get inUse(): boolean {
    return this.bins > 0;
  }

  /** Weighted similarity of the histograms of two rows. */
  similarity(a: number, b: number): number {
    const { bins, kernels, compared } = this;
    const area = kernels
      ? kernels.commonArea(
          compared.byteOffset + 2 * bins * a,
          compared.byteOffset + 2 * bins * b,
          2 * bins,
        )
      : commonArea(compared, bins * a, bins * b, bins);
    return this.unit * area;
  }

  /**
   * Row a becomes share · a + (1 − share) · b.
   *
   * @returns what its similarity with any other row may gain at most
   */
  blend(a: number, b: number, share: number): number {
    const { bins, kernels, exact, compared } = this;
    const part = Math.fround(share);
    let gain = 0;
    for (const { first, bins: some, factor } of this.parts) {
      const p = a * bins + first;
      const q = b * bins + first;
      gain += kernels
        ? kernels.blendRow(
            4 * p,
            4 * q,
            compared.byteOffset + 2 * p,
            4 * some,
            part,
            factor,
          )
        : blendRow(exact, p, q, compared, some, part, factor);
    }
    return this.unit * gain;
  }
}

/** Sum of the smaller of two rows' bins, without branches: y − x is negative or not. */
function commonArea(rows: Uint16Array, a: number, b: number, bins: number): number {
  let sum = 0;
  for (const end = a + bins; a < end; a += 2, b += 2) {
    const x = rows[a];
    const d = rows[b] - x;
    const x1 = rows[a + 1];
    const d1 = rows[b + 1] - x1;
    sum = (sum + x + (d & (d >> 31)) + x1 + (d1 & (d1 >> 31))) | 0;
  }
  return sum;
}

/**
 * Bins from p on become `share` of themselves and the rest of those from q on, and
 * `factor` times that, rounded, is what is compared; in single precision, as the kernel.
 *
 * @returns how much the compared bins have grown where they have
 */
function blendRow(
  exact: Int32Array,
  p: number,
  q: number,
  compared: Uint16Array,
  bins: number,
  share: number,
  factor: number,
): number {
  let gain = 0;
  for (const end = p + bins; p < end; p++, q++) {
    const y = exact[q];
    const blended = Math.fround(y + Math.fround((exact[p] - y) * share)) | 0;
    exact[p] = blended;
    const value = Math.fround(Math.fround(blended * factor) + 0.5) | 0;
    const d = value - compared[p];
    compared[p] = value;
    gain += d & ~(d >> 31);
  }
  return gain;
}
