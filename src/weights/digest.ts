import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Pin } from './officialFiles.js';

/** The digest of a file, in hexadecimal digits, read piece by piece. */
export async function digestFile(
  path: string,
  algorithm: Pin['algorithm'],
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** A pin in words: how much of which digest. */
export function describePin({ algorithm, hex }: Pin): string {
  const name = algorithm === 'sha256' ? 'SHA-256' : 'SHA-1';
  const length = algorithm === 'sha256' ? 64 : 40;
  return hex.length < length ? `${name} beginning with ${hex}` : `${name} ${hex}`;
}
