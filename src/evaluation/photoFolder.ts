import sharp from '../images/sharp.js';
import { UsageError } from '../errors.js';
import { listImages } from '../inputs/index.js';
import { showProgress } from '../progress.js';
import { kindOf } from './files.js';
import { indexPhotos, type FindPhoto } from './photoNames.js';

export interface PhotoSize {
  width: number;
  height: number;
}

/** A photo on disk. */
export interface PhotoFile {
  /** Relative to the folder, with '/'. */
  name: string;
  path: string;
}

/** The photos in a folder and below it. */
export interface PhotoFolder {
  folder: string;
  photos: readonly PhotoFile[];
  /** By name, see {@link indexPhotos}. */
  find: FindPhoto<PhotoFile>;
}

/** @throws UsageError NOT_READABLE */
export async function openPhotoFolder(folder: string): Promise<PhotoFolder> {
  if ((await kindOf(folder)) === 'file') {
    throw new UsageError(
      'NOT_READABLE',
      `${folder}: a folder of photos is needed, not a file`,
    );
  }
  const { images } = await listImages([folder]);
  return {
    folder,
    photos: images,
    find: indexPhotos(images.map((photo) => [photo.name, photo] as const)),
  };
}

/** Files whose headers are read at a time. */
const AT_A_TIME = 16;

/**
 * Sizes of photos in pixels, upright after EXIF, from their headers.
 *
 * @returns by path; an Error for a file that is no image
 */
export async function readPhotoSizes(
  photos: readonly PhotoFile[],
): Promise<Map<string, PhotoSize | Error>> {
  const sizes = new Map<string, PhotoSize | Error>();
  const queue = [...new Map(photos.map((photo) => [photo.path, photo])).values()];
  const progress = showProgress('reading sizes of photos', queue.length);
  let next = 0;
  const work = async () => {
    while (next < queue.length) {
      const { path } = queue[next++];
      const size = await readPhotoSize(path).catch((error: Error) => error);
      sizes.set(path, size);
      progress.step(size instanceof Error);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  progress.stop();
  return sizes;
}

async function readPhotoSize(path: string): Promise<PhotoSize> {
  const { width, height, orientation = 1 } = await sharp(path).metadata();
  // Orientations from 5 on lie on their side.
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}
