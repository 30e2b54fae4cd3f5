import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { WHEEL_PYTHON, type Recipe, type Wheel } from './recipe.js';
import { runTool } from './runTool.js';

/** Says what a folder of libraries is, so that the next set-up can keep it. */
const STAMP = 'rcnn-setup.json';

interface Stamp {
  wheels: string[];
  /** Bytes of each library by its name. */
  libraries: Record<string, number>;
}

/**
 * Takes from a wheel the libraries (to TARGET/lib) and the few headers that the
 * binding includes (to TARGET/include). Zip's checksums are checked on the way.
 */
const UNPACK = `
import os, posixpath, re, shutil, sys, zipfile
wheel, target = sys.argv[1:]
rules = [
    (re.compile(r'(?:tensorflow|nvidia/[a-z_0-9]+/lib)/(lib[^/]+\\.so[.0-9]*)'), 'lib'),
    (re.compile(r'tensorflow/include/((?:tensorflow/c|tsl/c)/.+\\.h)'), 'include'),
    (re.compile(r'tensorflow/include/((?:tensorflow/core|tsl)/platform/ctstring\\w*\\.h)'), 'include'),
]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        for pattern, folder in rules:
            found = pattern.fullmatch(name)
            if not found or posixpath.normpath(name) != name:
                continue
            path = os.path.join(target, folder, found.group(1))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as source, open(path, 'wb') as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
`;

export interface FetchLibraryOptions {
  /** Folder of the npm package, whose deps/ the libraries go to. */
  packageFolder: string;
  recipe: Recipe;
  python: string;
  /** Folder for what is downloaded. */
  downloads: string;
}

/**
 * Downloads TensorFlow's wheels with pip, which checks their hashes, and takes the
 * libraries out of them. A wheel that is there from an earlier try is not
 * downloaded again; the libraries appear whole or not at all.
 *
 * @returns false when they were there already
 * @throws UsageError TOOL_FAILED, BAD_WHEEL
 */
export async function fetchLibrary(options: FetchLibraryOptions): Promise<boolean> {
  const { packageFolder, recipe, python, downloads } = options;
  const deps = join(packageFolder, 'deps');
  const wheels = recipe.wheels.map(({ requirement }) => requirement);
  if (await isWhole(deps, wheels)) return false;
  const partial = `${deps}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const wheel of recipe.wheels) {
    const file = await download(wheel, { python, downloads });
    const purpose = `take the library out of ${file}`;
    await runTool(python, ['-c', UNPACK, file, partial], { purpose });
  }
  const libraries: Stamp['libraries'] = {};
  for (const name of await readdir(join(partial, 'lib'))) {
    libraries[name] = (await stat(join(partial, 'lib', name))).size;
  }
  const stamp: Stamp = { wheels, libraries };
  await writeFile(join(partial, STAMP), JSON.stringify(stamp, null, 2) + '\n');
  await rm(deps, { recursive: true, force: true });
  await rename(partial, deps);
  return true;
}

async function isWhole(deps: string, wheels: readonly string[]): Promise<boolean> {
  try {
    const stamp = JSON.parse(await readFile(join(deps, STAMP), 'utf8')) as Stamp;
    if (stamp.wheels.join() !== wheels.join()) return false;
    for (const [name, size] of Object.entries(stamp.libraries)) {
      if ((await stat(join(deps, 'lib', name))).size !== size) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** @returns the path of the wheel */
async function download(
  { requirement, sha256 }: Wheel,
  { python, downloads }: Pick<FetchLibraryOptions, 'python' | 'downloads'>,
): Promise<string> {
  const folder = join(downloads, requirement);
  await mkdir(folder, { recursive: true });
  const list = join(folder, 'requirements.txt');
  await writeFile(
    list,
    sha256 ? `${requirement} --hash=sha256:${sha256}\n` : requirement,
  );
  await runTool(
    python,
    [
      ...['-m', 'pip', '--disable-pip-version-check', 'download'],
      ...['--implementation', 'cp', '--python-version', WHEEL_PYTHON],
      ...['--only-binary=:all:', '--no-deps', '--dest', folder],
      ...['--requirement', list],
    ],
    { purpose: `download ${requirement}` },
  );
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel) return join(folder, wheel);
  throw new UsageError('BAD_WHEEL', `pip left no wheel of ${requirement} in ${folder}`);
}
