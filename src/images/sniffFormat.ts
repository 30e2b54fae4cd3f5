const DECODED = ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const;

/** Forms that are decoded. */
export type ImageFormat = (typeof DECODED)[number];

/** Forms that are recognised only to name the remedy. */
export type RefusedFormat =
  'heic' | 'svg' | 'bmp' | 'jpeg-xl' | 'jpeg-2000' | 'raw' | 'pdf' | 'video';

/** Whether a form is one that is decoded. */
export function isDecoded(format: ImageFormat | RefusedFormat): format is ImageFormat {
  return (DECODED as readonly string[]).includes(format);
}

/** How many bytes of a file's start {@link sniffFormat} wants to see. */
export const SNIFFED_BYTES = 1024;

const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIC_BRANDS = new Set([
  ...['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'hevm', 'hevs'],
  ...['mif1', 'msf1', 'mif2', 'miaf'],
]);

/**
 * What a file is, by its first bytes; undefined when they are those of no image
 * we know. Names are not asked: `photo.jpg` may be anything.
 *
 * @param head the first {@link SNIFFED_BYTES} bytes, or all if there are fewer
 */
export function sniffFormat(head: Uint8Array): ImageFormat | RefusedFormat | undefined {
  // Latin-1 maps each byte to the character of the same number.
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString(
    'latin1',
  );
  const starts = (magic: string) => text.startsWith(magic);
  if (starts('\xff\xd8\xff')) return 'jpeg';
  if (starts('\x89PNG\r\n\x1a\n')) return 'png';
  if (starts('GIF87a') || starts('GIF89a')) return 'gif';
  if (starts('RIFF')) return text.slice(8, 12) === 'WEBP' ? 'webp' : 'video';
  if (text.slice(4, 8) === 'ftyp') return sniffBrands(text);
  // Classic TIFF and BigTIFF, both byte orders; Canon's raw files add "CR".
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(text)) {
    return text.slice(8, 10) === 'CR' ? 'raw' : 'tiff';
  }
  if (starts('BM')) return 'bmp';
  if (starts('\xff\x0a') || starts('\0\0\0\x0cJXL ')) return 'jpeg-xl';
  if (starts('\0\0\0\x0cjP  ')) return 'jpeg-2000';
  if (starts('%PDF-')) return 'pdf';
  if (isSvg(text)) return 'svg';
  return undefined;
}

/** The box that starts ISO media: the file's main brand, a version, more brands. */
function sniffBrands(text: string): ImageFormat | RefusedFormat {
  const length = Math.min(
    text.length,
    Buffer.from(text.slice(0, 4), 'latin1').readUInt32BE(),
  );
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= length; at += 4) brands.push(text.slice(at, at + 4));
  if (brands[0] === 'crx ') return 'raw';
  // AVIF files name mif1 too, so AVIF is asked first.
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'avif';
  if (brands.some((brand) => HEIC_BRANDS.has(brand))) return 'heic';
  return 'video';
}

function isSvg(text: string): boolean {
  const start = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  return /^(<svg|<\?xml|<!DOCTYPE svg|<!--)/i.test(start) && /<svg[\s>]/i.test(start);
}
