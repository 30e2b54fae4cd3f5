import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tensorflowPlaces } from '../../../detectors/engines/tensorflow/places.js';
import {
  checkPlatform,
  checkTools,
  makeRoom,
  usualTools,
} from '../../../src/setup/checkMachine.js';
import { compileBinding } from '../../../src/setup/compileBinding.js';
import { fetchLibrary } from '../../../src/setup/fetchLibrary.js';
import { installPackage } from '../../../src/setup/installPackage.js';
import { CPU_RECIPE, type Recipe } from '../../../src/setup/recipe.js';
import { describeTensorFlow } from '../../tensorflow.js';
import { runCli, temporaryFolder } from '../runCli.js';

describe('a machine that will not do', () => {
  it.each([
    ['darwin', 'arm64', '2.36', /Linux on x64 with glibc, not darwin on arm64/],
    ['linux', 'arm64', '2.36', /not linux on arm64/],
    ['linux', 'x64', undefined, /musl/],
  ])('is refused: %s %s', (platform, arch, glibc, message) => {
    // An absent version would be the default: null stands for it.
    expect(() => checkPlatform(platform, arch, glibc ?? '')).toThrow(message);
  });

  it('is told of all tools that it lacks at once', async () => {
    const tools = { npm: '/no/npm', python: '/no/python', compiler: '/no/g++' };
    await expect(checkTools(tools)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
    await expect(checkTools(tools)).rejects.toThrow(
      /\/no\/npm .*\/no\/python with pip .*\/no\/g\+\+, a C\+\+ compiler/,
    );
  });

  it('is told when Python has no pip', async () => {
    const python = join(temporaryFolder(), 'python');
    writeFileSync(python, '#!/bin/sh\n[ "$1" = --version ]\n');
    chmodSync(python, 0o755);
    await expect(checkTools({ ...usualTools(), python })).rejects.toThrow(
      /needs what is not here: pip for .*python3-pip/,
    );
  });

  it('is told when its disk is too full', async () => {
    await expect(makeRoom(temporaryFolder(), 1e18)).rejects.toMatchObject({
      code: 'NO_ROOM',
    });
  });
});

describe('the npm package', () => {
  const recipe = { ...CPU_RECIPE, package: 'tiny', packageVersion: '1.0.0' } as never;
  /** An npm that installs two packages, the second of which its list can lack. */
  function npmOf(folder: string): string {
    const npm = join(folder, 'npm');
    const list = {
      'node_modules/tiny': { version: '1.0.0' },
      'node_modules/other': {},
    };
    writeFileSync(
      npm,
      `#!/bin/sh
echo "$@" >> ${folder}/calls
mkdir -p node_modules/tiny node_modules/other
echo '{}' | tee node_modules/tiny/package.json > node_modules/other/package.json
echo '${JSON.stringify({ packages: list })}' > node_modules/.package-lock.json
`,
    );
    chmodSync(npm, 0o755);
    return npm;
  }
  const calls = (folder: string) =>
    readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length;

  it('is installed without scripts, and again when a part of it is missing', async () => {
    const [folder, directory] = [temporaryFolder(), temporaryFolder()];
    const npm = npmOf(folder);
    expect(await installPackage(directory, recipe, npm)).toBe(true);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toMatch(
      /install --save-exact --ignore-scripts .* tiny@1\.0\.0/,
    );
    expect(await installPackage(directory, recipe, npm)).toBe(false);
    rmSync(join(directory, 'node_modules', 'other'), { recursive: true });
    writeFileSync(join(directory, 'node_modules', 'half'), '');
    expect(await installPackage(directory, recipe, npm)).toBe(true);
    expect(existsSync(join(directory, 'node_modules', 'half'))).toBe(false);
    expect(calls(folder)).toBe(2);
  });

  it('takes nothing away from a project', async () => {
    const [folder, directory] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(directory, 'package.json'), '{ "name": "project" }');
    mkdirSync(join(directory, 'node_modules'));
    writeFileSync(join(directory, 'node_modules', 'own'), '');
    expect(await installPackage(directory, recipe, npmOf(folder))).toBe(true);
    expect(existsSync(join(directory, 'node_modules', 'own'))).toBe(true);
    expect(readFileSync(join(directory, 'package.json'), 'utf8')).toMatch(/project/);
  });
});

