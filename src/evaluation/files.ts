import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import writeFileAtomic from 'write-file-atomic';
import { decodeText } from '../../eval/parse/parseJson.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

/** What kind of thing a path is. @throws UsageError NOT_READABLE */
export async function kindOf(path: string): Promise<'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * The bytes of a file piece by piece, unzipped when its name ends in `.gz`.
 *
 * @throws UsageError NOT_READABLE
 */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  let source: Readable = file;
  if (path.endsWith('.gz')) {
    const unzipped = createGunzip();
    file.on('error', (error) => unzipped.destroy(error));
    source = file.pipe(unzipped);
  }
  try {
    for await (const piece of source) yield piece as Uint8Array;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    file.destroy();
    source.destroy();
  }
}

/** The first bytes of a file, unzipped. */
export async function readStart(path: string, count = 1 << 16): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readPieces(path)) {
    pieces.push(piece);
    length += piece.length;
    if (length >= count) break;
  }
  return Buffer.concat(pieces).subarray(0, count);
}

/** The text of a file, unzipped. @throws UsageError, EvaluationError */
export async function readText(path: string): Promise<string> {
  return decodeText(await readInputFile(path), path);
}

/**
 * Files in a folder and below it whose names end in one of the extensions; relative,
 * with '/', in the order of their names' code units. Hidden ones are left out.
 */
export async function listFiles(
  folder: string,
  extensions: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  const walk = async (inside: string): Promise<void> => {
    let entries;
    try {
      entries = await readdir(join(folder, inside), { withFileTypes: true });
    } catch (error) {
      throw unreadable(join(folder, inside), error);
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
      const isFolder = entry.isSymbolicLink()
        ? (await kindOf(join(folder, name))) === 'folder'
        : entry.isDirectory();
      if (isFolder && !entry.isSymbolicLink()) await walk(name);
      else if (
        !isFolder &&
        extensions.some((extension) => name.toLowerCase().endsWith(extension))
      )
        found.push(name);
    }
  };
  await walk('');
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/** Refuses early what could not be written in the end. @throws UsageError NOT_WRITABLE */
export async function checkWritable(...paths: (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined) continue;
    const folder = dirname(path);
    const isFolder = await stat(folder).then(
      (status) => status.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      throw new UsageError(
        'NOT_WRITABLE',
        `${path}: there is no folder ${folder}; make it first`,
      );
    }
    const isTaken = await stat(path).then(
      (status) => status.isDirectory(),
      () => false,
    );
    if (isTaken) {
      throw new UsageError('NOT_WRITABLE', `${path} is a folder; name a file`);
    }
  }
}

/** Writes a file as a whole. @throws UsageError NOT_WRITABLE */
export async function writeFile(path: string, content: string): Promise<void> {
  try {
    await writeFileAtomic(path, content);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      'NOT_WRITABLE',
      `${path}: cannot be written (${code ?? message})`,
    );
  }
}

/** Writes data as JSON. */
export function writeJson(path: string, data: unknown): Promise<void> {
  return writeFile(path, JSON.stringify(data, null, 1) + '\n');
}

function unreadable(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!code) return error as Error;
  const reason = code.startsWith('Z_')
    ? `cannot be unzipped (${message})`
    : code === 'ENOENT'
      ? 'there is no such file'
      : `cannot be read (${code})`;
  return new UsageError('NOT_READABLE', `${path}: ${reason}`);
}

/** Says something to the person at the terminal without disturbing the output. */
export function note(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}
