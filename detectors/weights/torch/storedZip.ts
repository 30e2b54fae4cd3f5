import { crc32 } from 'node:zlib';

/** More entries than this are no network's file. */
const MAX_ENTRIES = 100_000;
const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
/** The fixed part of the record at the end, and the longest comment behind it. */
const END_LENGTH = 22;
const MAX_COMMENT = 65_535;
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;

interface Entry {
  name: string;
  start: number;
  end: number;
  crc: number;
}

/**
 * The entries of a zip file that holds everything uncompressed, as PyTorch writes
 * it: name and bytes, without a copy. Nothing is ever unpacked, so no small file
 * can become a large one; entries that are compressed, encrypted, damaged (CRC),
 * outside the file or on top of one another are refused.
 *
 * @throws Error that says what is wrong, without the file's name
 */
export function readStoredZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, directory } = findDirectory(view);
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = directory;
  for (let i = 0; i < count; i++) {
    need(view, at, 46, 'the list of entries');
    if (view.getUint32(at, true) !== CENTRAL_SIGNATURE) {
      throw new Error(`entry ${i} of its list has no signature`);
    }
    const { entry, length } = readEntry(view, bytes, at, i);
    if (names.has(entry.name))
      throw new Error(`two entries are called "${entry.name}"`);
    names.add(entry.name);
    entries.push(entry);
    at += length;
  }
  return checkEntries(entries, bytes, directory);
}

/** Where the list of entries begins, and how long it is. */
function findDirectory(view: DataView): { count: number; directory: number } {
  const last = view.byteLength - END_LENGTH;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END_SIGNATURE) continue;
    let count = view.getUint16(at + 10, true);
    let directory = view.getUint32(at + 16, true);
    const hasLocator = at >= 20 && view.getUint32(at - 20, true) === END64_LOCATOR;
    if (hasLocator && (count === FULL_16 || directory === FULL_32)) {
      const end64 = wide(view, at - 12);
      need(view, end64, 56, 'the zip64 record');
      if (view.getUint32(end64, true) !== END64_SIGNATURE) {
        throw new Error('its zip64 record has no signature');
      }
      count = wide(view, end64 + 32);
      directory = wide(view, end64 + 48);
    }
    if (count > MAX_ENTRIES) throw new Error(`it says that it has ${count} entries`);
    return { count, directory };
  }
  throw new Error('it has no list of entries at its end (truncated)');
}

function readEntry(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  index: number,
): { entry: Entry; length: number } {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const length = 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  need(view, at, length, 'the list of entries');
  const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
  const place = `entry ${index} ("${name.slice(0, 100)}")`;
  if (flags & 1) throw new Error(`${place} is encrypted`);
  if (method !== 0)
    throw new Error(
      `${place} is compressed, as torch.save never does; of TorchScript, save the model's state_dict() instead`,
    );

  const sizes = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
  readWideSizes(view, at + 46 + nameLength, extraLength, sizes);
  const [size, stored, local] = sizes;
  if (size !== stored) throw new Error(`${place} has two sizes, ${size} and ${stored}`);
  need(view, local, 30, place);
  if (view.getUint32(local, true) !== LOCAL_SIGNATURE) {
    throw new Error(`${place} has no signature where it should begin`);
  }
  const start =
    local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  need(view, start, size, place);
  const entry = { name, start, end: start + size, crc: view.getUint32(at + 16, true) };
  return { entry, length };
}

/** Replaces the sizes that did not fit into 32 bits by those of the zip64 field. */
function readWideSizes(view: DataView, at: number, length: number, sizes: number[]) {
  for (let end = at + length; at + 4 <= end;) {
    const id = view.getUint16(at, true);
    const fieldEnd = Math.min(at + 4 + view.getUint16(at + 2, true), end);
    at += 4;
    for (let i = 0; id === 1 && i < 3; i++) {
      if (sizes[i] !== FULL_32 || at + 8 > fieldEnd) continue;
      sizes[i] = wide(view, at);
      at += 8;
    }
    at = fieldEnd;
  }
}

/** That no entry lies on another or on the list, and each is what was written. */
function checkEntries(
  entries: Entry[],
  bytes: Uint8Array,
  directory: number,
): Map<string, Uint8Array> {
  const sorted = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  for (const [i, { name, end }] of sorted.entries()) {
    if (end > (sorted[i + 1]?.start ?? directory)) {
      throw new Error(`entry "${name}" lies on what follows it`);
    }
  }
  return new Map(
    entries.map(({ name, start, end, crc }) => {
      const content = bytes.subarray(start, end);
      if (crc32(content) !== crc) {
        throw new Error(`entry "${name}" is damaged (its checksum differs)`);
      }
      return [name, content];
    }),
  );
}

/** An unsigned number of 64 bits, as far as doubles are exact. */
function wide(view: DataView, at: number): number {
  need(view, at, 8, 'a zip64 number');
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw new Error('a size in it is past all numbers');
  return value;
}

function need(view: DataView, at: number, length: number, what: string): void {
  if (at + length > view.byteLength) {
    throw new Error(`${what} lies outside the file (truncated?)`);
  }
}
