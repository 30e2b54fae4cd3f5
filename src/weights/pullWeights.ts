import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { lockFile } from '../files/lockFile.js';
import { describePin, digestFile } from './digest.js';
import { download, type DownloadOptions } from './download.js';
import { OFFICIAL_FILES, type OfficialFile } from './officialFiles.js';

export interface PullOptions extends Pick<
  DownloadOptions,
  'progress' | 'signal' | 'stallTimeout' | 'attempts' | 'retryDelay'
> {
  /** Folder that keeps the files. @default `defaultCache()` */
  cache?: string;
  /** Where else to look for the file, by its name: a folder's URL. */
  mirror?: string;
  /** The files that there are. @default OFFICIAL_FILES */
  files?: Readonly<Record<string, OfficialFile>>;
}

export interface PulledFile {
  file: OfficialFile;
  path: string;
  /** Whether it was there already. */
  isCached: boolean;
}

/** Where downloads are kept: the system's folder for what can be had again. */
export function defaultCache(env: NodeJS.ProcessEnv = process.env): string {
  const base =
    env.XDG_CACHE_HOME ||
    (process.platform === 'win32' && env.LOCALAPPDATA) ||
    join(homedir(), '.cache');
  return join(base, 'googlenet-rcnn');
}

/**
 * Fetches a published weights file into the cache, if it isn't there already, and
 * checks its digest either way.
 *
 * @throws UsageError UNKNOWN_NAME, BAD_MIRROR, IN_USE, DOWNLOAD_FAILED, WRONG_FILE
 */
export async function pullWeights(
  name: string,
  options: PullOptions = {},
): Promise<PulledFile> {
  const { files = OFFICIAL_FILES, cache = defaultCache(), mirror, ...rest } = options;
  if (!Object.hasOwn(files, name)) {
    throw new UsageError(
      'UNKNOWN_NAME',
      `there is no "${name}"; there are ${Object.keys(files).join(', ')}`,
    );
  }
  const file = files[name];
  const path = join(cache, file.file);
  await mkdir(cache, { recursive: true });
  if (await isSound(path, file)) return { file, path, isCached: true };
  const release = await lockFile(path);
  try {
    const urls = mirror === undefined ? file.urls : [mirrorUrl(mirror, file.file)];
    const { pin, bytes } = file;
    await download({ ...rest, urls, path, pin, bytes });
  } finally {
    await release();
  }
  return { file, path, isCached: false };
}

async function isSound(path: string, { pin }: OfficialFile): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return false;
  if ((await digestFile(path, pin.algorithm)).startsWith(pin.hex)) return true;
  process.stderr.write(
    `${path}: not the file with ${describePin(pin)}; it is fetched anew\n`,
  );
  return false;
}

function mirrorUrl(mirror: string, file: string): string {
  const base = mirror.endsWith('/') ? mirror : `${mirror}/`;
  if (!/^https?:/.test(base) || !URL.canParse(base)) {
    throw new UsageError(
      'BAD_MIRROR',
      `${mirror}: a mirror is the URL of a folder, as in https://example.org/models/`,
    );
  }
  return new URL(encodeURIComponent(file), base).href;
}
