import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UsageError } from '../errors.js';

/** A gzipped file may unfold to this many bytes at most. */
const MAX_UNZIPPED = 4 * 2 ** 30;

/**
 * The bytes of a file that a whole command needs, unzipped when its name ends
 * in `.gz`.
 *
 * @throws UsageError NOT_READABLE
 */
export async function readInputFile(path: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const remedy =
      code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
    throw new UsageError('NOT_READABLE', `${path}: ${remedy}`);
  }
  if (!path.endsWith('.gz')) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNZIPPED });
  } catch (error) {
    throw new UsageError(
      'NOT_READABLE',
      `${path}: cannot be unzipped (${(error as Error).message})`,
    );
  }
}
