import { createReadStream, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { lockFile } from '../files/lockFile.js';

/** A line of a journal: what became of input number `index`. */
export interface JournalRecord {
  index: number;
  failure?: { code: string; reason: string };
}

/** How every journal begins. */
const HEADER_START = '{"fingerprint":';

/** The first line of a journal: which run it belongs to. */
export interface JournalHeader {
  /** Hash of everything that the results depend on. */
  fingerprint: string;
  /** Hash of each of its parts, to say which one differs. */
  parts: Record<string, string>;
}

/**
 * Results in progress: JSON Lines, one line per finished input, in the order in
 * which they finish. A line counts once its newline is written, so a run that
 * was killed at any moment loses only what it was computing.
 */
export class Journal<T extends JournalRecord> {
  /** Where each input's line starts, and its length in bytes; 0 when not there. */
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  #end = 0;
  #done = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly handle: FileHandle,
    inputs: number,
    private readonly unlock: () => Promise<void>,
  ) {
    this.#offsets = new Float64Array(inputs);
    this.#lengths = new Uint32Array(inputs);
  }

  /**
   * Opens a journal, or starts it.
   *
   * @param inputs number of inputs of the whole run
   * Failures that may have passed (a crash, a photo without permission) are
   * tried again.
   *
   * @throws UsageError OTHER_RUN when the journal belongs to another run, or is
   *   no journal, and `restart` is not set; IN_USE when another process has it
   */
  static async open<T extends JournalRecord>(
    path: string,
    header: JournalHeader,
    inputs: number,
    restart: boolean,
  ): Promise<Journal<T>> {
    const unlock = await lockFile(path);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'a+');
      if (restart) await handle.truncate(0);
      const journal = new Journal<T>(handle, inputs, unlock);
      await journal.#load(path, header);
      return journal;
    } catch (error) {
      await handle?.close();
      await unlock();
      throw error;
    }
  }

  /** Inputs whose result is there. */
  get done(): number {
    return this.#done;
  }

  has(index: number): boolean {
    return this.#lengths[index] > 0;
  }

  /** Appends a result; resolves when it is written. */
  append(record: T): Promise<void> {
    if (this.has(record.index)) return Promise.resolve();
    const line = Buffer.from(JSON.stringify(record) + '\n');
    this.#note(record.index, this.#end, line.length);
    this.#end += line.length;
    this.#writing = this.#writing.then(async () => {
      await this.handle.appendFile(line);
    });
    return this.#writing;
  }

  /** All results in the order of the inputs, one at a time in memory. */
  async *records(): AsyncGenerator<T> {
    await this.#writing;
    for (let index = 0; index < this.#lengths.length; index++) {
      const length = this.#lengths[index];
      if (length === 0) continue;
      const { buffer } = await this.handle.read(
        Buffer.allocUnsafe(length),
        0,
        length,
        this.#offsets[index],
      );
      yield JSON.parse(buffer.toString('utf8')) as T;
    }
  }

  /** The same without waiting, for consumers that can't; nothing may be being appended. */
  *recordsNow(): Generator<T> {
    for (let index = 0; index < this.#lengths.length; index++) {
      const length = this.#lengths[index];
      if (length === 0) continue;
      const buffer = Buffer.allocUnsafe(length);
      readSync(this.handle.fd, buffer, 0, length, this.#offsets[index]);
      yield JSON.parse(buffer.toString('utf8')) as T;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#writing;
    } finally {
      await this.handle.close();
      await this.unlock();
    }
  }

  #note(index: number, offset: number, length: number): void {
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#done++;
  }

  async #load(path: string, header: JournalHeader): Promise<void> {
    let isFirst = true;
    for await (const line of completeLines(path)) {
      if (isFirst) checkHeader(parseLine(line), header, path);
      else this.#load1(parseLine(line), line.length + 1);
      isFirst = false;
      this.#end += line.length + 1;
    }
    // What stands after the last newline was being written when the run died.
    if (isFirst) await this.#refuseForeign(path);
    await this.handle.truncate(this.#end);
    if (isFirst) {
      const line = Buffer.from(JSON.stringify(header) + '\n');
      await this.handle.appendFile(line);
      this.#end = line.length;
    }
  }

  /** A file that does not begin as a journal does is somebody's, not ours. */
  async #refuseForeign(path: string): Promise<void> {
    const start = Buffer.alloc(HEADER_START.length);
    const { bytesRead } = await this.handle.read(start, 0, start.length, 0);
    if (HEADER_START.startsWith(start.toString('latin1', 0, bytesRead))) return;
    throw new UsageError(
      'OTHER_RUN',
      `${path} is no journal of ours; name another output, or overwrite it with --restart`,
    );
  }

  #load1(record: Partial<JournalRecord> | undefined, length: number): void {
    const index = record?.index;
    if (record?.failure && PASSING.has(record.failure.code)) return;
    if (index === undefined || index in this.#lengths === false || this.has(index))
      return;
    this.#note(index, this.#end, length);
  }
}

/** Failures that may be none the next time. */
const PASSING = new Set(['UNREADABLE', 'UNEXPECTED', 'WORKER_CRASHED']);

function parseLine(line: Buffer): Partial<JournalRecord & JournalHeader> | undefined {
  try {
    return JSON.parse(line.toString('utf8')) as Partial<JournalRecord & JournalHeader>;
  } catch {
    return undefined;
  }
}

function checkHeader(
  found: Partial<JournalHeader> | undefined,
  wanted: JournalHeader,
  path: string,
): void {
  if (found?.fingerprint === wanted.fingerprint) return;
  const parts = found?.parts ?? {};
  const differing = Object.keys(wanted.parts).filter(
    (part) => parts[part] !== wanted.parts[part],
  );
  throw new UsageError(
    'OTHER_RUN',
    `${path} is of a run with other ${differing.join(', ') || 'contents'}; ` +
      'name another output, or start over with --restart (its results are then lost)',
  );
}

/** Lines that end in a newline, without it. */
async function* completeLines(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (
      let newline = chunk.indexOf(10);
      newline >= 0;
      newline = chunk.indexOf(10, start)
    ) {
      rest.push(chunk.subarray(start, newline));
      yield rest.length === 1 ? rest[0] : Buffer.concat(rest);
      rest = [];
      start = newline + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}
