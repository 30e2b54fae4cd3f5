import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The packed package, installed in an empty folder as a user has it. */
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rcnn-package-'));
const npm = (args: string[], cwd: string) =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const node = (args: string[]) =>
  execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
let files: string[];

beforeAll(() => {
  const packed = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  ) as unknown;
  // npm 11 gives a list, later ones an object by name.
  const [{ filename, files: entries }] = Object.values(packed as object) as [
    { filename: string; files: { path: string }[] },
  ];
  files = entries.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  npm(
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename)],
    folder,
  );
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds what a user needs and nothing else', () => {
    const allowed =
      /^(package\.json|README\.md|LICENSE|docs\/\w+\.md|schemas\/[\w.-]+\.json|models\/[\w-]+\/(README\.md|weights\.safetensors)|dist\/(geometry|proposals|detectors|eval|src)\/[\w/.-]+\.(js|d\.ts|wasm))$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    for (const file of [
      'LICENSE',
      'models/coco80-r1/weights.safetensors',
      'models/coco80-r1/README.md',
      'schemas/run.schema.json',
      'dist/src/cli.js',
      'dist/proposals/index.d.ts',
    ]) {
      expect(files).toContain(file);
    }
  });

  it('brings no TensorFlow along: who wants it sets it up', () => {
    expect(existsSync(join(folder, 'node_modules', '@tensorflow'))).toBe(false);
  });

  it('detects from where it is installed', () => {
    const cli = join(folder, 'node_modules', '.bin', 'rcnn');
    cpSync(join(root, 'samples', 'chelsea.jpg'), join(folder, 'chelsea.jpg'));
    const output = execFileSync(cli, ['detect', 'chelsea.jpg', '--output', 'out'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(output).toContain('1 photo');
    const found = JSON.parse(
      readFileSync(join(folder, 'out/detections.json'), 'utf8'),
    ) as {
      category_id: number;
      score: number;
    }[];
    // The photo is of a cat.
    expect(found[0].category_id).toBe(17);
  });

  it.each([
    ['googlenet-rcnn', ['evaluate', 'loadDetector', 'selectiveSearch']],
    ['googlenet-rcnn/proposals', ['felzenszwalb', 'selectiveSearch']],
    ['googlenet-rcnn/detectors', ['loadDetector', 'nonMaximumSuppression']],
    ['googlenet-rcnn/eval', ['evaluate']],
  ])('exports %s', (entry, names) => {
    const program = `import * as m from '${entry}'; console.log(${JSON.stringify(names)}.filter((n) => typeof m[n] !== 'function').join());`;
    expect(node(['--input-type=module', '--eval', program]).trim()).toBe('');
  });

  it('proposes without any dependency: its files run where there is nothing else', () => {
    const bare = mkdtempSync(join(tmpdir(), 'rcnn-bare-'));
    const dist = join(folder, 'node_modules/googlenet-rcnn/dist');
    for (const room of ['proposals', 'geometry'])
      cpSync(join(dist, room), join(bare, room), { recursive: true });
    writeFileSync(join(bare, 'package.json'), '{ "type": "module" }');
    const program = `
      import { selectiveSearch } from './proposals/index.js';
      const data = new Uint8Array(40 * 30 * 4).map((_, i) => (i % 160 < 80 ? 200 : 30));
      const { boxes, scores } = selectiveSearch({ data, width: 40, height: 30, channels: 4 });
      if (boxes.length !== 4 * scores.length || scores.length === 0) throw new Error('no boxes');
    `;
    writeFileSync(join(bare, 'main.js'), program);
    execFileSync(process.execPath, [join(bare, 'main.js')]);
    rmSync(bare, { recursive: true });
  });
});
