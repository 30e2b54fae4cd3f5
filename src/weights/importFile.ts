import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  importWeights,
  type ImportedWeights,
  type ImportWeightsOptions,
} from '../../detectors/weights/importWeights.js';
import { isSystemError, UsageError } from '../errors.js';

export interface ImportFileOptions extends Pick<
  ImportWeightsOptions,
  'network' | 'auxiliary' | 'pixels'
> {
  /** Path of a Caffe mean file. */
  mean?: string;
}

/**
 * Reads weights of any kind that is understood from a file, and from those beside it
 * when it is a tfjs `model.json`.
 *
 * @throws UsageError NOT_READABLE; DetectorError as `importWeights`
 */
export async function importFile(
  path: string,
  { mean, ...options }: ImportFileOptions = {},
): Promise<ImportedWeights> {
  return importWeights(await readAll(path), path, {
    ...options,
    ...(mean === undefined
      ? {}
      : { mean: { bytes: await readAll(mean), source: mean } }),
    // The reader asks for plain file names only.
    readShard: (name, limit) => readAll(join(dirname(path), name), limit),
  });
}

/** @param limit how many bytes it may have; only a regular file has a size to trust */
async function readAll(path: string, limit = Infinity): Promise<Uint8Array> {
  try {
    if (limit < Infinity) {
      const status = await stat(path);
      if (!status.isFile() || status.size > limit) {
        throw new UsageError(
          'NOT_READABLE',
          `${path}: ${status.isFile() ? `has ${status.size} bytes, where its model.json leaves room for ${limit}` : 'is no regular file'}; fetch the model anew`,
        );
      }
    }
    return await readFile(path);
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof RangeError)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy =
      code === 'ENOENT'
        ? 'there is no such file'
        : `cannot be read (${code ?? message})`;
    throw new UsageError('NOT_READABLE', `${path}: ${remedy}`);
  }
}
