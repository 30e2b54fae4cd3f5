import { DetectorError } from '../../errors.js';
import { brainToSingle, halfToSingle } from '../halfFloat.js';
import { countOf, type StoredTensor } from '../storedTensors.js';
import {
  Cursor,
  HostObject,
  readPickle,
  Tuple,
  type PickleHost,
  type PickleValue,
} from './pickle.js';
import { readStoredZip } from './storedZip.js';

/** The first pickle of PyTorch's form before 1.6: the number 0x1950a86a20f9469cfc6c. */
const LEGACY_START = Uint8Array.from([
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
]);
const LEGACY_VERSION = 1001;
const MAX_DIMENSIONS = 8;
/** A checkpoint's entry that holds the parameters among other things. */
const STATE_ENTRIES = ['state_dict', 'model_state_dict', 'model'];

/** Bytes a number, and how to make single precision of them. */
interface NumberType {
  bytes: number;
  toSingle?(bytes: ArrayBuffer): Float32Array;
}

const NUMBER_TYPES = new Map<string, NumberType>([
  ['Float', { bytes: 4, toSingle: (b) => new Float32Array(b) }],
  ['Double', { bytes: 8, toSingle: (b) => Float32Array.from(new Float64Array(b)) }],
  ['Half', { bytes: 2, toSingle: (b) => halfToSingle(new Uint16Array(b)) }],
  ['BFloat16', { bytes: 2, toSingle: (b) => brainToSingle(new Uint16Array(b)) }],
  ...(['Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'] as const).map(
    (name, i) => [name, { bytes: [8, 4, 2, 1, 1, 1][i] }] as [string, NumberType],
  ),
]);

class Storage extends HostObject {
  readonly kind = 'storage';
  /** In the form before 1.6 the numbers stand behind everything that refers to them. */
  bytes: Uint8Array | undefined;
  constructor(
    readonly key: string,
    readonly typeName: string,
    readonly type: NumberType,
    readonly count: number,
  ) {
    super();
  }
}

class TorchTensor extends HostObject {
  readonly kind = 'tensor';
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

/** The host for `readPickle`: storages and tensors, and nothing else. */
class TorchHost implements PickleHost {
  readonly storages = new Map<string, Storage>();

  /** @param find the bytes of a storage, where they are known already */
  constructor(private readonly find?: (key: string) => Uint8Array) {}

  allows(name: string): boolean {
    return (
      name === 'collections.OrderedDict' ||
      name === 'torch._utils._rebuild_tensor_v2' ||
      name === 'torch._utils._rebuild_parameter' ||
      storageType(name) !== undefined
    );
  }

  call(name: string, args: readonly PickleValue[]): PickleValue {
    if (name === 'collections.OrderedDict' && args.length === 0) return new Map();
    if (name === 'torch._utils._rebuild_tensor_v2') return rebuildTensor(args);
    if (name === 'torch._utils._rebuild_parameter' && args[0] instanceof TorchTensor) {
      return args[0];
    }
    throw new Error(`it calls ${name} with what it does not take`);
  }

  load(id: PickleValue): Storage {
    const [tag, type, key, , count, view] = id instanceof Tuple ? id.items : [];
    const typeName =
      typeof type === 'object' && type !== null && 'name' in type
        ? storageType(type.name)
        : undefined;
    if (
      tag !== 'storage' ||
      typeName === undefined ||
      typeof key !== 'string' ||
      !isCount(count)
    ) {
      throw new Error('it refers to a storage in an unknown way');
    }
    if (view !== undefined && view !== null) {
      throw new Error('it has a view of a storage, as only very old files have');
    }
    const known = this.storages.get(key);
    if (known) {
      if (known.typeName !== typeName || known.count !== count) {
        throw new Error(`storage "${key}" is of two kinds`);
      }
      return known;
    }
    const storage = new Storage(key, typeName, NUMBER_TYPES.get(typeName)!, count);
    if (this.find) fill(storage, this.find(key));
    this.storages.set(key, storage);
    return storage;
  }
}

/** "Float" for "torch.FloatStorage", if numbers of this kind are understood. */
function storageType(name: string): string | undefined {
  const [, type] = /^torch\.([A-Za-z0-9]+)Storage$/.exec(name) ?? [];
  return type !== undefined && NUMBER_TYPES.has(type) ? type : undefined;
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function fill(storage: Storage, bytes: Uint8Array): void {
  const { key, count, type } = storage;
  if (bytes.byteLength !== count * type.bytes) {
    throw new Error(
      `storage "${key}" should have ${count} numbers and has ${bytes.byteLength / type.bytes}`,
    );
  }
  storage.bytes = bytes;
}

/** Checks where a tensor lies in its storage, without looking at the numbers. */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, size, stride] = args;
  const shape = size instanceof Tuple ? size.items : [undefined];
  const strides = stride instanceof Tuple ? stride.items : [undefined];
  if (
    !(storage instanceof Storage) ||
    !isCount(offset) ||
    !shape.every(isCount) ||
    !strides.every(isCount) ||
    shape.length !== strides.length ||
    shape.length > MAX_DIMENSIONS
  ) {
    throw new Error('it has a tensor without a proper place, shape or strides');
  }
  const count = countOf(shape);
  const last = shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset);
  if (count > storage.count || (count > 0 && last >= storage.count)) {
    throw new Error(
      `it has a tensor of [${shape.join(', ')}], strides [${strides.join(', ')}], from ${offset}, in a storage of ${storage.count}`,
    );
  }
  return new TorchTensor(storage, offset, shape, strides);
}

