import { crc32 } from 'node:zlib';
import type { Tensor } from '../../detectors/weights/weights.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const join = (...parts: (Uint8Array | number[])[]) =>
  new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
const uint16 = (value: number) => uint32(value).subarray(0, 2);

/** The instructions of pickles that tests put together; protocol 2. */
export const op = {
  proto: [0x80, 2],
  stop: [0x2e],
  mark: [0x28],
  none: [0x4e],
  false: [0x89],
  dict: [0x7d],
  tuple: [0x74],
  list: [0x5d],
  appends: [0x65],
  setItems: [0x75],
  reduce: [0x52],
  build: [0x62],
  persistent: [0x51],
  int: (value: number) => join([0x4a], uint32(value)),
  text: (value: string) => join([0x58], uint32(utf8(value).length), utf8(value)),
  global: (module: string, name: string) => utf8(`c${module}\n${name}\n`),
};

export const pickle = (...parts: (Uint8Array | number[])[]) =>
  join(op.proto, ...parts, op.stop);

/** A tuple of whole numbers. */
const sizes = (values: readonly number[]) =>
  join(op.mark, ...values.map((n) => op.int(n)), op.tuple);

/** A tensor in a storage of its own, or with the place that a test wants. */
export function tensorPickle(
  key: string,
  count: number,
  shape: readonly number[],
  place: { offset?: number; strides?: readonly number[]; legacy?: boolean } = {},
): Uint8Array {
  const rowMajor = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const { offset = 0, strides = rowMajor, legacy = false } = place;
  return join(
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    op.mark,
    op.text('storage'),
    op.global('torch', 'FloatStorage'),
    op.text(key),
    op.text('cpu'),
    op.int(count),
    legacy ? op.none : [],
    op.tuple,
    op.persistent,
    op.int(offset),
    sizes(shape),
    sizes(strides),
    op.false,
    op.global('collections', 'OrderedDict'),
    [0x29],
    op.reduce,
    op.tuple,
    op.reduce,
  );
}

/** A state dict's pickle, with the tensors' storages called "0", "1", … */
function statePickle(
  tensors: ReadonlyMap<string, Tensor>,
  legacy: boolean,
): Uint8Array {
  const entries = [...tensors].flatMap(([name, { shape, data }], i) => [
    op.text(name),
    tensorPickle(String(i), data.length, shape, { legacy }),
  ]);
  return pickle(op.dict, op.mark, ...entries, op.setItems);
}

const bytesOf = ({ data }: Tensor) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** What `torch.save` writes since 1.6. */
export function writeTorchZip(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  return writeZip([
    ['archive/data.pkl', statePickle(tensors, false)],
    ...[...tensors.values()].map(
      (tensor, i) => [`archive/data/${i}`, bytesOf(tensor)] as [string, Uint8Array],
    ),
    ['archive/version', utf8('3\n')],
  ]);
}

/** What it wrote before. */
export function writeTorchLegacy(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const keys = [...tensors.keys()].map((_, i) => op.text(String(i)));
  return join(
    pickle(magic),
    pickle(op.int(1001)),
    pickle(op.dict, op.mark, op.text('little_endian'), [0x88], op.setItems),
    statePickle(tensors, true),
    pickle(op.list, op.mark, ...keys, op.appends),
    ...[...tensors.values()].flatMap((tensor) => [
      uint32(tensor.data.length),
      uint32(0),
      bytesOf(tensor),
    ]),
  );
}

/** How an entry's headers lie, for tests. */
export interface ZipLies {
  method?: number;
  flags?: number;
  /** Added to the place that the list of entries gives. */
  shift?: number;
  size?: number;
  crc?: number;
}

/** A zip file whose entries are stored as they are. */
export function writeZip(
  entries: readonly (readonly [string, Uint8Array])[],
  lies: ZipLies = {},
): Uint8Array {
  const { method = 0, flags = 0, shift = 0 } = lies;
  const parts: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const crc = lies.crc ?? crc32(content);
    const size = uint32(lies.size ?? content.length);
    const head = join(
      uint16(20),
      uint16(flags),
      uint16(method),
      uint32(0),
      uint32(crc),
      size,
      size,
      uint16(utf8(name).length),
      uint16(0),
    );
    list.push(
      // Made by; comment, disk and attributes: none.
      join(uint32(0x02014b50), uint16(20), head, new Uint8Array(10)),
      join(uint32(at + shift), utf8(name)),
    );
    const part = join(uint32(0x04034b50), head, utf8(name), content);
    parts.push(part);
    at += part.length;
  }
  const directory = join(...list);
  const count = uint16(entries.length);
  return join(
    ...parts,
    directory,
    uint32(0x06054b50),
    uint32(0),
    count,
    count,
    uint32(directory.length),
    uint32(at),
    uint16(0),
  );
}
