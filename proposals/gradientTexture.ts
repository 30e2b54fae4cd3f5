import type { ColourImage } from './convertColour.js';

/** Non-zero texture bins of each pixel. */
export interface TextureBins {
  /** Bins of all pixels in raster order. */
  bins: Uint8Array | Uint16Array;
  /** How many of them belong to each pixel. */
  counts: Uint8Array;
  /** Histograms a region. */
  histograms: number;
  /**
   * Bins of each histogram h: bin b > 0 is listed as h · (binsPerHistogram − 1) + b − 1,
   * bin 0 (no response) is not listed.
   */
  binsPerHistogram: number;
}

/** Bins a response, as in the paper. */
const BINS = 10;
/** Grey levels a pixel at and above which a response falls into the last bin. */
const RANGE = 40;
/** Differences are looked up in steps of 4 grey levels, −64 … 64. */
const STEP_BITS = 2;
const SIDE = 256;
let table: Uint32Array | undefined;

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
  table ??= responseTable();
  const lookUp = table;
  const row = width * channels;
  // Round to the nearest step and shift −64 to 0.
  const centre = (SIDE >> 1) * (1 << STEP_BITS) + (1 << (STEP_BITS - 1));
  let n = 0;
  for (let y = 0; y < height; y++) {
    const up = y > 0 ? -row : 0;
    const down = y < height - 1 ? row : 0;
    if (n + 12 * width > bins.length) {
      const longer = new Uint8Array(Math.max(2 * bins.length, n + 12 * width));
      longer.set(bins);
      bins = longer;
    }
    let p = y * row;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? -channels : 0;
      const right = x < width - 1 ? channels : 0;
      const first = n;
      for (let c = 0; c < channels; c++, p++) {
        const dx = data[p + right] - data[p + left] + centre;
        const dy = data[p + down] - data[p + up] + centre;
        let four = lookUp[((dy >> STEP_BITS) << 8) | (dx >> STEP_BITS)];
        if (four === 0) continue;
        const base = c * 8 * (BINS - 1) - 1;
        do {
          bins[n++] = base + (four & 255);
          four >>>= 8;
        } while (four !== 0);
      }
      counts[y * width + x] = n - first;
    }
  }
  return { bins, counts, histograms: 8 * channels, binsPerHistogram: BINS };
}

/** Up to four bins, one a byte, 1 … 72, for each pair of doubled derivatives. */
function responseTable(): Uint32Array {
  const responses = new Uint32Array(SIDE * SIDE);
  for (let v = 0; v < SIDE; v++) {
    for (let u = 0; u < SIDE; u++) {
      const dx = ((u - SIDE / 2) << STEP_BITS) / 2;
      const dy = ((v - SIDE / 2) << STEP_BITS) / 2;
      const axes = [dx, dy, (dx + dy) / Math.SQRT2, (dx - dy) / Math.SQRT2];
      let packed = 0;
      axes.forEach((response, axis) => {
        const bin = Math.min(Math.floor((Math.abs(response) / RANGE) * BINS), BINS - 1);
        if (bin === 0) return;
        const orientation = 2 * axis + (response > 0 ? 0 : 1);
        packed = (packed << 8) | (orientation * (BINS - 1) + bin);
      });
      responses[v * SIDE + u] = packed >>> 0;
    }
  }
  return responses;
}
