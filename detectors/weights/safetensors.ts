import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { DetectorError } from '../errors.js';
import { brainToSingle, halfToSingle } from './halfFloat.js';
import type { Tensor, Weights } from './weights.js';

/** The header's own limit in the format: 100 MB. */
const MAX_HEADER = 100_000_000;
/** Tensors of more dimensions than this are no network's parameters. */
const MAX_DIMENSIONS = 8;

type StoredArray = Float32Array | Uint16Array | Uint8Array | Int8Array;

interface StoredType {
  bytes: number;
  view(buffer: ArrayBufferLike, offset: number, length: number): StoredArray;
}

const STORED_TYPES: Readonly<Record<string, StoredType | undefined>> = Object.assign(
  Object.create(null) as Record<string, StoredType>,
  {
    F32: {
      bytes: 4,
      view: (b: ArrayBufferLike, at: number, n: number) => new Float32Array(b, at, n),
    },
    F16: {
      bytes: 2,
      view: (b: ArrayBufferLike, at: number, n: number) => new Uint16Array(b, at, n),
    },
    I8: {
      bytes: 1,
      view: (b: ArrayBufferLike, at: number, n: number) => new Int8Array(b, at, n),
    },
    BF16: {
      bytes: 2,
      view: (b: ArrayBufferLike, at: number, n: number) =>
        brainToSingle(new Uint16Array(b, at, n)),
    },
    F64: {
      bytes: 8,
      view: (b: ArrayBufferLike, at: number, n: number) =>
        Float32Array.from(new Float64Array(b, at, n)),
    },
    U8: {
      bytes: 1,
      view: (b: ArrayBufferLike, at: number, n: number) => new Uint8Array(b, at, n),
    },
  },
);

function invalid(source: string, problem: string): DetectorError {
  return new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: not a sound safetensors file: ${problem}`,
  );
}

/** Every tensor of a safetensors file in the type in which it is stored. */
export interface SafetensorsFile {
  tensors: Map<string, Tensor<Float32Array | Uint8Array | Int8Array>>;
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file: 8 bytes of header length (little-endian), a JSON
 * header, then the numbers. Understands F32, F16 and BF16 (widened to single), F64
 * (rounded to it), I8 and U8; PyTorch's counts of training steps
 * (`….num_batches_tracked`, I64) are left out. Every length and offset is checked before
 * use, tensors must not overlap. Numbers are not copied where they lie well: the tensors
 * are then views of `bytes`, which must not change.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readSafetensors(bytes: Uint8Array, source: string): SafetensorsFile {
  const headerLength = readHeaderLength(bytes, bytes.byteLength, source);
  const header = bytes.subarray(8, 8 + headerLength);
  const numbers = bytes.subarray(8 + headerLength);
  const { places, metadata } = readHeader(header, numbers.byteLength, source);
  const tensors = new Map<string, Tensor<Float32Array | Uint8Array | Int8Array>>();
  for (const [name, place] of places) tensors.set(name, readTensor(place, numbers));
  return { tensors, metadata };
}

/**
 * The weights in a safetensors file of single precision, whose numbers stay there until
 * one of them is asked for. So an engine that can take them from the file need not wait
 * for them. The file must not change meanwhile.
 *
 * @returns undefined where numbers must be converted or moved to be used; see `readWeights`
 * @throws DetectorError INVALID_WEIGHTS; and the system's errors
 */
export function openWeights(file: string): Weights | undefined {
  const path = realpathSync(file);
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const start = readPiece(descriptor, 0, Math.min(size, 9));
    if (!isSafetensors(start)) return undefined;
    const headerLength = readHeaderLength(start, size, file);
    const header = readPiece(descriptor, 8, headerLength);
    const { places, metadata } = readHeader(header, size - 8 - headerLength, file);
    let whole: Weights | undefined;
    const tensors = new Map<string, Tensor>();
    for (const [name, { type, shape, start }] of places) {
      const offset = 8 + headerLength + start;
      if (type !== STORED_TYPES.F32 || offset % type.bytes !== 0) return undefined;
      tensors.set(name, {
        shape,
        place: { file: path, offset },
        get data() {
          whole ??= readWeights(readFileSync(path), file);
          return whole.tensors.get(name)!.data;
        },
      });
    }
    return { tensors, metadata };
  } finally {
    closeSync(descriptor);
  }
}

function readPiece(descriptor: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = readSync(descriptor, bytes, filled, length - filled, at + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

function readHeaderLength(start: Uint8Array, size: number, source: string): number {
  if (size < 8) throw invalid(source, `${size} bytes in all`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || headerLength > size - 8) {
    throw invalid(
      source,
      `the header should have ${headerLength} bytes, the file has ${size - 8} (truncated, or another kind of file)`,
    );
  }
  return headerLength;
}

/** Where a tensor is among the numbers of a file, and how it is written there. */
interface Place {
  type: StoredType;
  shape: readonly number[];
  /** Bytes from the end of the header. */
  start: number;
  end: number;
}

/** @param size of what follows the header, bytes */
function readHeader(
  bytes: Uint8Array,
  size: number,
  source: string,
): { places: Map<string, Place>; metadata: Record<string, string> } {
  const places = new Map<string, Place>();
  const metadata: Record<string, string> = {};
  let total = 0;
  for (const [name, entry] of Object.entries(parseHeader(bytes, source))) {
    if (name.endsWith('.num_batches_tracked')) continue;
    if (name === '__metadata__') Object.assign(metadata, checkMetadata(entry, source));
    else {
      const place = readPlace(name, entry, size, source);
      total += place.end - place.start;
      if (total > size) throw invalid(source, 'its tensors overlap');
      places.set(name, place);
    }
  }
  return { places, metadata };
}

function parseHeader(bytes: Uint8Array, source: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(source, `its header is no JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw invalid(source, 'its header is no JSON object');
  }
  return header as Record<string, unknown>;
}