describe('the library', () => {
  /** A Python whose pip copies a wheel that was made here, and counts its calls. */
  function pipOf(files: Record<string, string>) {
    const folder = temporaryFolder();
    const wheel = join(folder, 'made-1.0-py3-none-any.whl');
    const python = join(folder, 'python');
    const calls = join(folder, 'calls');
    writeFileSync(calls, '');
    const program = `import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    for name, text in json.loads(sys.argv[2]).items(): z.writestr(name, text)`;
    execFileSync('python3', ['-c', program, wheel, JSON.stringify(files)]);
    writeFileSync(
      python,
      `#!/bin/sh
if [ "$1" = -m ]; then
  echo "$@" >> ${calls}
  while [ "$1" != --dest ]; do shift; done
  cp ${wheel} "$2"
else
  exec python3 "$@"
fi
`,
    );
    chmodSync(python, 0o755);
    return {
      python,
      wheel,
      calls: () => readFileSync(calls, 'utf8').split('\n').slice(0, -1),
    };
  }
  const recipe: Recipe = {
    package: '@tensorflow/tfjs-node',
    packageVersion: '1.0.0',
    wheels: [{ requirement: 'made==1.0', sha256: 'ab'.repeat(32) }],
    room: 0,
  };

  it('is taken out of the wheel with the headers that are needed, once', async () => {
    const { python, calls } = pipOf({
      'tensorflow/libtensorflow_cc.so.2': 'library',
      'nvidia/cuda_runtime/lib/libcudart.so.12': 'cuda',
      'tensorflow/include/tensorflow/c/c_api.h': 'header',
      'tensorflow/include/tensorflow/c/../../../../evil.h': 'no',
      'tensorflow/include/tsl/platform/ctstring.h': 'header',
      'tensorflow/include/Eigen/Core.h': 'not needed',
      'tensorflow/python/module.so': 'not needed',
    });
    const packageFolder = temporaryFolder();
    const downloads = temporaryFolder();
    const fetch = () => fetchLibrary({ packageFolder, recipe, python, downloads });
    expect(await fetch()).toBe(true);
    const deps = join(packageFolder, 'deps');
    const files = readdirSync(deps, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(deps.length + 1));
    expect(files.sort()).toEqual([
      'include/tensorflow/c/c_api.h',
      'include/tsl/platform/ctstring.h',
      'lib/libcudart.so.12',
      'lib/libtensorflow_cc.so.2',
      'rcnn-setup.json',
    ]);
    expect(readdirSync(packageFolder)).toEqual(['deps']);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/--only-binary=:all: --no-deps/);
    const list = join(downloads, 'made==1.0', 'requirements.txt');
    expect(readFileSync(list, 'utf8')).toBe(
      `made==1.0 --hash=sha256:${'ab'.repeat(32)}\n`,
    );

    expect(await fetch()).toBe(false);
    // A library that was cut short is made anew.
    writeFileSync(join(deps, 'lib', 'libtensorflow_cc.so.2'), 'lib');
    expect(await fetch()).toBe(true);
    expect(statSync(join(deps, 'lib', 'libtensorflow_cc.so.2')).size).toBe(7);
    expect(calls()).toHaveLength(2);
  });

  it('leaves nothing half-made when the wheel is broken', async () => {
    const { python, wheel } = pipOf({ 'tensorflow/libtensorflow_cc.so.2': 'library' });
    writeFileSync(wheel, readFileSync(wheel).subarray(0, 60));
    const packageFolder = temporaryFolder();
    const downloads = temporaryFolder();
    await expect(
      fetchLibrary({ packageFolder, recipe, python, downloads }),
    ).rejects.toThrow(/could not take the library out of .*made-1\.0/);
    expect(existsSync(join(packageFolder, 'deps'))).toBe(false);
  });

  it('says what pip said', async () => {
    const python = join(temporaryFolder(), 'python');
    writeFileSync(python, '#!/bin/sh\necho "No matching distribution" >&2; exit 1\n');
    chmodSync(python, 0o755);
    await expect(
      fetchLibrary({
        packageFolder: temporaryFolder(),
        recipe,
        python,
        downloads: temporaryFolder(),
      }),
    ).rejects.toThrow(
      /could not download made==1\.0: .* exit code 1\n {2}No matching distribution/,
    );
  });
});

