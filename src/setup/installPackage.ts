import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from './recipe.js';
import { runTool } from './runTool.js';

/** Options of every call of npm: no install script runs. */
export const NPM_OPTIONS = ['--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * Installs tfjs's npm package in `directory`, whose package.json is made when there
 * is none; a project's own gets the dependency.
 *
 * @returns false when it was there already
 * @throws UsageError TOOL_FAILED
 */
export async function installPackage(
  directory: string,
  { package: name, packageVersion: version }: Recipe,
  npm: string,
): Promise<boolean> {
  if ((await installedVersion(directory, name)) === version) return false;
  try {
    const text = JSON.stringify({ private: true }, null, 2) + '\n';
    await writeFile(join(directory, 'package.json'), text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await runTool(
    npm,
    ['install', '--save-exact', ...NPM_OPTIONS, '--prefix', '.', `${name}@${version}`],
    { cwd: directory, purpose: `install ${name}` },
  );
  return true;
}

/** What npm says it has installed: it writes this file when all else is in place. */
async function installedVersion(
  directory: string,
  name: string,
): Promise<string | undefined> {
  try {
    const file = join(directory, 'node_modules', '.package-lock.json');
    const { packages } = JSON.parse(await readFile(file, 'utf8')) as {
      packages: Record<string, { version: string } | undefined>;
    };
    const manifest = join(directory, 'node_modules', name, 'package.json');
    await readFile(manifest);
    return packages[`node_modules/${name}`]?.version;
  } catch {
    return undefined;
  }
}
