import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UsageError } from '../errors.js';

/**
 * The values of a file of JSON Lines, one at a time.
 *
 * @throws UsageError NOT_READABLE naming the line that is no JSON
 */
export async function* readJsonLines<T>(path: string): AsyncGenerator<T> {
  let number = 0;
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      if (line !== '') yield JSON.parse(line) as T;
    }
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new UsageError(
        'NOT_READABLE',
        `${path}: line ${number} is no JSON (${error.message})`,
      );
    }
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    throw new UsageError('NOT_READABLE', `${path}: cannot be read (${code})`);
  } finally {
    input.destroy();
  }
}
