import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from './recipe.js';
import { runTool } from './runTool.js';

/** Options of every call of npm: no install script runs. */
export const NPM_OPTIONS = ['--ignore-scripts', '--no-audit', '--no-fund'];

/** Tells our own folder from a project's. */
const DESCRIPTION = 'TensorFlow for googlenet-rcnn, made by "rcnn setup tensorflow"';

/**
 * Installs tfjs's npm package in `directory`, whose package.json is made when there
 * is none; a project's own gets the dependency. What an earlier try left unfinished
 * is removed first, but not from a project.
 *
 * @returns false when it was there already
 * @throws UsageError TOOL_FAILED
 */
export async function installPackage(
  directory: string,
  { package: name, packageVersion: version }: Recipe,
  npm: string,
): Promise<boolean> {
  if (await isInstalled(directory, name, version)) return false;
  const manifest = join(directory, 'package.json');
  try {
    const text = { private: true, description: DESCRIPTION };
    await writeFile(manifest, JSON.stringify(text, null, 2) + '\n', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if ((await readFile(manifest, 'utf8')).includes(JSON.stringify(DESCRIPTION))) {
    await rm(join(directory, 'node_modules'), { recursive: true, force: true });
  }
  await runTool(
    npm,
    ['install', '--save-exact', ...NPM_OPTIONS, '--prefix', '.', `${name}@${version}`],
    { cwd: directory, purpose: `install ${name}` },
  );
  return true;
}

/** Whether all is in place that npm says it has installed, when all else is done. */
async function isInstalled(
  directory: string,
  name: string,
  version: string,
): Promise<boolean> {
  try {
    const list = join(directory, 'node_modules', '.package-lock.json');
    const { packages } = JSON.parse(await readFile(list, 'utf8')) as {
      packages: Record<string, { version?: string; optional?: boolean }>;
    };
    for (const [folder, { optional }] of Object.entries(packages)) {
      if (!optional) await access(join(directory, folder, 'package.json'));
    }
    return packages[`node_modules/${name}`]?.version === version;
  } catch {
    return false;
  }
}
