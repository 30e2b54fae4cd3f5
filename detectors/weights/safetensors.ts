import { DetectorError } from '../errors.js';
import { brainToSingle, halfToSingle } from './halfFloat.js';
import type { Tensor, Weights } from './weights.js';

/** The header's own limit in the format: 100 MB. */
const MAX_HEADER = 100_000_000;
/** Tensors of more dimensions than this are no network's parameters. */
const MAX_DIMENSIONS = 8;

type StoredArray = Float32Array | Uint16Array | Uint8Array;

interface StoredType {
  bytes: number;
  view(buffer: ArrayBuffer, length: number): StoredArray;
}

const STORED_TYPES: Readonly<Record<string, StoredType | undefined>> = Object.assign(
  Object.create(null) as Record<string, StoredType>,
  {
    F32: { bytes: 4, view: (b: ArrayBuffer, n: number) => new Float32Array(b, 0, n) },
    F16: { bytes: 2, view: (b: ArrayBuffer, n: number) => new Uint16Array(b, 0, n) },
    BF16: {
      bytes: 2,
      view: (b: ArrayBuffer, n: number) => brainToSingle(new Uint16Array(b, 0, n)),
    },
    F64: {
      bytes: 8,
      view: (b: ArrayBuffer, n: number) => Float32Array.from(new Float64Array(b, 0, n)),
    },
    U8: { bytes: 1, view: (b: ArrayBuffer, n: number) => new Uint8Array(b, 0, n) },
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
  tensors: Map<string, Tensor<Float32Array | Uint8Array>>;
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file: 8 bytes of header length (little-endian), a JSON
 * header, then the numbers. Understands F32, F16 and BF16 (widened to single), F64
 * (rounded to it) and U8; PyTorch's counts of training steps
 * (`….num_batches_tracked`, I64) are left out. Every length and offset is checked before
 * use, tensors must not overlap; the numbers are copied, so the file's bytes can be let
 * go.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readSafetensors(bytes: Uint8Array, source: string): SafetensorsFile {
  if (bytes.byteLength < 8) throw invalid(source, `${bytes.byteLength} bytes in all`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || headerLength > bytes.byteLength - 8) {
    throw invalid(
      source,
      `the header should have ${headerLength} bytes, the file has ${bytes.byteLength - 8} (truncated, or another kind of file)`,
    );
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), source);
  const numbers = bytes.subarray(8 + headerLength);

  const tensors = new Map<string, Tensor<Float32Array | Uint8Array>>();
  const metadata: Record<string, string> = {};
  let total = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name.endsWith('.num_batches_tracked')) continue;
    if (name === '__metadata__') Object.assign(metadata, checkMetadata(entry, source));
    else {
      const tensor = readTensor(name, entry, numbers, source);
      total += tensor.stored;
      if (total > numbers.byteLength) throw invalid(source, 'its tensors overlap');
      tensors.set(name, tensor.read());
    }
  }
  return { tensors, metadata };
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

/** Checks a tensor's entry; gives its length in the file, and how to unpack it. */
function readTensor(
  name: string,
  entry: unknown,
  numbers: Uint8Array,
  source: string,
): { stored: number; read: () => Tensor<Float32Array | Uint8Array> } {
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
  if (start > end || end > numbers.byteLength) {
    throw invalid(
      source,
      `tensor "${name}" lies at bytes ${start} to ${end} of ${numbers.byteLength} (truncated?)`,
    );
  }
  if (end - start !== length * type.bytes) {
    throw invalid(
      source,
      `tensor "${name}" needs ${length * type.bytes} bytes and has ${end - start}`,
    );
  }
  const read = () => {
    // A copy: the offset in the file need not be aligned to the type.
    const { buffer } = new Uint8Array(numbers.subarray(start, end));
    const stored = type.view(buffer, length);
    return {
      shape: shape,
      data: stored instanceof Uint16Array ? halfToSingle(stored) : stored,
    };
  };
  return { stored: end - start, read };
}

/**
 * The weights in a safetensors file, all in single precision.
 *
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readWeights(bytes: Uint8Array, source: string): Weights {
  const { tensors, metadata } = readSafetensors(bytes, source);
  const singles = new Map<string, Tensor>();
  for (const [name, { shape, data }] of tensors) {
    if (!(data instanceof Float32Array)) {
      throw invalid(source, `tensor "${name}" has bytes where weights have fractions`);
    }
    singles.set(name, { shape, data });
  }
  return { tensors: singles, metadata };
}

/**
 * Writes weights as safetensors in single precision: metadata first, tensors in
 * the order of their names, so that the same weights give the same bytes. The
 * header is padded with spaces to a multiple of 8 bytes.
 */
export function writeSafetensors(weights: Weights): Uint8Array {
  const header: Record<string, unknown> = Object.create(null) as Record<
    string,
    unknown
  >;
  header['__metadata__'] = weights.metadata;
  const names = [...weights.tensors.keys()].sort();
  let offset = 0;
  for (const name of names) {
    const { shape, data } = weights.tensors.get(name)!;
    const end = offset + 4 * data.length;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
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
    const { data } = weights.tensors.get(name)!;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}
