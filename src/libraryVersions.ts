import { createRequire } from 'node:module';
import sharp from 'sharp';

/** Versions of the libraries that results depend on. */
export function libraryVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  let onnxruntime = 'not installed';
  try {
    ({ version: onnxruntime } = require('onnxruntime-node/package.json') as {
      version: string;
    });
  } catch {
    // The engine itself says what to do about it.
  }
  return { onnxruntime, sharp: sharp.versions.sharp ?? 'unknown' };
}
