import type { ColourImage } from './convertColour.js';

/** Non-zero texture bins of each pixel. */
export interface TextureBins {
  /** Bins of all pixels in raster order. */
  bins: Uint8Array;
  /** How many of them belong to each pixel. */
  counts: Uint8Array;
  /** Histograms a region, `bins.length` of each: response − zero bin first. */
  histograms: number;
  /** Bins a histogram; bin 0 (no response) is not listed in `bins`. */
  binsPerHistogram: number;
}

/** Bins a response, as in the paper. */
const BINS = 10;
/** Grey levels a pixel at and above which a response falls into the last bin. */
const RANGE = 40;

/**
 * Texture of the paper (Uijlings et al. 2013, section 4.2): Gaussian derivatives
 * in 8 orientations for each colour channel, in 10 bins. A derivative in any
 * direction is a combination of those along x and y (Freeman and Adelson 1991);
 * half-wave rectified, opposite directions share one, so that at most 4 of a
 * channel's 8 responses are not zero. The image is already smoothed, so that
 * central differences are the derivatives.
 */
export function gradientTexture(image: ColourImage): TextureBins {
  const { data, width, height, channels } = image;
  const pixels = width * height;
  const counts = new Uint8Array(pixels);
  let bins = new Uint8Array(2 * pixels + 64);
  // Bin of a doubled derivative along an axis or, scaled by √2 more, along a diagonal.
  const straight = binTable(2);
  const diagonal = binTable(2 * Math.SQRT2);
  const least = Math.min(straight.least, diagonal.least);
  let n = 0;
  for (let y = 0; y < height; y++) {
    const up = y > 0 ? -width * channels : 0;
    const down = y < height - 1 ? width * channels : 0;
    if (n + 12 * width > bins.length) {
      const longer = new Uint8Array(Math.max(2 * bins.length, n + 12 * width));
      longer.set(bins);
      bins = longer;
    }
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const left = x > 0 ? -channels : 0;
      const right = x < width - 1 ? channels : 0;
      const first = n;
      for (let c = 0; c < channels; c++) {
        const p = pixel * channels + c;
        const dx = data[p + right] - data[p + left];
        const dy = data[p + down] - data[p + up];
        if ((dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy) < least) continue;
        const base = c * 8 * (BINS - 1) - 1;
        let bin = straight.table[dx + 1024];
        if (bin > 0) bins[n++] = base + bin;
        bin = straight.table[dy + 1024];
        if (bin > 0) bins[n++] = base + 2 * (BINS - 1) + bin;
        bin = diagonal.table[dx + dy + 1024];
        if (bin > 0) bins[n++] = base + 4 * (BINS - 1) + bin;
        bin = diagonal.table[dx - dy + 1024];
        if (bin > 0) bins[n++] = base + 6 * (BINS - 1) + bin;
      }
      counts[pixel] = n - first;
    }
  }
  return { bins, counts, histograms: 8 * channels, binsPerHistogram: BINS };
}

/** Bins 1 … 9 of positive values, 10 … 18 of negative ones; 0 for none. */
function binTable(scale: number): { table: Uint8Array; least: number } {
  const table = new Uint8Array(2049);
  let least = 1024;
  for (let value = -1024; value <= 1024; value++) {
    const bin = Math.min(
      Math.floor((Math.abs(value) / scale / RANGE) * BINS),
      BINS - 1,
    );
    if (bin > 0) {
      table[value + 1024] = value > 0 ? bin : bin + BINS - 1;
      least = Math.min(least, Math.abs(value));
    }
  }
  return { table, least };
}
