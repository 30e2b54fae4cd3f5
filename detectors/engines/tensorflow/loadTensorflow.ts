import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { DetectorError } from '../../errors.js';
import type { TensorFlowApi } from './api.js';
import {
  tensorflowFolder,
  tensorflowPlaces,
  type TensorFlowPackage,
  type TensorFlowPlace,
} from './places.js';

/** The library, and what it is. */
export interface LoadedTensorFlow {
  tf: TensorFlowApi;
  package: TensorFlowPackage;
  /** Folder of the package. */
  folder: string;
  /** Versions of the package and of the library underneath. */
  version: string;
  device: 'gpu' | 'cpu';
}

let loaded: LoadedTensorFlow | undefined;

/**
 * Loads TensorFlow, once in a process: the later calls give what the first found.
 *
 * @param threads how many threads an operation may use. The library takes the
 *   number when it is loaded, so that of the first call holds for the process.
 * @throws DetectorError ENGINE_UNAVAILABLE, with what was tried and what to do
 */
export function loadTensorFlow(threads = 1): LoadedTensorFlow {
  if (loaded) return loaded;
  const places = tensorflowPlaces();
  if (places.length === 0) {
    throw new DetectorError(
      'ENGINE_UNAVAILABLE',
      `TensorFlow is not installed (neither beside this package nor in ${tensorflowFolder()}); "rcnn setup tensorflow" installs it`,
    );
  }
  prepare(threads);
  const failures: string[] = [];
  for (const place of places) {
    try {
      return (loaded = loadPackage(place));
    } catch (error) {
      const [line] = (error as Error).message.split('\n');
      failures.push(`${place.folder} does not load (${line.trim()})`);
    }
  }
  throw new DetectorError(
    'ENGINE_UNAVAILABLE',
    `${failures.join('; ')}; "rcnn setup tensorflow" puts it in order`,
  );
}

/** The part of the package's back end that is not in the API. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

function loadPackage(place: TensorFlowPlace): LoadedTensorFlow {
  const require = createRequire(join(place.folder, 'package.json'));
  const tf = require(place.folder) as TensorFlowApi;
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend;
  const { version } = JSON.parse(
    readFileSync(join(place.folder, 'package.json'), 'utf8'),
  ) as { version: string };
  return {
    tf,
    ...place,
    version: `${place.package.split('/')[1]} ${version} on TensorFlow ${binding.TF_Version}`,
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
  };
}

/** What the library reads when it is loaded. What the user has set stays. */
function prepare(threads: number): void {
  const { env } = process;
  // No greetings; warnings and errors are shown.
  env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  env.TF_NUM_INTEROP_THREADS ??= '1';
  // Else the first of several workers takes all of a GPU's memory.
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // tfjs-node calls functions that Node.js 23 has removed, or will remove.
  const functions = util as unknown as Record<string, unknown>;
  functions.isNullOrUndefined ??= (value: unknown) =>
    value === null || value === undefined;
  functions.isArray ??= (value: unknown) => Array.isArray(value);
}
