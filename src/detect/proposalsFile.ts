import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { UsageError } from '../errors.js';

/** Longer names no file has. */
const MAX_KEY_BYTES = 1 << 16;
/** One photo's boxes can't be more bytes than this: about two million boxes. */
const MAX_ENTRY_BYTES = 64 * 2 ** 20;

interface Entry {
  offset: number;
  length: number;
}

/**
 * A file of proposals, `{ "file name": [[x1, y1, x2, y2], …], … }` or JSON Lines
 * `{"file": …, "boxes": …}` when its name ends in `.jsonl`.
 *
 * The file is read once as a stream to find where each photo's boxes lie, and
 * again photo by photo when they are needed: it may be larger than memory, and
 * than the longest string that JSON.parse could take.
 */
export class ProposalsFile {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly entries: ReadonlyMap<string, Entry>,
    /** Entries by bare file name; null where several photos have it. */
    private readonly bareNames: ReadonlyMap<string, string | null>,
  ) {}

  /**
   * @param names the photos' names; an entry under a bare file name belongs to
   *   the photo of that name when there is only one
   * @throws UsageError INVALID_PROPOSALS with the place in the file
   */
  static async open(path: string, names: readonly string[]): Promise<ProposalsFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      throw new UsageError(
        'INVALID_PROPOSALS',
        `${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
      );
    }
    try {
      const entries = path.endsWith('.jsonl')
        ? await scanLines(path)
        : await scanObject(path);
      return new ProposalsFile(path, handle, entries, uniqueBareNames(names));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * The boxes of a photo.
   *
   * @returns n×4, or undefined when the file has no entry for the photo
   * @throws UsageError INVALID_PROPOSALS when they are no boxes
   */
  async boxes(name: string): Promise<Float32Array | undefined> {
    const bare = name.slice(name.lastIndexOf('/') + 1);
    const entry =
      this.entries.get(name) ??
      (this.bareNames.get(bare) === name ? this.entries.get(bare) : undefined);
    if (!entry) return undefined;
    const { buffer } = await this.handle.read(
      Buffer.allocUnsafe(entry.length),
      0,
      entry.length,
      entry.offset,
    );
    let value: unknown;
    try {
      value = JSON.parse(buffer.toString('utf8'));
    } catch (error) {
      throw invalid(
        this.path,
        `the entry of "${name}" is no JSON (${(error as Error).message})`,
      );
    }
    const rows = this.path.endsWith('.jsonl')
      ? (value as { boxes?: unknown })?.boxes
      : value;
    return toBoxes(rows, `${this.path}: the boxes of "${name}"`);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function invalid(path: string, problem: string): UsageError {
  return new UsageError('INVALID_PROPOSALS', `${path}: ${problem}`);
}

function toBoxes(rows: unknown, what: string): Float32Array {
  if (!Array.isArray(rows)) {
    throw new UsageError(
      'INVALID_PROPOSALS',
      `${what} are no array of [x1, y1, x2, y2]`,
    );
  }
  const boxes = new Float32Array(4 * rows.length);
  rows.forEach((row: unknown, i) => {
    const isBox =
      Array.isArray(row) &&
      row.length === 4 &&
      row.every((value) => Number.isFinite(value));
    if (!isBox) {
      throw new UsageError(
        'INVALID_PROPOSALS',
        `${what}: number ${i} is ${JSON.stringify(row)?.slice(0, 80)}, not [x1, y1, x2, y2]`,
      );
    }
    boxes.set(row as number[], 4 * i);
  });
  return boxes;
}

/** For each bare file name, the one photo that has it. */
function uniqueBareNames(names: readonly string[]): Map<string, string | null> {
  const owners = new Map<string, string | null>();
  for (const name of names) {
    const bare = name.slice(name.lastIndexOf('/') + 1);
    owners.set(bare, owners.has(bare) ? null : name);
  }
  return owners;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];
const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);

/**
 * Finds the members of the outermost object by counting brackets outside
 * strings; only keys are parsed here, values when they are used.
 */
async function scanObject(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let key: string | undefined;
  let keyBytes: number[] | undefined;
  let valueStart = -1;
  let position = 0;
  let isEnded = false;

  const endValue = (end: number) => {
    if (key === undefined || valueStart < 0) throw misplaced(path, end);
    if (end - valueStart > MAX_ENTRY_BYTES) {
      throw invalid(
        path,
        `the entry of "${key}" is longer than ${MAX_ENTRY_BYTES} bytes`,
      );
    }
    entries.set(key, { offset: valueStart, length: end - valueStart });
    key = undefined;
    valueStart = -1;
  };

  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>) {
    for (let i = 0; i < chunk.length; i++, position++) {
      const byte = chunk[i];
      if (inString) {
        if (keyBytes && keyBytes.push(byte) > MAX_KEY_BYTES)
          throw misplaced(path, position);
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) {
          inString = false;
          if (keyBytes) key = parseKey(keyBytes, path, position);
          keyBytes = undefined;
        }
      } else if (byte === QUOTE) {
        inString = true;
        if (depth === 1 && key === undefined) keyBytes = [byte];
        else if (depth === 1) throw misplaced(path, position);
        else if (depth === 0) throw notAnObject(path);
      } else if (isSpace(byte)) continue;
      else if (depth === 0) {
        if (byte !== OPEN[1] || isEnded) throw notAnObject(path);
        depth = 1;
      } else if (OPEN.includes(byte)) {
        if (depth === 1 && valueStart < 0) throw notAnObject(path);
        depth++;
      } else if (CLOSE.includes(byte)) {
        depth--;
        if (depth === 0) {
          if (entries.size > 0 || key !== undefined) endValue(position);
          isEnded = true;
        }
      } else if (depth === 1 && byte === COLON) {
        if (key === undefined || valueStart >= 0) throw misplaced(path, position);
        valueStart = position + 1;
      } else if (depth === 1 && byte === COMMA) endValue(position);
    }
  }
  if (!isEnded) {
    throw invalid(
      path,
      `ends at byte ${position} in the middle of its object (truncated?)`,
    );
  }
  return entries;
}

function misplaced(path: string, position: number): UsageError {
  return invalid(
    path,
    `byte ${position + 1} can't stand where it is in { "file name": [boxes], … } (a comma, a colon or a name missing?)`,
  );
}

