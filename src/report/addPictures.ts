import { stat } from 'node:fs/promises';
import sharp from '../images/sharp.js';
import type { Box } from '../../geometry/index.js';
import { decodeImage, ImageFileError, type DecodedImage } from '../images/index.js';
import { findPhoto } from './findPhoto.js';
import type { ReportData, ReportExample, ReportPhoto } from './types.js';

export interface AddPicturesOptions {
  /** Longest side of a photo in the report, in pixels. @default 512 */
  pictureSize?: number;
  /** Called after each photo. */
  onProgress?: (done: number, total: number) => void;
}

/** Longest side of a part that is cut out, in pixels: what a card has room for. */
const CUT_SIZE = 384;
/** Parts are cut out when that shows them so many times larger. */
const WORTH_CUTTING = 1.3;
const QUALITY = 72;

/**
 * Puts the photos of the examples into a report, made small, as JPEG in `data:` URIs.
 * A part of a large photo is cut out from the full picture. What cannot be read is
 * named in the report and stops nothing.
 *
 * @param folder that the names in the annotations are relative to; nothing outside it
 *   is read
 */
export async function addPictures(
  data: ReportData,
  folder: string,
  { pictureSize = 512, onProgress }: AddPicturesOptions = {},
): Promise<ReportData> {
  const photos: ReportPhoto[] = [];
  const cuts = new Map<ReportExample, Pick<ReportExample, 'picture' | 'window'>>();
  for (const [place, photo] of data.photos.entries()) {
    const image = await readPhoto(folder, photo.name);
    if (typeof image === 'string') {
      photos.push({ ...photo, problem: image });
    } else {
      photos.push({
        ...photo,
        picture: await encode(image, [0, 0, image.width, image.height], pictureSize),
        problem: compareShapes(photo, image),
      });
      for (const example of data.examples) {
        if (example.photo !== place) continue;
        const part = toPixels(example.window, photo, image);
        if (isWorthCutting(part, image, pictureSize)) {
          cuts.set(example, {
            picture: await encode(image, part, CUT_SIZE),
            window: fromPixels(part, photo, image),
          });
        }
      }
    }
    onProgress?.(photos.length, data.photos.length);
  }
  return {
    ...data,
    photos,
    examples: data.examples.map((example) => ({
      ...example,
      ...cuts.get(example),
    })),
  };
}

/** The photo, or why there is none. */
async function readPhoto(folder: string, name: string): Promise<DecodedImage | string> {
  const paths = findPhoto(folder, name);
  if (paths.length === 0) return 'the name leads out of the folder of photos';
  for (const path of paths) {
    const isThere = await stat(path).catch(() => null);
    if (!isThere) continue;
    try {
      return await decodeImage(path);
    } catch (error) {
      if (error instanceof ImageFileError) return error.reason;
      throw error;
    }
  }
  return 'no such file in the folder of photos';
}

/** Boxes of a photo that was scaled still fit; of one that was turned or cut they don't. */
function compareShapes(photo: ReportPhoto, image: DecodedImage): string | null {
  const ratio = photo.width / photo.height / (image.width / image.height);
  if (Math.abs(Math.log(ratio)) < 0.03) return null;
  return `annotated as ${photo.width}×${photo.height}, the file is ${image.width}×${image.height}: boxes may not fit`;
}

/** A window in whole pixels of the file; the annotations may know the photo in another size. */
function toPixels(window: Box, photo: ReportPhoto, image: DecodedImage): Box {
  const x = image.width / photo.width;
  const y = image.height / photo.height;
  const left = Math.min(Math.floor(window[0] * x), image.width - 1);
  const top = Math.min(Math.floor(window[1] * y), image.height - 1);
  return [
    Math.max(0, left),
    Math.max(0, top),
    Math.min(image.width, Math.max(left + 1, Math.ceil(window[2] * x))),
    Math.min(image.height, Math.max(top + 1, Math.ceil(window[3] * y))),
  ];
}

/** The window that whole pixels of the file show. */
function fromPixels(part: Box, photo: ReportPhoto, image: DecodedImage): Box {
  const x = photo.width / image.width;
  const y = photo.height / image.height;
  return [part[0] * x, part[1] * y, part[2] * x, part[3] * y];
}

function isWorthCutting(part: Box, image: DecodedImage, pictureSize: number): boolean {
  const scale = Math.min(1, pictureSize / Math.max(image.width, image.height));
  const cut = Math.min(1, CUT_SIZE / Math.max(part[2] - part[0], part[3] - part[1]));
  return cut > WORTH_CUTTING * scale;
}

/** A part of a photo as a JPEG, never enlarged. */
async function encode(image: DecodedImage, part: Box, size: number): Promise<string> {
  const { data, width, height, channels } = image;
  const [left, top, right, bottom] = part;
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(size, size, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: QUALITY, mozjpeg: true })
    .toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}
