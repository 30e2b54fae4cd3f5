import { halfToSingle } from '../weights/halfFloat.js';
import { countOf, type StoredTensor } from '../weights/storedTensors.js';
import { invalid, isObject, isStrings, member } from './parseModel.js';

/**
 * Reads a file that lies beside the `model.json`; the name has no folder in it.
 * `limit` is how many bytes it may have.
 */
export type ReadShard = (name: string, limit: number) => Promise<Uint8Array>;

/** The numbers of a tfjs model by name. */
export interface TfjsValues {
  /** Floating-point ones, quantized or not. */
  tensors: ReadonlyMap<string, StoredTensor>;
  /** Whole ones, of the lengths that shapes, axes and paddings have. */
  integers: ReadonlyMap<string, number[]>;
}

const MAX_SHARDS = 10_000;
const MAX_WEIGHTS = 100_000;
const MAX_DIMENSIONS = 8;
/** More numbers than this are no shape, axes or paddings. */
const MAX_INTEGERS = 64;
/** Of all shards together. */
const MAX_BYTES = 2 ** 31;

/** How numbers are stored, and how many bytes each has. */
const BYTES = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 };
type StoredType = keyof typeof BYTES;

interface StoredWeight {
  name: string;
  shape: number[];
  isWhole: boolean;
  stored: StoredType;
  /** What a stored number stands for: scale · number + min. */
  scale: number;
  min: number;
  length: number;
}

/**
 * Reads the shards of a tfjs model. Weights may be quantized as the converter does it
 * (to float16, or to uint8 and uint16 with a scale and a minimum).
 *
 * @param manifest the model's `weightsManifest`
 * @param source what to call the model in messages
 * @throws DetectorError INVALID_WEIGHTS when sizes don't add up, when a shard's path is
 *   more than a file name, and at types of numbers that networks don't have
 */
export async function storedValues(
  manifest: readonly unknown[],
  source: string,
  readShard: ReadShard,
): Promise<TfjsValues> {
  const tensors = new Map<string, StoredTensor>();
  const integers = new Map<string, number[]>();
  const names = new Set<string>();
  for (const [group, entry] of manifest.entries()) {
    const weights = member(entry, 'weights');
    const paths = member(entry, 'paths');
    const place = `weightsManifest[${group}]`;
    if (!isStrings(paths) || paths.length > MAX_SHARDS || !Array.isArray(weights)) {
      throw invalid(source, `${place} has no proper paths and weights`);
    }
    const list = weights.map((weight, i) =>
      checkWeight(weight, `${place}.weights[${i}]`, source),
    );
    for (const { name } of list) {
      if (names.has(name)) throw invalid(source, `two weights are called "${name}"`);
      names.add(name);
    }
    if (names.size > MAX_WEIGHTS) throw invalid(source, `it has ${names.size} weights`);
    // All sizes are known and bounded before any shard is read.
    const bytes = await readGroup(paths, list, source, readShard);
    let at = 0;
    for (const weight of list) {
      const part = bytes.subarray(at, (at += sizeOf(weight)));
      const { name, shape, stored, length, isWhole } = weight;
      if (!isWhole) {
        const read = () => Float32Array.from(unpack(part, weight));
        tensors.set(name, { shape, type: stored, read });
      } else if (length <= MAX_INTEGERS) {
        integers.set(name, Array.from(unpack(part, weight), Math.round));
      }
    }
  }
  return { tensors, integers };
}

