import type { Colour } from './canvas.js';

/** Turned on by this each time, no two of the first hues are close. */
const GOLDEN_TURN = (3 - Math.sqrt(5)) / 2;

/** Classes that follow one another differ in lightness, and by a third of a turn. */
const LIGHTNESSES = [0.72, 0.6, 0.82];

/**
 * The colour of a class: the same in every picture. With the table of all
 * classes, no two of them share a colour; a class that is not in the table, or
 * all without a table, get one from the name, where two may come close.
 */
export function classColour(
  className: string,
  classes: readonly string[] = [],
): Colour {
  const index = classes.indexOf(className);
  const number = index >= 0 ? index : hashName(className);
  const level = number % LIGHTNESSES.length;
  const step = (number - level) / LIGHTNESSES.length;
  const hue = (0.07 + level / LIGHTNESSES.length + step * GOLDEN_TURN) % 1;
  return fromOklch(LIGHTNESSES[level], 0.19, hue);
}

/** Black or white, whichever stands out more on a colour (WCAG 2.2's contrast). */
export function inkOn(colour: Colour): Colour {
  const luminance = relativeLuminance(colour);
  const onBlack = (luminance + 0.05) / 0.05;
  const onWhite = 1.05 / (luminance + 0.05);
  return onBlack >= onWhite ? [0, 0, 0] : [255, 255, 255];
}

function relativeLuminance(colour: Colour): number {
  const [red, green, blue] = colour.map((value) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** FNV-1a over the code units, 32 bits. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  // Its top bits are mixed best; 20 of them keep the hue's arithmetic exact.
  return hash >>> 12;
}

/**
 * sRGB of an OKLCH colour (B. Ottosson 2020); the chroma is lowered as far as
 * sRGB needs, so that lightness and hue stay.
 *
 * @param hue in turns, 0–1
 */
function fromOklch(lightness: number, chroma: number, hue: number): Colour {
  for (let c = chroma; ; c -= 0.01) {
    const a = c * Math.cos(2 * Math.PI * hue);
    const b = c * Math.sin(2 * Math.PI * hue);
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
    const linear = [
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
    ];
    if (c <= 0 || linear.every((v) => v >= 0 && v <= 1)) {
      const [red, green, blue] = linear.map(toSrgb);
      return [red, green, blue];
    }
  }
}

function toSrgb(linear: number): number {
  const v = Math.min(1, Math.max(0, linear));
  return Math.round(
    255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055),
  );
}
