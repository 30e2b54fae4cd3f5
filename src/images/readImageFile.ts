import { open, stat, type FileHandle } from 'node:fs/promises';
import { isRawName } from './imageNames.js';
import { EMPTY, NO_IMAGE, refusedFormat, systemProblem, tooLarge } from './problems.js';
import { Refusal } from './refusal.js';
import {
  isDecoded,
  sniffFormat,
  SNIFFED_BYTES,
  type ImageFormat,
} from './sniffFormat.js';

/**
 * No photo of a hundred million pixels has more bytes: 16-bit RGBA without
 * compression has 800 MB.
 */
const MAX_BYTES = 2 ** 30;

/**
 * The format of a file by its first bytes; no more is read.
 *
 * @throws ImageFileError when it is none that {@link decodeImage} takes
 */
export async function probeImageFile(path: string): Promise<ImageFormat> {
  try {
    return await withImageFile(path, (_, format) => Promise.resolve(format));
  } catch (error) {
    throw error instanceof Refusal ? error.of(path) : error;
  }
}

/** All bytes of an image file. @throws Refusal */
export function readImageFile(path: string): Promise<Uint8Array> {
  return withImageFile(path, (handle) => handle.readFile());
}

/** The format of bytes, if it is one that is decoded. @throws Refusal */
export function checkFormat(bytes: Uint8Array, file: string): ImageFormat {
  if (bytes.length === 0) throw new Refusal(EMPTY);
  const format = sniffFormat(bytes.subarray(0, SNIFFED_BYTES));
  if (format === undefined) throw new Refusal(NO_IMAGE);
  if (!isDecoded(format)) throw new Refusal(refusedFormat(format));
  if (format === 'tiff' && isRawName(file)) throw new Refusal(refusedFormat('raw'));
  return format;
}

async function withImageFile<T>(
  path: string,
  use: (handle: FileHandle, format: ImageFormat) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    // Asked first: opening a pipe would wait for a writer that may never come.
    const status = await stat(path);
    if (!status.isFile()) throw new Refusal(systemProblem('EISDIR'));
    if (status.size === 0) throw new Refusal(EMPTY);
    if (status.size > MAX_BYTES) throw new Refusal(tooLarge(status.size, MAX_BYTES));
    handle = await open(path);
    // The start is looked at first, so that a large file of another kind is not
    // read to its end.
    const head = Buffer.alloc(Math.min(status.size, SNIFFED_BYTES));
    await handle.read(head, 0, head.length, 0);
    return await use(handle, checkFormat(head, path));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(systemProblem((error as NodeJS.ErrnoException).code), error);
  } finally {
    await handle?.close();
  }
}