/**
 * Reads the tensors of a file that `torch.save` wrote: a state dict, or a
 * checkpoint with one under "state_dict". Both of PyTorch's forms are understood:
 * the zip file (since 1.6) and the row of pickles before (torchvision's published
 * GoogLeNet is of that time). The pickle is read as data: nothing in it is run,
 * see `readPickle`. The tar form of before 0.1.10, TorchScript, and big-endian
 * files are refused.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readTorchFile(
  bytes: Uint8Array,
  source: string,
): Map<string, StoredTensor> {
  try {
    const root = isLegacyTorchFile(bytes) ? readLegacy(bytes) : readZipped(bytes);
    return stateOf(root, source);
  } catch (error) {
    if (error instanceof DetectorError) throw error;
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: not a sound PyTorch file: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Whether a file begins as PyTorch's files before 1.6 do. */
export function isLegacyTorchFile(bytes: Uint8Array): boolean {
  return LEGACY_START.every((byte, i) => bytes[i] === byte);
}

function readZipped(bytes: Uint8Array): PickleValue {
  const entries = readStoredZip(bytes);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new Error('it has no entry "…/data.pkl"');
  const folder = pickle.slice(0, -'data.pkl'.length);
  if ([...entries.keys()].some((name) => name.startsWith(`${folder}code/`))) {
    throw new Error('it is a TorchScript program; save its state_dict() instead');
  }
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order) !== 'little') {
    throw new Error('its numbers are big-endian');
  }
  const host = new TorchHost((key) => {
    const storage = entries.get(`${folder}data/${key}`);
    if (!storage) throw new Error(`it has no entry for storage "${key}"`);
    return storage;
  });
  return readPickle(new Cursor(entries.get(pickle)!), host);
}

/** Magic number, version, system, the object, the storages' keys; then the storages. */
function readLegacy(bytes: Uint8Array): PickleValue {
  const cursor = new Cursor(bytes);
  const nothing = new TorchHost();
  readPickle(cursor, nothing);
  if (readPickle(cursor, nothing) !== LEGACY_VERSION) {
    throw new Error(`it is not of version ${LEGACY_VERSION}`);
  }
  const system = readPickle(cursor, nothing);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw new Error('its numbers are not little-endian');
  }
  const host = new TorchHost();
  const root = readPickle(cursor, host);
  const keys = readPickle(cursor, nothing);
  if (!Array.isArray(keys)) throw new Error('it has no list of storages');
  for (const key of keys) {
    const storage = typeof key === 'string' ? host.storages.get(key) : undefined;
    if (!storage || storage.bytes) {
      throw new Error(
        `its list of storages has ${storage ? `"${storage.key}" twice` : 'one that nothing uses'}`,
      );
    }
    const count = cursor.uint64();
    if (count !== storage.count) {
      throw new Error(
        `storage "${storage.key}" has ${count} numbers, not ${storage.count}`,
      );
    }
    fill(storage, cursor.take(count * storage.type.bytes));
  }
  return root;
}

/** The tensors by name; a checkpoint's other entries are left alone. */
function stateOf(root: PickleValue, source: string): Map<string, StoredTensor> {
  if (!(root instanceof Map)) throw new Error('it holds no dictionary of tensors');
  const inner = STATE_ENTRIES.map((name) => root.get(name)).find(
    (value) => value instanceof Map,
  );
  const tensors = new Map<string, StoredTensor>();
  for (const [key, value] of inner ?? root) {
    if (typeof key !== 'string' || !(value instanceof TorchTensor)) {
      throw new Error(
        `its entry "${typeof key === 'string' ? key.slice(0, 100) : typeof key}" is no tensor; save the model's state_dict()`,
      );
    }
    // DataParallel puts the model into a module of its own.
    const name = key.replace(/^module\./, '');
    if (tensors.has(name)) throw new Error(`two tensors are called "${name}"`);
    tensors.set(name, {
      shape: value.shape,
      type: value.storage.typeName,
      read: () => readNumbers(value, name, source),
    });
  }
  return tensors;
}

function readNumbers(tensor: TorchTensor, name: string, source: string): Float32Array {
  const { storage, shape } = tensor;
  const { type, bytes } = storage;
  if (!type.toSingle || !bytes) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: tensor "${name}" has ${bytes ? `numbers of type ${storage.typeName}` : 'no numbers'}`,
    );
  }
  return type.toSingle(gather(bytes, type.bytes, tensor, countOf(shape)).buffer);
}

/** A tensor's bytes in row-major order, whatever its strides. */
function gather(
  bytes: Uint8Array,
  width: number,
  { offset, shape, strides }: TorchTensor,
  count: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(count * width);
  if (count === 0) return out;
  const index = new Array<number>(shape.length).fill(0);
  // The longest part at the end that lies in one piece is copied at once.
  let run = 1;
  let axis = shape.length;
  while (axis > 0 && (strides[axis - 1] === run || shape[axis - 1] === 1)) {
    run *= shape[--axis];
  }
  let from = offset;
  for (let to = 0; to < count; to += run) {
    out.set(bytes.subarray(from * width, (from + run) * width), to * width);
    for (let i = axis - 1; i >= 0; i--) {
      from += strides[i];
      if (++index[i] < shape[i]) break;
      from -= shape[i] * strides[i];
      index[i] = 0;
    }
  }
  return out;
}
