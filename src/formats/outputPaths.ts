import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { extensionOf, isImageName } from '../images/imageNames.js';
import { safeJoin } from './safeJoin.js';

/**
 * The name of a file that is made from a photo, in the photo's folder: the
 * photo's own name and one more extension, so that `a.jpg` and `a.png` never
 * meet. Only the usual `.jpg` gives way: `a/b.jpg` becomes `a/b` + `extension`,
 * and `a/b.png` becomes `a/b.png` + `extension`.
 *
 * No two names give the same one: what `.jpg` leaves behind is no image's name
 * (else it is kept, as in `b.png.jpg`), and names that are no images' get a
 * `.jpg` first.
 */
export function outputName(name: string, extension: string): string {
  if (!isImageName(name)) return shorten(`${name}.jpg`) + extension;
  const stem = name.endsWith('.jpg') ? name.slice(0, -'.jpg'.length) : name;
  return shorten(isImageName(stem) ? name : stem) + extension;
}

/**
 * Gives each photo of a run a name without its extension (`a/b.png` is `a/b`),
 * as formats want it whose readers look for a photo's file under that name. A
 * photo whose short name is taken keeps its extension; case makes no difference,
 * as on the disks of Windows and macOS.
 */
export class UniqueStems {
  readonly #taken = new Set<string>();

  /** Photos must come in the same order in each run. */
  next(name: string): string {
    const stem = isImageName(name) ? name.slice(0, -extensionOf(name).length) : name;
    let candidate = stem;
    for (let i = 1; this.#taken.has(candidate.toLowerCase()); i++) {
      candidate = i === 1 ? name : `${name}-${i}`;
    }
    this.#taken.add(candidate.toLowerCase());
    return shorten(candidate);
  }
}

/**
 * Writes a file that belongs to a photo, and the folders that it needs; at every
 * moment it is whole or not there.
 *
 * @param folder where all files of its kind are
 * @param name the photo's name
 * @param extension with its dot, see {@link outputName}
 * @returns the file's path
 * @throws OutputError UNSAFE_NAME
 */
export async function writeOutputFile(
  folder: string,
  name: string,
  extension: string,
  content: Uint8Array | string,
): Promise<string> {
  const path = safeJoin(folder, outputName(name, extension));
  await writeWhole(path, content);
  return path;
}

/** Writes a file and the folders that it needs; it is whole or not there. */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const data =
    typeof content === 'string'
      ? content
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  // Without waiting for the disk: a file that a power cut takes is made again.
  await writeFileAtomic(path, data, { fsync: false });
}

/** Bytes of a file name that leave room for extensions and temporary names. */
const MAX_BYTES = 200;

/** Cuts a name whose last part no disk could store, and marks it by its hash. */
function shorten(name: string): string {
  const start = name.lastIndexOf('/') + 1;
  const base = name.slice(start);
  if (Buffer.byteLength(base) <= MAX_BYTES) return name;
  const hash = createHash('sha256').update(base).digest('hex').slice(0, 16);
  let kept = '';
  for (const character of base) {
    if (Buffer.byteLength(kept + character) > MAX_BYTES - 17) break;
    kept += character;
  }
  return `${name.slice(0, start)}${kept}~${hash}`;
}
