import { StreamedFile } from './streamedFile.js';

/** A JSON array in a file, one element a line, written element by element. */
export class JsonArrayFile {
  #count = 0;

  private constructor(private readonly file: StreamedFile) {}

  static async create(path: string): Promise<JsonArrayFile> {
    return new JsonArrayFile(await StreamedFile.create(path));
  }

  async add(element: unknown): Promise<void> {
    await this.file.write(
      (this.#count++ === 0 ? '[\n' : ',\n') + JSON.stringify(element),
    );
  }

  /** Completes the array and puts the file in its place. */
  async finish(): Promise<void> {
    await this.file.write(this.#count === 0 ? '[]\n' : '\n]\n');
    await this.file.finish();
  }
}