async function readGroup(
  paths: readonly string[],
  weights: readonly StoredWeight[],
  source: string,
  readShard: ReadShard,
): Promise<Uint8Array> {
  const needed = weights.reduce((sum, weight) => sum + sizeOf(weight), 0);
  const odd = paths.find((path) => !/^[\w-][\w.-]*$/.test(path));
  // The path is whatever the file says; only a file beside it is meant.
  if (odd !== undefined) {
    throw invalid(
      source,
      `its shard ${JSON.stringify(odd.slice(0, 100))} is no plain file name; refused`,
    );
  }
  if (!(needed <= MAX_BYTES)) {
    throw invalid(
      source,
      `its weights would take ${needed} bytes, more than ${MAX_BYTES / 2 ** 30} GiB`,
    );
  }
  const shards: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    const shard = await readShard(path, needed - total);
    shards.push(shard);
    total += shard.byteLength;
    if (total > needed) {
      throw invalid(source, `its shards have ${total - needed} bytes too many`);
    }
  }
  let end = 0;
  for (const weight of weights) {
    end += sizeOf(weight);
    if (end > total) {
      throw invalid(
        source,
        `its shards end before "${weight.name.slice(0, 100)}" (truncated?)`,
      );
    }
  }
  return Buffer.concat(shards);
}

const sizeOf = ({ stored, length }: StoredWeight) => BYTES[stored] * length;

function checkWeight(weight: unknown, place: string, source: string): StoredWeight {
  const name = member(weight, 'name');
  const shape = member(weight, 'shape');
  const isSize = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (
    typeof name !== 'string' ||
    !Array.isArray(shape) ||
    shape.length > MAX_DIMENSIONS ||
    !shape.every(isSize)
  ) {
    throw invalid(source, `${place} has no proper name and shape`);
  }
  const dtype = member(weight, 'dtype');
  const quantization = member(weight, 'quantization');
  const stored = quantization === undefined ? dtype : member(quantization, 'dtype');
  const isStored = typeof stored === 'string' && Object.hasOwn(BYTES, stored);
  // Whole numbers are quantized like others; nothing else is.
  const isNumbers = dtype === 'float32' || dtype === 'int32';
  if (!isStored || (quantization !== undefined && !isNumbers)) {
    const type = typeof stored === 'string' ? stored.slice(0, 20) : 'none';
    const how = quantization === undefined ? 'has numbers of' : 'is quantized to';
    throw invalid(
      source,
      `"${name.slice(0, 100)}" (${place}) ${how} type ${type}; float32, float16, int32, and uint8 or uint16 with a scale are read`,
    );
  }
  const [scale, min] = ['scale', 'min'].map((key) => member(quantization, key));
  const isAffine = stored.startsWith('uint') && isObject(quantization);
  if (isAffine && !(Number.isFinite(scale) && Number.isFinite(min))) {
    throw invalid(
      source,
      `"${name.slice(0, 100)}" (${place}) is quantized without a proper scale and min`,
    );
  }
  return {
    name,
    shape: shape as number[],
    isWhole: dtype !== 'float32' && dtype !== 'float16',
    stored: stored as StoredType,
    scale: isAffine ? (scale as number) : 1,
    min: isAffine ? (min as number) : 0,
    length: countOf(shape as number[]),
  };
}

/** The numbers that stored ones stand for; scaled in double precision, as tfjs does. */
function unpack(
  bytes: Uint8Array,
  { stored, scale, min }: StoredWeight,
): ArrayLike<number> {
  // A copy begins where numbers may begin.
  const { buffer } = new Uint8Array(bytes);
  switch (stored) {
    case 'float32':
      return new Float32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float16':
      return halfToSingle(new Uint16Array(buffer));
    case 'uint16':
      return Float64Array.from(new Uint16Array(buffer), (n) => n * scale + min);
    case 'uint8':
    case 'bool':
      return Float64Array.from(new Uint8Array(buffer), (n) => n * scale + min);
  }
}

/** Numbers for each of so many channels, of a constant that has one for each or for all. */
export function flatNumbers(
  { shape, read }: StoredTensor,
  channels: number,
): Float64Array | undefined {
  const count = countOf(shape);
  if (count === channels && (shape.at(-1) ?? 1) === channels) {
    return Float64Array.from(read());
  }
  return count === 1 ? new Float64Array(channels).fill(read()[0]) : undefined;
}
