import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import sharp from './images/sharp.js';
import { findGpu } from '../detectors/engines/findGpu.js';
import type { EngineName } from '../detectors/engines/chooseEngine.js';
import { tensorflowPlaces } from '../detectors/engines/tensorflow/places.js';

/**
 * Versions of the libraries that results depend on.
 *
 * @param engine the engine that was asked for
 */
export async function libraryVersions(
  engine: EngineName = 'auto',
): Promise<Record<string, string>> {
  const require = createRequire(import.meta.url);
  let onnxruntime = 'not installed';
  try {
    ({ version: onnxruntime } = require('onnxruntime-node/package.json') as {
      version: string;
    });
  } catch {
    // The engine itself says what to do about it.
  }
  const versions = { onnxruntime, sharp: sharp.versions.sharp ?? 'unknown' };
  const mayBeTensorFlow =
    engine === 'tensorflow' || (engine === 'auto' && (await findGpu()) !== undefined);
  return mayBeTensorFlow ? { ...versions, tensorflow: tensorflowVersion() } : versions;
}

function tensorflowVersion(): string {
  const [place] = tensorflowPlaces();
  if (!place) return 'not installed';
  const manifest = readFileSync(join(place.folder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `${place.package.split('/')[1]} ${version}`;
}
