import type { Metadata, SharpOptions } from 'sharp';
import sharp from './sharp.js';
import { damaged, NO_IMAGE, tooManyPixels } from './problems.js';
import { checkFormat, readImageFile } from './readImageFile.js';
import { Refusal } from './refusal.js';
import type { ImageFormat } from './sniffFormat.js';

export interface DecodeImageOptions {
  /**
   * A photo that declares more pixels (width × height, as stored) is refused
   * before any is decoded.
   * @default 100_000_000
   */
  maxPixels?: number;
}

/** A photo, upright. */
export interface DecodedImage {
  /** RGB8 in sRGB, row-major, interleaved: 3 · width · height bytes. */
  data: Uint8Array;
  /** Of the upright picture. */
  width: number;
  height: number;
  channels: 3;
  format: ImageFormat;
  /** EXIF orientation of the file, 1 to 8; 1 when it has none or a wrong one. */
  orientation: number;
  /** As stored, before the picture was turned upright. */
  originalWidth: number;
  originalHeight: number;
}

/** What sharp calls our formats. */
const SHARP_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  tiff: 'tiff',
  gif: 'gif',
  avif: 'heif',
};

/**
 * Reads a photo (JPEG, PNG, WebP, TIFF, GIF or AVIF, told by its content and
 * not by its name) into upright RGB8.
 *
 * - Turned by its EXIF orientation, all eight of them.
 * - Colours become sRGB by the ICC profile that the file carries; CMYK without a
 *   profile goes through a common press profile. Grey is repeated in the three
 *   channels, 16 bits become 8.
 * - Transparent parts lie on white, as most viewers and web pages show them.
 * - Of an animation or of several pages, the first.
 * - A file that ends early is refused, since objects in the missing part would
 *   go unreported without a word. A JPEG that lacks nothing but its end marker
 *   is accepted. Warnings that leave the picture whole are accepted too.
 *
 * @param source path of a file, or the bytes of one
 * @throws ImageFileError for everything that is the file's fault
 */
export async function decodeImage(
  source: string | Uint8Array,
  { maxPixels = 100_000_000 }: DecodeImageOptions = {},
): Promise<DecodedImage> {
  const file = typeof source === 'string' ? source : 'image in memory';
  try {
    const bytes = typeof source === 'string' ? await readImageFile(source) : source;
    const format = checkFormat(bytes, file);
    const header = await readHeader(bytes, format);
    const { width, height, orientation = 1 } = header;
    if (width * height > maxPixels) {
      throw new Refusal(tooManyPixels(width, height, maxPixels));
    }
    const { data, info } = await decodePixels(bytes, format, maxPixels);
    return {
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      width: info.width,
      height: info.height,
      channels: 3,
      format,
      orientation,
      originalWidth: width,
      originalHeight: height,
    };
  } catch (error) {
    throw error instanceof Refusal ? error.of(file) : error;
  }
}

async function readHeader(bytes: Uint8Array, format: ImageFormat): Promise<Metadata> {
  let header: Metadata;
  try {
    // Our own limit is held against the header and told with its numbers.
    header = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw new Refusal(damaged(bytes, format, (error as Error).message), error);
  }
  // What sharp takes the bytes for must be what they were checked to be.
  if (header.format !== SHARP_NAMES[format]) throw new Refusal(NO_IMAGE);
  return header;
}

async function decodePixels(bytes: Uint8Array, format: ImageFormat, maxPixels: number) {
  // Level 'error' accepts the warnings that libjpeg has for stray bytes.
  const options: SharpOptions = { limitInputPixels: maxPixels, failOn: 'error' };
  try {
    return await toRgb(bytes, options);
  } catch (error) {
    const refusal = new Refusal(
      damaged(bytes, format, (error as Error).message),
      error,
    );
    if (format !== 'jpeg' || refusal.problem.code !== 'TRUNCATED') throw refusal;
    // Some writers leave the end marker out. With it in place, a JPEG that lacks
    // nothing else decodes without any warning, and one that was cut does not.
    const ended = Buffer.concat([bytes, Buffer.from([0xff, 0xd9])]);
    return toRgb(ended, { ...options, failOn: 'warning' }).catch(() => {
      throw refusal;
    });
  }
}

function toRgb(bytes: Uint8Array, options: SharpOptions) {
  return sharp(bytes, options)
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}
