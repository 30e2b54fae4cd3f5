import type { RgbImage } from './image.js';

/**
 * The colour spaces of selective search (Uijlings et al. 2013, section 4.1 and
 * table 1), each channel scaled to 0–255.
 *
 * - `rgb`; `grey` (intensity I); `lab` (CIE L*a*b*, D65); `hsv`
 * - `rgI`: chromaticities r and g, and intensity
 * - `normalizedRgb`: r, g, b of unit sum
 * - `h`: the hue of HSV
 * - `c`: the opponent colours of Geusebroek et al. 2001 divided by intensity
 */
export type ColourSpace =
  'rgb' | 'grey' | 'lab' | 'hsv' | 'rgI' | 'normalizedRgb' | 'h' | 'c';

/** All colour spaces. */
export const colourSpaces: readonly ColourSpace[] = [
  'rgb',
  'grey',
  'lab',
  'hsv',
  'rgI',
  'normalizedRgb',
  'h',
  'c',
];

/** Interleaved 8-bit values in some colour space. */
export interface ColourImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 2 | 3;
}

/** `image` in another colour space. RGB is passed through without a copy. */
export function convertColour(image: RgbImage, space: ColourSpace): ColourImage {
  const { data, width, height } = image;
  const pixels = width * height;
  if (space === 'rgb') return { data, width, height, channels: 3 };
  const channels = space === 'grey' || space === 'h' ? 1 : space === 'c' ? 2 : 3;
  const to = new Uint8Array(channels * pixels);
  converters[space](data, to, pixels);
  return { data: to, width, height, channels };
}

type Bytes = Uint8Array | Uint8ClampedArray;
type Converter = (from: Bytes, to: Uint8Array, pixels: number) => void;

const converters: Record<Exclude<ColourSpace, 'rgb'>, Converter> = {
  grey: toGrey,
  lab: toLab,
  hsv: toHsv,
  rgI: (from, to, pixels) => toChromaticities(from, to, pixels, true),
  normalizedRgb: (from, to, pixels) => toChromaticities(from, to, pixels, false),
  h: toHue,
  c: toC,
};

/** Rec. 601 luma in 256ths: 0.299, 0.587, 0.114. */
function toGrey(from: Bytes, to: Uint8Array, pixels: number): void {
  for (let i = 0, p = 0; i < pixels; i++, p += 3) {
    to[i] = (77 * from[p] + 150 * from[p + 1] + 29 * from[p + 2] + 128) >> 8;
  }
}

/** 1/n for n = 1 … 765, and 0 for 0. */
const reciprocals = Float64Array.from({ length: 766 }, (_, n) => (n ? 1 / n : 0));

/** Hue as 0 … 256 (a turn), 0 for grey. */
function hue(r: number, g: number, b: number, max: number, range: number): number {
  const sixth = (256 / 6) * reciprocals[range];
  if (max === r) return g >= b ? (g - b) * sixth : 256 + (g - b) * sixth;
  if (max === g) return 512 / 6 + (b - r) * sixth;
  return 1024 / 6 + (r - g) * sixth;
}

function toHsv(from: Bytes, to: Uint8Array, pixels: number): void {
  for (let p = 0; p < 3 * pixels; p += 3) {
    const r = from[p];
    const g = from[p + 1];
    const b = from[p + 2];
    const max = r > g ? (r > b ? r : b) : g > b ? g : b;
    const min = r < g ? (r < b ? r : b) : g < b ? g : b;
    const range = max - min;
    to[p] = hue(r, g, b, max, range);
    to[p + 1] = 255 * range * reciprocals[max] + 0.5;
    to[p + 2] = max;
  }
}

function toHue(from: Bytes, to: Uint8Array, pixels: number): void {
  for (let i = 0, p = 0; i < pixels; i++, p += 3) {
    const r = from[p];
    const g = from[p + 1];
    const b = from[p + 2];
    const max = r > g ? (r > b ? r : b) : g > b ? g : b;
    const min = r < g ? (r < b ? r : b) : g < b ? g : b;
    to[i] = hue(r, g, b, max, max - min);
  }
}

function toChromaticities(
  from: Bytes,
  to: Uint8Array,
  pixels: number,
  intensity: boolean,
): void {
  for (let p = 0; p < 3 * pixels; p += 3) {
    const r = from[p];
    const g = from[p + 1];
    const b = from[p + 2];
    const sum = r + g + b;
    const scale = 255 * reciprocals[sum];
    // Black has no chromaticity; the neutral third keeps it from looking coloured.
    to[p] = sum > 0 ? r * scale + 0.5 : 85;
    to[p + 1] = sum > 0 ? g * scale + 0.5 : 85;
    to[p + 2] = intensity
      ? (77 * r + 150 * g + 29 * b + 128) >> 8
      : sum > 0
        ? b * scale + 0.5
        : 85;
  }
}

/** Opponent colours over intensity, squeezed by x/(1 + |x|) from (−∞, ∞) into 0–255. */
function toC(from: Bytes, to: Uint8Array, pixels: number): void {
  for (let p = 0, q = 0; p < 3 * pixels; p += 3, q += 2) {
    const r = from[p];
    const g = from[p + 1];
    const b = from[p + 2];
    // Geusebroek's Gaussian colour model: E, E_λ, E_λλ from RGB.
    const e = 0.06 * r + 0.63 * g + 0.27 * b + 1;
    const first = (0.3 * r + 0.04 * g - 0.35 * b) / e;
    const second = (0.34 * r - 0.6 * g + 0.17 * b) / e;
    to[q] = 127.5 + (127.5 * first) / (1 + Math.abs(first)) + 0.5;
    to[q + 1] = 127.5 + (127.5 * second) / (1 + Math.abs(second)) + 0.5;
  }
}

const LAB_STEPS = 4096;
let labTables: { linear: Float64Array; root: Float64Array } | undefined;

/** CIE L*a*b* from sRGB, white D65: L·255/100, a + 128, b + 128. */
function toLab(from: Bytes, to: Uint8Array, pixels: number): void {
  labTables ??= {
    // sRGB's transfer curve (IEC 61966-2-1).
    linear: Float64Array.from({ length: 256 }, (_, i) => {
      const c = i / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }),
    root: Float64Array.from({ length: LAB_STEPS + 2 }, (_, i) => {
      const t = i / LAB_STEPS;
      return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
    }),
  };
  const { linear, root } = labTables;
  const s = LAB_STEPS;
  for (let p = 0; p < 3 * pixels; p += 3) {
    const r = linear[from[p]];
    const g = linear[from[p + 1]];
    const b = linear[from[p + 2]];
    // The rows of the sRGB matrix, each divided by the white point.
    const x = root[(s * (0.43395 * r + 0.376219 * g + 0.189828 * b) + 0.5) | 0];
    const y = root[(s * (0.212671 * r + 0.71516 * g + 0.072169 * b) + 0.5) | 0];
    const z = root[(s * (0.017758 * r + 0.109477 * g + 0.872766 * b) + 0.5) | 0];
    to[p] = 2.55 * (116 * y - 16) + 0.5;
    to[p + 1] = 500 * (x - y) + 128.5;
    to[p + 2] = 200 * (y - z) + 128.5;
  }
}
