import type { ClassLabel } from '../../detectors/classify/classifierModel.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

/** WordNet's id of a class, and what may follow it on a line. */
const SYNSET_LINE = /^(n\d{8})(?:\s+(.*))?$/;

/**
 * Names of classes by index: a JSON list, or a line for each class. A line, or an
 * element of the list, may begin with WordNet's id ("n02123045 tabby, tabby cat").
 *
 * @throws UsageError INVALID_LABELS, NOT_READABLE
 */
export async function readLabelsFile(path: string): Promise<ClassLabel[]> {
  const text = Buffer.from(await readInputFile(path)).toString('utf8');
  const lines = text.trimStart().startsWith('[')
    ? parseList(text, path)
    : text.replace(/\r?\n$/, '').split(/\r?\n/);
  return lines.map((line, i) => {
    const [, synset, name = synset] = SYNSET_LINE.exec(line.trim()) ?? [];
    if (synset) return { name, synset };
    if (line.trim() === '') {
      throw new UsageError('INVALID_LABELS', `${path}: class ${i} has no name`);
    }
    return { name: line.trim() };
  });
}

function parseList(text: string, path: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      'INVALID_LABELS',
      `${path}: is no JSON (${(error as Error).message})`,
    );
  }
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    throw new UsageError('INVALID_LABELS', `${path}: is no list of names`);
  }
  return value;
}
