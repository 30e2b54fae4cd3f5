import { convertColour } from './convertColour.js';
import { fourierTransform } from './fourierTransform.js';
import type { TextureBins } from './gradientTexture.js';
import type { RgbImage } from './image.js';

const ORIENTATIONS = 4;
/** Filters of 7×7 to 37×37 pixels in steps of 2: 16 scales in 8 bands of two. */
const SMALLEST = 7;
const SCALES = 16;
const BANDS = SCALES / 2;
/** Bins a response. */
const BINS = 10;
/** Grey levels of a step edge at and above which a response falls into the last bin. */
const RANGE = 80;

/**
 * Texture from the fixed Gabor bank of Serre et al. 2007 ("Robust Object
 * Recognition with Cortex-Like Mechanisms", table 1): 16 scales, 4 orientations,
 * aspect ratio 0.3, on intensity. As in their C1 layer, a band's response is the
 * larger of its two scales'; there is one histogram a band and orientation.
 *
 * Filters are applied in the frequency domain, two at a time as the real and
 * imaginary part of one.
 */
export function gaborTexture(image: RgbImage): TextureBins {
  const { width, height } = image;
  const { data } = convertColour(image, 'grey');
  const pixels = width * height;
  const margin = (SMALLEST + 2 * (SCALES - 1) - 1) / 2;
  const columns = powerOfTwo(width + 2 * margin);
  const rows = powerOfTwo(height + 2 * margin);
  const real = new Float64Array(columns * rows);
  const imaginary = new Float64Array(columns * rows);
  // Edges are repeated into the margin on both sides, which wraps around.
  for (let y = 0; y < rows; y++) {
    const fromY = clampWrapped(y, height, rows);
    for (let x = 0; x < columns; x++) {
      real[y * columns + x] = data[fromY * width + clampWrapped(x, width, columns)];
    }
  }
  fourierTransform(real, imaginary, columns, rows, false);
  const perPixel = ORIENTATIONS * BANDS;
  const responses = new Uint8Array(perPixel * pixels);
  const filterReal = new Float64Array(columns * rows);
  const filterImaginary = new Float64Array(columns * rows);
  for (let band = 0; band < BANDS; band++) {
    for (let orientation = 0; orientation < ORIENTATIONS; orientation++) {
      filterReal.fill(0);
      filterImaginary.fill(0);
      const size = SMALLEST + 4 * band;
      placeFilter(filterReal, columns, rows, size, orientation);
      placeFilter(filterImaginary, columns, rows, size + 2, orientation);
      fourierTransform(filterReal, filterImaginary, columns, rows, false);
      for (let i = 0; i < filterReal.length; i++) {
        const a = filterReal[i];
        const b = filterImaginary[i];
        filterReal[i] = a * real[i] - b * imaginary[i];
        filterImaginary[i] = a * imaginary[i] + b * real[i];
      }
      fourierTransform(filterReal, filterImaginary, columns, rows, true);
      const histogram = band * ORIENTATIONS + orientation;
      for (let y = 0, i = histogram; y < height; y++) {
        for (let x = 0, from = y * columns; x < width; x++, from++, i += perPixel) {
          const response = Math.max(
            Math.abs(filterReal[from]),
            Math.abs(filterImaginary[from]),
          );
          responses[i] = Math.min(
            Math.floor((response * BINS) / RANGE + 1e-9),
            BINS - 1,
          );
        }
      }
    }
  }
  return listBins(responses, pixels, perPixel);
}

/** The non-zero responses of each pixel as bins of their histograms. */
function listBins(
  responses: Uint8Array,
  pixels: number,
  histograms: number,
): TextureBins {
  let total = 0;
  for (let i = 0; i < responses.length; i++) if (responses[i] > 0) total++;
  const bins = new Uint16Array(total);
  const counts = new Uint8Array(pixels);
  for (let pixel = 0, i = 0, n = 0; pixel < pixels; pixel++) {
    for (let h = 0; h < histograms; h++, i++) {
      if (responses[i] === 0) continue;
      bins[n++] = h * (BINS - 1) + responses[i] - 1;
      counts[pixel]++;
    }
  }
  return { bins, counts, histograms, binsPerHistogram: BINS };
}

/**
 * One Gabor filter around the origin, wrapped: zero mean, and scaled so that the
 * strongest response to a step edge of height h is h.
 */
function placeFilter(
  plane: Float64Array,
  columns: number,
  rows: number,
  size: number,
  orientation: number,
): void {
  const { values, reach } = gaborFilter(size, orientation);
  for (let y = -reach, i = 0; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++, i++) {
      plane[((y + rows) % rows) * columns + ((x + columns) % columns)] = values[i];
    }
  }
}

/**
 * A Gabor filter of Serre et al. 2007, equation 1, row by row.
 *
 * @param size odd, pixels
 * @param orientation in eighths of a turn: 0 … 3 are 0°, 45°, 90° and 135°
 */
export function gaborFilter(
  size: number,
  orientation: number,
): { values: Float64Array; reach: number } {
  const sigma = 0.0036 * size * size + 0.35 * size + 0.18;
  const wavelength = sigma / 0.8;
  const aspect = 0.3;
  const angle = (orientation * Math.PI) / ORIENTATIONS;
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const reach = (size - 1) / 2;
  const values = new Float64Array(size * size);
  let sum = 0;
  let inside = 0;
  for (let y = -reach, i = 0; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++, i++) {
      // The bank's filters are round: nothing outside the inscribed circle.
      if (x * x + y * y > (size / 2) ** 2) continue;
      const u = x * cosine + y * sine;
      const v = -x * sine + y * cosine;
      values[i] =
        Math.exp(-(u * u + aspect * aspect * v * v) / (2 * sigma * sigma)) *
        Math.cos((2 * Math.PI * u) / wavelength);
      sum += values[i];
      inside++;
    }
  }
  // Cumulated across the filter, the response to a step edge at each place.
  const across = new Map<number, number>();
  for (let y = -reach, i = 0; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++, i++) {
      if (x * x + y * y > (size / 2) ** 2) continue;
      values[i] -= sum / inside;
      const u = Math.round(4 * (x * cosine + y * sine));
      across.set(u, (across.get(u) ?? 0) + values[i]);
    }
  }
  let cumulated = 0;
  let strongest = 0;
  for (const u of [...across.keys()].sort((a, b) => a - b)) {
    cumulated += across.get(u) ?? 0;
    strongest = Math.max(strongest, Math.abs(cumulated));
  }
  for (let i = 0; i < values.length; i++) values[i] /= strongest;
  return { values, reach };
}

function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(n));
}

/** Pixel 0 … n − 1 for place `i` of a line of `length`: past the end, the nearer edge. */
function clampWrapped(i: number, n: number, length: number): number {
  if (i < n) return i;
  return i < n + (length - n) / 2 ? n - 1 : 0;
}
