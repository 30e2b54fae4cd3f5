import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  outputName,
  safeJoin,
  UniqueStems,
  writeOutputFile,
} from '../../../src/formats/index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rcnn-formats-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const unsafe = expect.objectContaining({ code: 'UNSAFE_NAME' }) as unknown;

describe('safeJoin', () => {
  test('keeps ordinary names', () => {
    expect(safeJoin('out', 'a/b c.jpg', 'linux')).toBe(join('out', 'a', 'b c.jpg'));
    expect(safeJoin('out', '..a/b../...', 'linux')).toBe(
      join('out', '..a', 'b..', '...'),
    );
    expect(safeJoin('/out', 'aux.jpg', 'linux')).toBe(join('/out', 'aux.jpg'));
    expect(safeJoin('out', 'auxiliary/console.jpg', 'win32')).toBeTruthy();
  });

  test.each([
    ...['', '/', '/etc/passwd', '..', '../x', 'a/../../x', 'a/..', './x', 'a//b'],
    ...['a/', 'a\0b', '\0'],
  ])('refuses %j everywhere', (name) => {
    for (const platform of ['linux', 'win32', 'darwin'] as const) {
      expect(() => safeJoin(root, name, platform)).toThrow(unsafe);
    }
  });

  test.each([
    ...['..\\x', 'a\\..\\..\\x', '\\x', 'C:\\x', 'C:x', 'a:stream', 'con', 'NUL.jpg'],
    ...['a/Aux.tar.gz', 'COM1', 'lpt9.txt', 'a.', 'a ', 'a./b', 'x?.jpg', 'a\tb'],
  ])('refuses %j on Windows', (name) => {
    expect(() => safeJoin(root, name, 'win32')).toThrow(unsafe);
  });

  test('whatever the name, the path is within the folder', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '...', '\0', 'b.jpg', ' ', '~');
    const name = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(name, (text) => {
        let path: string;
        try {
          path = safeJoin(root, text);
        } catch {
          return;
        }
        const inner = relative(root, path);
        expect(inner).not.toBe('');
        expect(inner.split(sep)).not.toContain('..');
        expect(join(root, inner)).toBe(path);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Names that are made to meet: few letters, stacked extensions. */
const trickyName = fc
  .tuple(
    fc.constantFrom('a', 'b', 'a/b', 'a.b'),
    fc.array(fc.constantFrom('.jpg', '.png', '.JPG', '.jpeg', '.txt', '.xml'), {
      maxLength: 3,
    }),
  )
  .map(([stem, extensions]) => stem + extensions.join(''));

describe('outputName', () => {
  test.each([
    ['a.jpg', 'a.xml'],
    ['a/b.jpg', 'a/b.xml'],
    ['a.png', 'a.png.xml'],
    ['a.JPG', 'a.JPG.xml'],
    ['a.png.jpg', 'a.png.jpg.xml'],
    ['photo', 'photo.jpg.xml'],
  ])('%s gives %s', (name, output) => {
    expect(outputName(name, '.xml')).toBe(output);
  });

  test('no two photos give the same name', () => {
    fc.assert(
      fc.property(fc.uniqueArray(trickyName), (names) => {
        const outputs = names.map((name) => outputName(name, '.jpg'));
        expect(new Set(outputs).size).toBe(names.length);
      }),
      { numRuns: 1000 },
    );
  });

  test('names too long for a disk are cut, and stay apart', async () => {
    const long = (end: string) => `dir/${'日'.repeat(80)}${end}.jpg`;
    const one = await writeOutputFile(root, long('1'), '.jpg', 'one');
    const two = await writeOutputFile(root, long('2'), '.jpg', 'two');
    expect(one).not.toBe(two);
    expect(await readFile(one, 'utf8')).toBe('one');
    expect(await readFile(two, 'utf8')).toBe('two');
    expect(await readdir(join(root, 'dir'))).toHaveLength(2);
  });
});

describe('UniqueStems', () => {
  test('leaves the extension out where it can', () => {
    const stems = new UniqueStems();
    const names = ['a.jpg', 'a.png', 'A.webp', 'b/a.jpg', 'v1.2', 'a.png.jpg'];
    expect(names.map((name) => stems.next(name))).toEqual([
      ...['a', 'a.png', 'A.webp', 'b/a', 'v1.2', 'a.png.jpg'],
    ]);
  });

  test('never gives a name twice, whatever the case', () => {
    fc.assert(
      fc.property(fc.uniqueArray(trickyName), (names) => {
        const stems = new UniqueStems();
        const given = names.map((name) => stems.next(name).toLowerCase());
        expect(new Set(given).size).toBe(names.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('writeOutputFile', () => {
  test('makes folders, replaces files and leaves nothing else behind', async () => {
    const path = await writeOutputFile(root, 'a/b/c.jpg', '.txt', 'old');
    expect(path).toBe(join(root, 'a', 'b', 'c.txt'));
    await writeOutputFile(root, 'a/b/c.jpg', '.txt', new Uint8Array([110, 101, 119]));
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(join(root, 'a', 'b'))).toEqual(['c.txt']);
  });

  test('writes only the bytes of a view', async () => {
    const view = new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2);
    const path = await writeOutputFile(root, 'v.jpg', '.bin', view);
    expect([...(await readFile(path))]).toEqual([2, 3]);
  });

  test('refuses names that lead out', async () => {
    await expect(writeOutputFile(root, '../x.jpg', '.txt', '')).rejects.toThrow(unsafe);
  });
});
