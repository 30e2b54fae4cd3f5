import type { Dirent } from 'node:fs';
import { lstat, opendir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { isImageName } from '../images/imageNames.js';
import type { ImageFileProblem } from '../images/errors.js';
import { systemProblem } from '../images/problems.js';
import type { Match } from './matchGlob.js';
import type { InputFailure } from './types.js';

/** Folders that systems and file servers keep for themselves, thumbnails in them. */
const SYSTEM_FOLDERS = new Set([
  '@eaDir',
  '#recycle',
  '__MACOSX',
  '$RECYCLE.BIN',
  'System Volume Information',
  'lost+found',
]);

/** Folders that a run of detection fills beside its `results.jsonl`. */
const RESULT_FOLDERS = new Set(['pictures', 'crops']);

/** How many names of files that were passed over are kept to show. */
const EXAMPLES = 5;

/**
 * What a walk through folders finds. Call its methods in the order in which they
 * stand: what is reached twice is kept under its first path, and paths without
 * links come first.
 */
export class FolderWalk {
  /** Paths of photos, in no particular order. */
  readonly photos: string[] = [];
  readonly failures: InputFailure[] = [];
  /** Files that are no photos by their names. */
  skipped = 0;
  readonly skippedExamples: string[] = [];

  /** Real paths of the folders that were read. */
  readonly #visited = new Set<string>();
  /** Real paths of files that were reached otherwise than through such a folder. */
  readonly #files = new Set<string>();
  readonly #links: string[] = [];
  #realFolder?: { folder: string; real: string };
  readonly #oddPaths = new Set<string>();
  readonly #roots: string[] = [];

  /** @param excluded real paths of folders that are not to be entered */
  constructor(private readonly excluded: ReadonlySet<string>) {}

  /**
   * Takes up all photos in a folder and below it. Hidden files and folders and
   * system folders are left out; links wait for {@link addLinks}.
   */
  async addFolder(folder: string): Promise<void> {
    try {
      const real = await realpath(folder);
      this.#roots.push(real);
      await this.#walk(folder, real);
    } catch (error) {
      this.#fail(folder, error);
    }
  }

  /** Takes up what a glob matched: files that are photos by their names. */
  async addMatch({ path, isFile }: Match): Promise<void> {
    const status = isFile ? undefined : await stat(path).catch(() => undefined);
    if (status?.isDirectory()) await this.addFolder(path);
    else if (this.#isPhotoName(path))
      this.#addReal(path, await this.#realOf(path, isFile));
  }

  /** Takes up one file, unless the walk has it already. */
  async addFile(file: string): Promise<void> {
    this.#addReal(file, await this.#realOf(file, false));
  }

  /** A real path; of a file that is no link, its folder's is asked for only once. */
  async #realOf(file: string, isFile: boolean): Promise<string> {
    if (!isFile) return realpath(file).catch(() => file);
    const folder = dirname(file);
    if (this.#realFolder?.folder !== folder) {
      this.#realFolder = { folder, real: await realpath(folder).catch(() => folder) };
    }
    return join(this.#realFolder.real, basename(file));
  }

  #addReal(file: string, real: string): void {
    const name = basename(real);
    const isKnown =
      this.#files.has(real) ||
      (this.#visited.has(dirname(real)) && !isHidden(name) && isImageName(name));
    if (isKnown) return;
    this.#files.add(real);
    this.photos.push(file);
  }

  /**
   * Takes up what the links that were met lead to, folders as well as files,
   * unless it was reached without them. Links that lead back up are not followed.
   */
  async addLinks(): Promise<void> {
    while (this.#links.length > 0) {
      // A link's target may hold more links; sorted, so that the disk's order
      // decides nothing.
      for (const link of this.#links.splice(0).sort()) {
        try {
          if ((await stat(link)).isDirectory()) {
            const real = await realpath(link);
            if (!this.#isBarred(real)) await this.#walk(link, real);
          } else if (this.#isPhotoName(link)) {
            await this.addFile(link);
          }
        } catch (error) {
          if (this.#isPhotoName(link)) this.#fail(link, error, BROKEN_LINK);
        }
      }
    }
  }

  async #walk(folder: string, real: string): Promise<void> {
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    const folders: string[] = [];
    // Pictures and crops of an earlier run are no photos.
    const isOutput = await lstat(join(folder, 'results.jsonl')).then(
      () => true,
      () => false,
    );
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      const { name } = entry;
      if (entry.isSymbolicLink()) {
        if (!isHidden(name)) this.#links.push(join(folder, name));
      } else if (entry.isDirectory()) {
        const isResult = isOutput && RESULT_FOLDERS.has(name);
        if (!isHidden(name) && !SYSTEM_FOLDERS.has(name) && !isResult)
          folders.push(name);
      } else {
        await this.#addEntry(folder, real, entry);
      }
    }
    for (const name of folders) {
      const path = join(folder, name);
      const realPath = join(real, name);
      if (this.excluded.has(realPath)) continue;
      await this.#walk(path, realPath).catch((error) => this.#fail(path, error));
    }
  }

  async #addEntry(folder: string, real: string, entry: Dirent): Promise<void> {
    const path = join(folder, entry.name);
    // Pipes, sockets and devices would never end.
    if (!entry.isFile()) this.#skip(path);
    else if (!this.#isPhotoName(path)) return;
    else if (this.#files.has(join(real, entry.name))) return;
    else if (await this.#hasReadableName(path)) this.photos.push(path);
    else this.#fail(path, undefined, ODD_NAME);
  }

  /**
   * False for a name that did not come through as it is on the disk: it leads to
   * nothing, or to another file whose name truly has the replacement character.
   */
  async #hasReadableName(path: string): Promise<boolean> {
    if (!path.includes(REPLACEMENT)) return true;
    if (this.#oddPaths.has(path)) return false;
    this.#oddPaths.add(path);
    return lstat(path).then(
      () => true,
      () => false,
    );
  }

  /** Whether a link's target is above what is walked, or to be left out. */
  #isBarred(real: string): boolean {
    return (
      this.#roots.some((root) => isWithin(root, real)) ||
      [...this.excluded].some((folder) => isWithin(real, folder))
    );
  }

  /** Whether a path's name is that of a photo; if not, it is counted. */
  #isPhotoName(path: string): boolean {
    const name = basename(path);
    if (!isHidden(name) && isImageName(name)) return true;
    this.#skip(path);
    return false;
  }

  #skip(path: string): void {
    this.skipped++;
    if (this.skippedExamples.length < EXAMPLES) this.skippedExamples.push(path);
  }

  #fail(path: string, error: unknown, missing?: Problem): void {
    const systemCode = (error as NodeJS.ErrnoException | undefined)?.code;
    const isMissing = systemCode === undefined || systemCode === 'ENOENT';
    const known = path.includes(REPLACEMENT) ? ODD_NAME : missing;
    const problem = isMissing && known ? known : systemProblem(systemCode);
    const { code, reason, remedy } = problem;
    this.failures.push({ file: path, code, reason: `${reason}; ${remedy}` });
  }
}

type Problem = Omit<ImageFileProblem, 'code'> & { code: string };

const BROKEN_LINK: Problem = {
  code: 'NOT_FOUND',
  reason: 'a symbolic link to what is not there',
  remedy: 'restore its target, or remove the link',
};

const ODD_NAME: Problem = {
  code: 'UNREADABLE',
  reason: 'its name is not valid UTF-8',
  remedy: 'rename it',
};

/** What stands in a name for bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/** Whether a path is that of a folder or of something below it. */
export function isWithin(path: string, folder: string): boolean {
  return (
    path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
  );
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}
