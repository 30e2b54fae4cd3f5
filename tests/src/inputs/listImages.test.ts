import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listImages, type ListImagesOptions } from '../../../src/inputs/index.js';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rcnn-inputs-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const JPEG = Buffer.from('ffd8ffe0', 'hex');

/** Makes files below the root; their content is a JPEG's start. */
function touch(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), JPEG);
  }
}

function link(name: string, target: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  symlinkSync(target, join(root, name));
}

function list(args: string[], options?: ListImagesOptions) {
  return listImages(
    args.map((argument) => join(root, argument)),
    options,
  );
}

async function names(...args: string[]): Promise<string[]> {
  const { images, failures } = await list(args);
  expect(failures).toEqual([]);
  return images.map(({ name }) => name);
}

describe('what is taken', () => {
  test('photos of a folder and below, in code-unit order, by absolute path', async () => {
    touch('p/b.jpg', 'p/a/z.PNG', 'p/B.webp', 'p/a.jpg', 'p/ä.tiff', 'p/a/b/c.avif');
    const { images } = await list(['p']);
    expect(images.map(({ name }) => name)).toEqual([
      ...['B.webp', 'a.jpg', 'a/b/c.avif', 'a/z.PNG', 'b.jpg', 'ä.tiff'],
    ]);
    for (const { path, name } of images) expect(path).toBe(join(root, 'p', name));
  });

  test('other files are skipped and counted, with examples', async () => {
    touch('p/a.jpg', 'p/Thumbs.db', 'p/.DS_Store', 'p/a.jpg.xmp', 'p/._a.jpg');
    touch('p/.cache/x.jpg', 'p/@eaDir/a.jpg/SYNOPHOTO_THUMB.jpg', 'p/a.dng', 'p/n');
    const listed = await list(['p']);
    expect(listed.images.map(({ name }) => name)).toEqual(['a.jpg']);
    expect(listed.skipped).toBe(6);
    expect(listed.skippedExamples).toHaveLength(5);
    expect(listed.failures).toEqual([]);
  });

  test('HEIC and the like are taken up, so that they are reported', async () => {
    touch('p/a.HEIC', 'p/b.bmp');
    expect(await names('p')).toEqual(['a.HEIC', 'b.bmp']);
  });

  test('a file given by name is taken by its content', async () => {
    touch('photo', 'x/.hidden.jpg', 'shot.jpeg_large');
    writeFileSync(join(root, 'notes.txt'), 'no picture');
    writeFileSync(join(root, 'drawing.svg'), '<svg xmlns=""/>');
    const args = ['photo', 'x/.hidden.jpg', 'shot.jpeg_large', 'notes.txt'];
    const { images, failures, skipped } = await list([...args, 'drawing.svg', 'none']);
    expect(images.map(({ name }) => name)).toEqual([
      ...['photo', 'shot.jpeg_large', 'x/.hidden.jpg'],
    ]);
    expect(skipped).toBe(0);
    expect(failures.map(({ file, code }) => [relative(root, file), code])).toEqual([
      ['drawing.svg', 'UNSUPPORTED_FORMAT'],
      ['none', 'NOT_FOUND'],
      ['notes.txt', 'NOT_AN_IMAGE'],
    ]);
  });

  test('no arguments give nothing', async () => {
    expect(await listImages([])).toEqual({
      images: [],
      skipped: 0,
      skippedExamples: [],
      failures: [],
    });
  });

  test('equals a plain recursive listing on any tree', async () => {
    const part = fc.constantFrom('a', 'b', 'B', 'ü', 'x y', '[1]', '*', 'a.jpg', '1%');
    const end = fc.constantFrom('.jpg', '.PNG', '.txt', '', '.tif');
    const file = fc
      .tuple(fc.array(part, { maxLength: 3 }), part, end)
      .map(([folders, base, ext]) => [...folders.map((f) => `d${f}`), base + ext]);
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 12 }), async (files) => {
        const top = await mkdtemp(join(root, 't-'));
        for (const parts of files) touch(relative(root, join(top, ...parts)));
        const all = readdirSync(top, { recursive: true, withFileTypes: true });
        const expected = all
          .filter((entry) => entry.isFile() && /\.(jpg|png|tif)$/i.test(entry.name))
          .map((entry) => relative(top, join(entry.parentPath, entry.name)));
        const { images, skipped } = await listImages([top]);
        expect(images.map(({ name }) => name)).toEqual(expected.sort());
        expect(skipped).toBe(all.filter((e) => e.isFile()).length - expected.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe('names', () => {
  test('one file is named by its file name, files of one folder too', async () => {
    touch('a/IMG_1.jpg', 'a/IMG_2.jpg');
    expect(await names('a/IMG_1.jpg')).toEqual(['IMG_1.jpg']);
    expect(await names('a/IMG_2.jpg', 'a/IMG_1.jpg')).toEqual([
      ...['IMG_1.jpg', 'IMG_2.jpg'],
    ]);
  });

  test('files and folders of different places keep their folders', async () => {
    touch('a/IMG_1.jpg', 'b/IMG_1.jpg', 'b/c/IMG_1.jpg', 'IMG_1.jpg');
    expect(await names('a/IMG_1.jpg', 'b/IMG_1.jpg')).toEqual([
      ...['a/IMG_1.jpg', 'b/IMG_1.jpg'],
    ]);
    expect(await names('b', 'a')).toEqual([
      ...['a/IMG_1.jpg', 'b/IMG_1.jpg', 'b/c/IMG_1.jpg'],
    ]);
    expect(await names('b/c', 'IMG_1.jpg')).toEqual(['IMG_1.jpg', 'b/c/IMG_1.jpg']);
  });

  test('folders whose names start alike are not confused', async () => {
    touch('train/x.jpg', 'train2/x.jpg');
    expect(await names('train', 'train2')).toEqual(['train/x.jpg', 'train2/x.jpg']);
  });

  test('a glob names from its fixed part, as the folder would', async () => {
    touch('p/a/x.jpg', 'p/b/x.jpg', 'p/b/y.png');
    expect(await names('p/*/*.jpg')).toEqual(['a/x.jpg', 'b/x.jpg']);
    expect(await names('p/b/*')).toEqual(['x.jpg', 'y.png']);
    expect(await names('p/{a/x,b/y}.*')).toEqual(['a/x.jpg', 'b/y.png']);
  });

  test('names don’t depend on the working folder or on the order given', async () => {
    touch('a/x.jpg', 'b/y.jpg');
    const [from, to] = ['a', 'b'].map((f) => relative(process.cwd(), join(root, f)));
    const images = await list(['a', 'b']);
    expect(await listImages([to, from])).toEqual(images);
    expect(await listImages([`./${from}/`, `${to}/../b`])).toEqual(images);
  });
});

describe('globs', () => {
  test('match files and folders, and skip what is no photo', async () => {
    touch('p/2023/x.jpg', 'p/2023/more/y.jpg', 'p/2024.txt', 'p/2024.jpg', 'p/x.jpg');
    const { images, skipped, failures } = await list(['p/202*']);
    expect(images.map(({ name }) => name)).toEqual([
      ...['2023/more/y.jpg', '2023/x.jpg', '2024.jpg'],
    ]);
    expect([skipped, failures]).toEqual([1, []]);
  });

  test('a name with the characters of a glob is a file when it exists', async () => {
    touch('p/[1].jpg', 'p/1.jpg', 'p/*.jpg', 'q[ab]/x.jpg', 'qa/y.jpg');
    expect(await names('p/[1].jpg')).toEqual(['[1].jpg']);
    expect(await names('p/*.jpg')).toEqual(['*.jpg']);
    expect(await names('q[ab]')).toEqual(['x.jpg']);
    expect(await names('p/[2]*', 'p/?.jpg').catch(() => 'failed')).toBe('failed');
  });

  test('a glob without matches is a failure, the rest goes on', async () => {
    touch('p/x.jpg');
    const { images, failures } = await list(['p/*.png', 'p']);
    expect(images).toHaveLength(1);
    expect(failures).toMatchObject([
      { file: join(root, 'p/*.png'), code: 'NOT_FOUND' },
    ]);
  });
});

describe('what is left out', () => {
  test('an output folder inside the input, unless it is asked for', async () => {
    touch('p/x.jpg', 'p/out/x.jpg', 'p/out/crops/y.jpg', 'p/output/z.jpg');
    const options = { exclude: [join(root, 'p/out')] };
    const listed = async (...args: string[]) =>
      (await list(args, options)).images.map(({ name }) => name);
    expect(await listed('p')).toEqual(['output/z.jpg', 'x.jpg']);
    expect(await listed('p/**/*.jpg')).toEqual(['output/z.jpg', 'x.jpg']);
    expect(await listed('p/*')).toEqual(['output/z.jpg', 'x.jpg']);
    expect(await listed('p/out')).toEqual(['crops/y.jpg', 'x.jpg']);
    expect(await listed('p/out/crops')).toEqual(['y.jpg']);
    expect(await listed('p/out/*/*.jpg')).toEqual(['crops/y.jpg']);
    expect(await listed('p', 'p/out/x.jpg')).toEqual([
      ...['out/x.jpg', 'output/z.jpg', 'x.jpg'],
    ]);
    link('p/link-to-out', join(root, 'p/out'));
    link('other', join(root, 'p'));
    expect(await listed('p')).toEqual(['output/z.jpg', 'x.jpg']);
    expect(await listed('other')).toEqual(['output/z.jpg', 'x.jpg']);
  });

  test('an output folder that is the input itself, or not there yet', async () => {
    touch('p/x.jpg', 'p/crops/y.jpg');
    const same = {
      exclude: [join(root, 'p'), join(root, 'p/crops'), join(root, 'no')],
    };
    expect((await list(['p'], same)).images.map(({ name }) => name)).toEqual(['x.jpg']);
  });

  test('files reached twice', async () => {
    touch('p/x.jpg', 'p/a/y.jpg', 'p/a/b/z.jpg');
    const all = ['a/b/z.jpg', 'a/y.jpg', 'x.jpg'];
    expect(await names('p', 'p/a', 'p/a/y.jpg', 'p/x.jpg')).toEqual(all);
    expect(await names('p/x.jpg', 'p/a/*', 'p')).toEqual(all);
    expect(await names('p/**', 'p/**/*.jpg', 'p/a')).toEqual(all);
    expect(await names('p/a/*.jpg', 'p/*')).toEqual(all);
    expect(await names('p/x.jpg', 'p/x.jpg')).toEqual(['x.jpg']);
  });
});

describe.skipIf(process.platform === 'win32')('links and odd files', () => {
  test('links are followed; what is also there without them keeps its own name', async () => {
    touch('p/z/x.jpg', 'far/deep/y.jpg', 'far/w.jpg');
    link('p/a', join(root, 'p/z'));
    link('p/far', join(root, 'far'));
    link('p/far2', join(root, 'far'));
    link('p/single.jpg', join(root, 'far/w.jpg'));
    link('p/x2.jpg', join(root, 'p/z/x.jpg'));
    expect(await names('p')).toEqual(['far/deep/y.jpg', 'far/w.jpg', 'z/x.jpg']);
    expect(await names('p/a')).toEqual(['x.jpg']);
    expect(await names('p/far/w.jpg', 'p')).toHaveLength(3);
  });

  test('loops end, and links up don’t leave the folder given', async () => {
    touch('p/a/x.jpg', 'outside.jpg');
    link('p/a/up', '..');
    link('p/a/out', '../..');
    link('p/a/self', 'self');
    link('p/ring/b', join(root, 'p/ring'));
    expect(await names('p')).toEqual(['a/x.jpg']);
    expect(await names('p/**')).toEqual(['a/x.jpg']);
  });

  test('a broken link is a failure when it is named as a photo', async () => {
    touch('p/x.jpg');
    link('p/gone.jpg', 'nowhere.jpg');
    link('p/gone', 'nowhere');
    const { images, failures, skipped } = await list(['p']);
    expect(images).toHaveLength(1);
    expect(failures).toMatchObject([{ file: 'gone.jpg', code: 'NOT_FOUND' }]);
    expect(skipped).toBe(1);
  });

  test('pipes are not photos', async () => {
    touch('p/x.jpg');
    execFileSync('mkfifo', [join(root, 'p/pipe.jpg')]);
    const { images, skipped } = await list(['p']);
    expect([images.length, skipped]).toEqual([1, 1]);
  });

  test.skipIf(process.platform === 'darwin')('a name that is not UTF-8', async () => {
    touch('p/x.jpg', 'p/\ufffd.jpg');
    const odd = Buffer.concat([Buffer.from(join(root, 'p/')), Buffer.from([0xff])]);
    writeFileSync(Buffer.concat([odd, Buffer.from('.jpg')]), JPEG);
    const { images, failures } = await list(['p']);
    expect(images.map(({ name }) => name)).toEqual(['x.jpg', '\ufffd.jpg']);
    expect(failures).toMatchObject([{ code: 'UNREADABLE' }]);
    expect(failures[0].reason).toContain('UTF-8');
  });

  test('names with any other characters', async () => {
    const odd = ['a b.jpg', 'a\nb.jpg', '\'".jpg', '$(x).jpg', 'a\\b.jpg', '😀.jpg'];
    touch(...odd.map((name) => `p/${name}`), 'p/-rf.jpg', 'p/%2e%2e.jpg');
    expect(await names('p')).toEqual([...odd, '-rf.jpg', '%2e%2e.jpg'].sort());
  });

  test('a folder that may not be read is a failure', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('only an ordinary user can be refused');
    touch('p/x.jpg', 'p/locked/y.jpg');
    await chmod(join(root, 'p/locked'), 0);
    const { images, failures } = await list(['p']);
    await chmod(join(root, 'p/locked'), 0o700);
    expect(images).toHaveLength(1);
    expect(failures).toMatchObject([{ file: 'locked', code: 'UNREADABLE' }]);
  });
});
