import sharp from '../images/sharp.js';
import type { Mask } from './canvas.js';
import {
  ASCENT,
  canWrite,
  DESCENT,
  FONT_NAME,
  labelFontFile,
  textOutlines,
  textWidth,
} from './labelFont.js';

/** Labels repeat from photo to photo: class by class, score by score. */
const CACHE_SIZE = 2000;
const cache = new Map<string, Promise<Mask>>();

/**
 * The ink of one line of text. All texts of one size have the same height, with
 * the baseline at the same place.
 *
 * Text that needs more than letter beside letter (Arabic) or letters that the
 * label font lacks (Chinese) is left to Pango, which takes missing letters from
 * fonts of the system, if it has any that know them; else boxes stand for them.
 *
 * @param size of the font, in pixels
 */
export function renderText(text: string, size: number): Promise<Mask> {
  const key = `${size} ${text}`;
  let mask = cache.get(key);
  if (!mask) {
    mask = canWrite(text) ? renderOutlines(text, size) : renderWithPango(text, size);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(key, mask);
  }
  return mask;
}

/** The height of every line of a size. */
export function lineHeight(size: number): number {
  return Math.ceil(ASCENT * size) + Math.ceil(DESCENT * size);
}

async function renderOutlines(text: string, size: number): Promise<Mask> {
  const { path, unitsPerEm } = textOutlines(text);
  const width = Math.max(1, Math.ceil(textWidth(text, size)));
  const height = lineHeight(size);
  const scale = size / unitsPerEm;
  const baseline = Math.ceil(ASCENT * size);
  // Paths need no fonts; only numbers and path commands come from the text.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path transform="translate(0 ${baseline}) scale(${scale} ${-scale})" d="${path}" fill="#fff"/></svg>`;
  const { data } = await sharp(Buffer.from(svg))
    .extractChannel('alpha')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width, height };
}

async function renderWithPango(text: string, size: number): Promise<Mask> {
  // 72 dots an inch make a point a pixel. Pango reads markup, so it is escaped.
  const escaped = text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const font = `${FONT_NAME} ${size}`;
  const line = { text: escaped, font, fontfile: labelFontFile(), dpi: 72 };
  const drawn = await sharp({ text: line })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const height = lineHeight(size);
  const { channels } = drawn.info;
  const raw = { width: drawn.info.width, height: drawn.info.height, channels };
  const fitted = sharp(drawn.data, { raw }).resize({
    height: Math.min(height, raw.height),
  });
  const spare = Math.max(0, height - raw.height);
  const { data, info } = await fitted
    .extend({ top: spare >> 1, bottom: spare - (spare >> 1), background: '#000' })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