function notAnObject(path: string): UsageError {
  return invalid(
    path,
    'is no JSON object of { "file name": [[x1, y1, x2, y2], …] } (JSON Lines must have a name that ends in .jsonl)',
  );
}

function parseKey(bytes: number[], path: string, position: number): string {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as string;
  } catch {
    throw invalid(path, `the key that ends at byte ${position} is no JSON string`);
  }
}

/** Finds the lines and reads each one's `file`. */
async function scanLines(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let offset = 0;
  let number = 0;
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer) => {
    bytes += part.length;
    if (bytes > MAX_ENTRY_BYTES) {
      throw invalid(path, `line ${number + 1} is longer than ${MAX_ENTRY_BYTES} bytes`);
    }
    parts.push(part);
  };
  const endLine = () => {
    bytes = 0;
    const line = Buffer.concat(parts);
    parts = [];
    number++;
    if (line.toString('utf8').trim() !== '') {
      entries.set(lineFile(line, path, number), { offset, length: line.length });
    }
    offset += line.length + 1;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      endLine();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (parts.length > 0) endLine();
  return entries;
}

function lineFile(line: Buffer, path: string, number: number): string {
  let value: { file?: unknown } | null;
  try {
    value = JSON.parse(line.toString('utf8')) as { file?: unknown } | null;
  } catch (error) {
    throw invalid(path, `line ${number} is no JSON (${(error as Error).message})`);
  }
  if (typeof value?.file !== 'string') {
    throw invalid(
      path,
      `line ${number} has no "file"; a line is {"file": …, "boxes": …}`,
    );
  }
  return value.file;
}
