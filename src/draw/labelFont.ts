import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkitten';

/**
 * DejaVu Sans Bold, from a package: the same on every machine, also in
 * containers that have no fonts. It has Latin, Greek, Cyrillic and more, in all
 * about six thousand glyphs.
 */
const FILE = '@fontsource/dejavu-sans/files/dejavu-sans-latin-700-normal.woff';

let font: Font | undefined;

/** Loaded on first use (20 ms), since most runs draw nothing. */
function labelFont(): Font {
  font ??= create(readFileSync(labelFontFile())) as Font;
  return font;
}

/** Absolute path of the font's file. */
export function labelFontFile(): string {
  return createRequire(import.meta.url).resolve(FILE);
}

/** What Pango calls the font. */
export const FONT_NAME = 'DejaVu Sans Bold';

/** Scripts whose letters stand one beside the other, from left to right. */
const PLAIN =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}]*$/u;

/** Height above the baseline, below it, and of the line, in units of the size. */
export const ASCENT = 0.8;
export const DESCENT = 0.24;

/** Whether a text can be written letter by letter with this font. */
export function canWrite(text: string): boolean {
  return (
    PLAIN.test(text) &&
    codePoints(text).every((point) => labelFont().hasGlyphForCodePoint(point))
  );
}

/** How wide a text is, in pixels, at a size of `size` pixels (the em). */
export function textWidth(text: string, size: number): number {
  const scale = size / labelFont().unitsPerEm;
  return codePoints(text).reduce(
    (width, point) => width + scale * labelFont().glyphForCodePoint(point).advanceWidth,
    0,
  );
}

/**
 * A text's outlines as the path of an SVG, glyph after glyph, from x = 0 with
 * the baseline at y = 0, in units of the font; y points up, as in fonts.
 */
export function textOutlines(text: string): { path: string; unitsPerEm: number } {
  let left = 0;
  let path = '';
  for (const point of codePoints(text)) {
    const glyph = labelFont().glyphForCodePoint(point);
    path += glyph.path.translate(left, 0).toSVG();
    left += glyph.advanceWidth;
  }
  return { path, unitsPerEm: labelFont().unitsPerEm };
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}
