import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';

/** Text is handed to the system in pieces of about so many characters. */
const PIECE = 1 << 16;

/**
 * A text file that is written in pieces and appears under its name only when it
 * is whole: it grows beside the name, then takes it over.
 */
export class StreamedFile {
  #text = '';
  #error: Error | undefined;

  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly stream: WriteStream,
  ) {
    stream.on('error', (error) => (this.#error = error));
  }

  static async create(path: string): Promise<StreamedFile> {
    const temporary = `${path}.${process.pid}.tmp`;
    const stream = createWriteStream(temporary);
    await once(stream, 'open');
    return new StreamedFile(path, temporary, stream);
  }

  /** Resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length < PIECE) return;
    await this.#flush();
  }

  /** Completes the file and puts it in its place. */
  async finish(): Promise<void> {
    await this.#flush();
    this.stream.end();
    await finished(this.stream);
    await rename(this.temporary, this.path);
  }

  /** Gives up: nothing appears, an older file stays. */
  async discard(): Promise<void> {
    this.stream.destroy();
    await rm(this.temporary, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#error) throw this.#error;
    const text = this.#text;
    this.#text = '';
    if (text !== '' && !this.stream.write(text)) await once(this.stream, 'drain');
  }
}
