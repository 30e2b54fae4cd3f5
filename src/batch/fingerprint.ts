import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import type { JournalHeader } from './journal.js';

/** SHA-256 of a text, in hexadecimal. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * SHA-256 of a file's bytes, read as a stream.
 *
 * @throws UsageError NOT_READABLE
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError('NOT_READABLE', `${path}: cannot be read (${code})`);
  }
  return hash.digest('hex');
}

/** A hash over the names, sizes and times of change of the photos. */
export async function hashInputs(
  images: readonly { path: string; name: string }[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, name } of images) {
    const found = await stat(path).catch(() => undefined);
    hash.update(`${name}\0${found?.size}\0${found?.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** A journal's header from everything that the results depend on, by name. */
export function fingerprint(parts: Record<string, unknown>): JournalHeader {
  const hashes = Object.fromEntries(
    Object.entries(parts).map(([name, value]) => [
      name,
      hashText(JSON.stringify(value) ?? '').slice(0, 16),
    ]),
  );
  return { fingerprint: hashText(JSON.stringify(hashes)), parts: hashes };
}