function checkMetadata(entry: unknown, source: string): Record<string, string> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw invalid(source, '__metadata__ is no object');
  }
  const values = Object.entries(entry);
  const wrong = values.find(([, value]) => typeof value !== 'string');
  if (wrong) throw invalid(source, `__metadata__.${wrong[0]} is no string`);
  return entry as Record<string, string>;
}

/** Checks a tensor's entry. */
function readPlace(name: string, entry: unknown, size: number, source: string): Place {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === 'string' ? STORED_TYPES[dtype] : undefined;
  if (!type) {
    throw invalid(
      source,
      `tensor "${name}" has type ${String(dtype)}; ${Object.keys(STORED_TYPES).join(', ')} are understood`,
    );
  }
  const isCount = (n: unknown): n is number =>
    Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isCount)) {
    throw invalid(source, `tensor "${name}" has no proper shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw invalid(source, `tensor "${name}" has no proper data_offsets`);
  }
  const [start, end] = offsets as [number, number];
  const length = shape.reduce((product, n) => product * n, 1);
  if (start > end || end > size) {
    throw invalid(
      source,
      `tensor "${name}" lies at bytes ${start} to ${end} of ${size} (truncated?)`,
    );
  }
  if (end - start !== length * type.bytes) {
    throw invalid(
      source,
      `tensor "${name}" needs ${length * type.bytes} bytes and has ${end - start}`,
    );
  }
  return { type, shape, start, end };
}

/** Views of the file's own bytes where the type allows their place, else a copy. */
function readTensor(
  { type, shape, start, end }: Place,
  numbers: Uint8Array,
): Tensor<Float32Array | Uint8Array | Int8Array> {
  const place = numbers.byteOffset + start;
  const length = (end - start) / type.bytes;
  const stored =
    place % type.bytes === 0
      ? type.view(numbers.buffer, place, length)
      : type.view(new Uint8Array(numbers.subarray(start, end)).buffer, 0, length);
  return { shape, data: stored instanceof Uint16Array ? halfToSingle(stored) : stored };
}

/** Whether a file begins as these do: a header's first brace after eight bytes of length. */
export const isSafetensors = (bytes: Uint8Array): boolean => bytes[8] === 0x7b;

/**
 * The weights in a safetensors file, all in single precision. Of a tensor of I8, as
 * `rcnn weights quantize` writes it, each output's numbers are multiplied by its entry
 * in the tensor `NAME/scale`, which is then left out.
 *
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readWeights(bytes: Uint8Array, source: string): Weights {
  const { tensors, metadata } = readSafetensors(bytes, source);
  const singles = new Map<string, Tensor>();
  for (const [name, { shape, data }] of tensors) {
    if (data instanceof Float32Array) singles.set(name, { shape, data });
    else if (data instanceof Uint8Array) {
      throw invalid(source, `tensor "${name}" has bytes where weights have fractions`);
    }
  }
  for (const [name, { shape, data }] of tensors) {
    if (!(data instanceof Int8Array)) continue;
    const scale = singles.get(scaleName(name))?.data;
    if (!scale || scale.length !== shape[0]) {
      throw invalid(
        source,
        `tensor "${name}" of whole numbers has no "${scaleName(name)}" with a factor for each of its outputs`,
      );
    }
    singles.delete(scaleName(name));
    singles.set(name, { shape, data: dequantize(data, scale) });
  }
  return { tensors: singles, metadata };
}

/** The name of the factors of a tensor of whole numbers. */
export const scaleName = (name: string) => `${name}/scale`;

/** Whole numbers times the factor of their output, the slowest dimension. */
function dequantize(data: Int8Array, scale: Float32Array): Float32Array {
  const each = data.length / scale.length;
  return Float32Array.from(data, (value, i) => value * scale[Math.floor(i / each)]);
}

/** A tensor as it stands in a file. */
export interface StoredTensor {
  dtype: 'F32' | 'F16' | 'I8';
  shape: readonly number[];
  data: Float32Array | Uint16Array | Int8Array;
}

/** Writes weights as safetensors in single precision, see `writeTensors`. */
export function writeSafetensors({ tensors, metadata }: Weights): Uint8Array {
  const stored = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of tensors) {
    stored.set(name, { dtype: 'F32', shape, data });
  }
  return writeTensors(stored, metadata);
}

/**
 * Writes a safetensors file: metadata first, tensors in the order of their names, so
 * that the same weights give the same bytes. The header is padded with spaces to a
 * multiple of 8 bytes.
 */
export function writeTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = Object.create(null) as Record<
    string,
    unknown
  >;
  header['__metadata__'] = metadata;
  // Those of larger numbers first, so that each lies at a multiple of its size.
  const size = (name: string) => tensors.get(name)!.data.BYTES_PER_ELEMENT;
  const names = [...tensors.keys()].sort().sort((a, b) => size(b) - size(a));
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors.get(name)!;
    const end = offset + data.byteLength;
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  let text = JSON.stringify(header);
  let head = new TextEncoder().encode(text);
  text += ' '.repeat((8 - (head.length % 8)) % 8);
  head = new TextEncoder().encode(text);

  const file = new Uint8Array(8 + head.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let position = 8 + head.length;
  for (const name of names) {
    const { data } = tensors.get(name)!;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}