describeTensorFlow('an installation', () => {
  const [{ folder: original, package: name }] = tensorflowPlaces();
  const copies: string[] = [];
  /** The installed package without its binding, by links to the same files. */
  function copyWithoutBinding(): string {
    const copy = temporaryFolder();
    copies.push(copy);
    const home = dirname(dirname(original));
    mkdirSync(join(copy, 'node_modules', '@tensorflow'), { recursive: true });
    for (const entry of readdirSync(home)) {
      if (entry === '@tensorflow') continue;
      if (entry === '.package-lock.json') {
        cpSync(join(home, entry), join(copy, 'node_modules', entry));
      } else symlinkSync(join(home, entry), join(copy, 'node_modules', entry));
    }
    for (const entry of readdirSync(dirname(original))) {
      const from = join(dirname(original), entry);
      const to = join(copy, 'node_modules', '@tensorflow', entry);
      if (from !== original) symlinkSync(from, to);
      else {
        mkdirSync(to);
        for (const part of readdirSync(from)) {
          if (part !== 'lib') {
            cpSync(join(from, part), join(to, part), {
              recursive: true,
              filter: (path) => !/deps.lib.lib/.test(path),
            });
          }
        }
        for (const library of readdirSync(join(from, 'deps', 'lib'))) {
          symlinkSync(
            join(from, 'deps', 'lib', library),
            join(to, 'deps', 'lib', library),
          );
        }
      }
    }
    return copy;
  }
  afterAll(() => {
    for (const copy of copies) rmSync(copy, { recursive: true });
  });

  it('is left as it is when it works', async () => {
    const { code, stdout } = await runCli([
      'setup',
      'tensorflow',
      '--directory',
      dirname(dirname(dirname(original))),
    ]);
    expect(stdout).toMatch(/^is there +tfjs-node/);
    expect(code).toBe(0);
  });

  it('is completed where only the binding is missing', async () => {
    const copy = copyWithoutBinding();
    const { code, stdout, stderr } = await runCli([
      'setup',
      'tensorflow',
      '--directory',
      copy,
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/binding +compiled with/);
    expect(stdout).toMatch(/done +tfjs-node .* on cpu, in/);
    expect(code).toBe(0);
    expect(existsSync(join(copy, 'downloads'))).toBe(false);
    expect(existsSync(join(copy, 'setup.lock'))).toBe(false);
  });

  it('compiles with the registry’s headers where Node.js came without', async () => {
    const packageFolder = join(
      copyWithoutBinding(),
      'node_modules',
      ...name.split('/'),
    );
    const { npm, compiler } = usualTools();
    await compileBinding({
      packageFolder,
      compiler,
      npm,
      downloads: temporaryFolder(),
      node: '/nowhere/bin/node',
    });
    const file = join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');
    expect(statSync(file).size).toBeGreaterThan(50_000);
  });
});

it('refuses a folder that another set-up is at work in', async () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'setup.lock'), String(process.ppid));
  const { code, stderr } = await runCli([
    'setup',
    'tensorflow',
    '--directory',
    directory,
  ]);
  expect(stderr).toMatch(/is being written by process/);
  expect(code).toBe(2);
});
