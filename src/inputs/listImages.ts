import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { ImageFileError } from '../images/errors.js';
import { isImageName } from '../images/imageNames.js';
import { systemProblem } from '../images/problems.js';
import { probeImageFile } from '../images/readImageFile.js';
import { commonFolder } from './commonFolder.js';
import type { InputFailure, InputImage } from './types.js';
import { FolderWalk } from './walkFolders.js';

export interface ListImagesOptions {
  /**
   * Folders that are not entered (above all the one that results are written
   * to), unless they are given as arguments themselves.
   * @default []
   */
  exclude?: readonly string[];
}

/** What {@link listImages} finds. */
export interface ListedImages {
  /** In the order of the code units of their names. */
  images: InputImage[];
  /** Files met in folders that are no photos by their names. */
  skipped: number;
  /** Names of a few of them. */
  skippedExamples: string[];
  /** What was asked for by name, or met, and cannot be used. */
  failures: InputFailure[];
}

/**
 * The photos that arguments of a command name: folders (with all folders below
 * them), files and globs. An argument that exists is taken as it is, even when
 * its name has characters of a glob.
 *
 * **Names.** Each argument has a folder: a folder argument itself, the folder of
 * a file, the fixed part of a glob. A photo's name is relative to the deepest
 * folder that all of these share. So with one folder names are relative to it,
 * one file is named by its file name, and `a/IMG_1.jpg b/IMG_1.jpg` keep their
 * folders apart. Names depend on the arguments alone, not on what is found.
 *
 * **What is taken.** In folders, files that are photos by their names (also of
 * kinds that are not decoded here, so that each is reported); hidden files and
 * folders are left out. A file given by name is taken by its content. A file
 * that is reached twice (by arguments that overlap, or by symbolic links) is
 * listed once.
 *
 * Only the names of the photos are held in memory.
 */
export async function listImages(
  paths: readonly string[],
  { exclude = [] }: ListImagesOptions = {},
): Promise<ListedImages> {
  const excluded = await realPaths(exclude);
  const walk = new FolderWalk(excluded);
  const failures: InputFailure[] = [];
  const args = await Promise.all(paths.map(readArgument));
  const common = commonFolder(args.flatMap(({ folder }) => folder ?? []));

  for (const { kind, path } of args) if (kind === 'folder') await walk.addFolder(path);
  for (const argument of args) await addGlob(argument, walk, excluded, failures);
  for (const { kind, path, given, systemCode } of args) {
    if (kind === 'missing') failures.push(missing(given, systemCode));
    if (kind === 'file') await addNamedFile(path, given, walk, failures);
  }
  await walk.addLinks();

  const { nameOf } = common;
  const images = walk.photos.map((path) => ({ path, name: nameOf(path) }));
  const met = walk.failures.map((f) => ({ ...f, file: nameOf(f.file) || f.file }));
  return {
    images: images.sort((a, b) => compare(a.name, b.name)),
    skipped: walk.skipped,
    skippedExamples: walk.skippedExamples.map(nameOf).sort(),
    failures: failures.concat(met).sort((a, b) => compare(a.file, b.file)),
  };
}

/** Loaded when a path may be a pattern: most are not. */
const globs = () => import('./matchGlob.js');

interface Argument {
  given: string;
  kind: 'folder' | 'file' | 'glob' | 'missing';
  /** Absolute; of a glob, with the pattern in it. */
  path: string;
  /** What names are relative to if this is the only argument. */
  folder?: string;
  /** Why it cannot be found. */
  systemCode?: string;
}

async function readArgument(given: string): Promise<Argument> {
  const path = resolve(given);
  try {
    const isFolder = (await stat(path)).isDirectory();
    if (isFolder) return { given, kind: 'folder', path, folder: path };
    return { given, kind: 'file', path, folder: dirname(path) };
  } catch (error) {
    const pattern = sep === '/' ? given : given.replaceAll(sep, '/');
    const { fixedPart, isDynamicPattern } = await globs();
    if (isDynamicPattern(pattern)) {
      return { given, kind: 'glob', path: pattern, folder: fixedPart(pattern) };
    }
    const { code: systemCode } = error as NodeJS.ErrnoException;
    return { given, kind: 'missing', path, systemCode };
  }
}

async function addGlob(
  { kind, path: pattern, given, folder }: Argument,
  walk: FolderWalk,
  excluded: ReadonlySet<string>,
  failures: InputFailure[],
): Promise<void> {
  if (kind !== 'glob') return;
  const { matchGlob } = await globs();
  const matches = await matchGlob(pattern, folder!, excluded);
  if (matches.length === 0) {
    const reason = 'nothing matches; check the pattern and the folder it starts in';
    failures.push({ ...missing(given), reason });
  }
  for (const match of matches) await walk.addMatch(match);
}

/** A file named on the command line is looked into when its name says nothing. */
async function addNamedFile(
  path: string,
  given: string,
  walk: FolderWalk,
  failures: InputFailure[],
): Promise<void> {
  try {
    if (!isImageName(basename(path))) await probeImageFile(path);
    await walk.addFile(path);
  } catch (error) {
    if (!(error instanceof ImageFileError)) throw error;
    const { code, reason, remedy } = error;
    failures.push({ file: given, code, reason: `${reason}; ${remedy}` });
  }
}

function missing(given: string, systemCode = 'ENOENT'): InputFailure {
  const { code, reason, remedy } = systemProblem(systemCode);
  return { file: given, code, reason: `${reason}; ${remedy}` };
}

async function realPaths(folders: readonly string[]): Promise<Set<string>> {
  // A folder that is not there yet cannot hold photos.
  const real = await Promise.all(
    folders.map((folder) => realpath(folder).catch(() => [])),
  );
  return new Set(real.flat());
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
