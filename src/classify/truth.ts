import type { ClassLabel } from '../../detectors/classify/classifierModel.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

/** For each photo the index of the class that it is of. */
export type Truth = ReadonlyMap<string, number>;

/**
 * Which class each photo is of, by the folder that it lies in or by a file with a
 * line `NAME CLASS` for each photo (as Caffe has it: name, space or tab, class). A
 * class is told by its index, WordNet's id, its full name or one of its names that
 * no other class has; capitals and underscores don't matter.
 *
 * @param source "folders", or the path of a file
 * @param photos names of the photos, relative, with '/'
 * @throws UsageError INVALID_TRUTH when a photo has no class or a class is unknown
 */
export async function readTruth(
  source: string,
  photos: readonly { name: string; path: string }[],
  labels: readonly ClassLabel[],
): Promise<Truth> {
  const find = classFinder(labels);
  const classOf = source === 'folders' ? folderOf : await readTruthFile(source);
  const truth = new Map<string, number>();
  for (const { name, path } of photos) {
    const given = classOf(name, path);
    const index = given === undefined ? undefined : find(given);
    if (typeof index === 'number') {
      truth.set(name, index);
      continue;
    }
    const place = source === 'folders' ? name : `${source}: ${name}`;
    throw new UsageError(
      'INVALID_TRUTH',
      given === undefined
        ? `${place}: no class is given for this photo`
        : `${place}: "${given}" is ${index ?? 'none of the classes'}; name a class by its index, its WordNet id or its full name`,
    );
  }
  return truth;
}

/** The folder that a photo lies in. */
function folderOf(_name: string, path: string): string | undefined {
  return path.split(/[/\\]/).at(-2);
}

async function readTruthFile(
  path: string,
): Promise<(name: string) => string | undefined> {
  const text = Buffer.from(await readInputFile(path)).toString('utf8');
  const classes = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    // A tab may stand between names with spaces; without one the class has none.
    const [, name, given] =
      /^\s*([^\t]*\S)\s*\t\s*(\S.*?)\s*$/.exec(line) ??
      /^\s*(.*\S)\s+(\S+)\s*$/.exec(line) ??
      [];
    if (name === undefined || classes.has(name)) {
      throw new UsageError(
        'INVALID_TRUTH',
        `${path}: line ${i + 1} ${name === undefined ? 'is not of the form NAME CLASS' : `names ${name} again`}`,
      );
    }
    classes.set(name, given);
  }
  return (name) =>
    classes.get(name) ?? classes.get(name.slice(name.lastIndexOf('/') + 1));
}

const plain = (name: string) => name.toLowerCase().replaceAll('_', ' ').trim();

/** Finds a class by what it is called; says so when the name is not enough. */
function classFinder(
  labels: readonly ClassLabel[],
): (given: string) => number | string | undefined {
  const exact = new Map<string, number>();
  const byPart = new Map<string, number[]>();
  labels.forEach(({ name, synset }, i) => {
    exact.set(String(i), i);
    if (synset) exact.set(synset, i);
    const full = plain(name);
    byPart.set(full, [...(byPart.get(full) ?? []), i]);
    const parts = name.split(',').map(plain);
    if (parts.length === 1) return;
    for (const part of parts) byPart.set(part, [...(byPart.get(part) ?? []), i]);
  });
  return (given) => {
    const found = exact.get(given) ?? byPart.get(plain(given));
    if (typeof found === 'number' || found === undefined) return found;
    const [first, second] = found;
    return second === undefined ? first : `a name of classes ${found.join(' and ')}`;
  };
}
