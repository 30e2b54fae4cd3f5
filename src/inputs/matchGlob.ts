import { lstatSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { isWithin } from './walkFolders.js';

/** The folder that a glob's matches are below: its parts before the first magic. */
export function fixedPart(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[\]{}()!+@|\\]/.test(part));
  // The trailing '' keeps the root of '/*' a root.
  return resolve([...parts.slice(0, first), ''].join('/') || '.');
}

/** A path that a glob matches. */
export interface Match {
  path: string;
  /** Whether it is a file itself, no folder, no link, nothing else. */
  isFile: boolean;
}

/**
 * What a glob matches, files and folders, sorted, without what is in excluded
 * folders and what is reached through links that lead up.
 *
 * @param start the glob's {@link fixedPart}
 * @param excluded real paths of folders
 */
export async function matchGlob(
  pattern: string,
  start: string,
  excluded: ReadonlySet<string>,
): Promise<Match[]> {
  const matches = await glob(pattern, {
    absolute: true,
    onlyFiles: false,
    expandDirectories: false,
  });
  const realStart = await realpath(start).catch(() => start);
  // A glob that starts inside an excluded folder asks for what is there.
  const barred = [...excluded].filter((other) => !isWithin(realStart, other));
  const isBarred = async (path: string): Promise<boolean> => {
    const real = await realpath(path).catch(() => path);
    // Links up would leave the glob's folder, or go round in circles.
    return isWithin(realStart, real) || barred.some((other) => isWithin(real, other));
  };
  const barredFolders = new Map<string, boolean>([[start, false]]);
  const kept: Match[] = [];
  for (const match of matches.sort()) {
    const path = resolve(match);
    const folder = dirname(path);
    let isOut = barredFolders.get(folder);
    if (isOut === undefined) {
      isOut = await anyBetween(start, folder, isBarred);
      barredFolders.set(folder, isOut);
    }
    // Asked synchronously: for a hundred thousand files, promises take minutes.
    const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    const isKept = path === start || (!isOut && (isFile || !(await isBarred(path))));
    if (isKept) kept.push({ path, isFile });
  }
  return kept;
}

/** Whether something holds for a folder, or for one above it up to `start`. */
async function anyBetween(
  start: string,
  folder: string,
  holds: (folder: string) => Promise<boolean>,
): Promise<boolean> {
  for (
    let path = folder;
    path !== start && path !== dirname(path);
    path = dirname(path)
  ) {
    if (await holds(path)) return true;
  }
  return false;
}

export { isDynamicPattern } from 'tinyglobby';
