import { execFileSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdtemp,
  open,
  readFile,
  rm,
  truncate,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  declaredPng,
  ftypBox,
  HEIGHT,
  makeFixtures,
  uprightPicture,
  WIDTH,
} from '../../../scripts/make-fixtures.mjs';
import { decodeImage, ImageFileError } from '../../../src/images/index.js';

let folder: string;
const fixture = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcnn-images-'));
  await makeFixtures(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function problemOf(source: string | Uint8Array): Promise<ImageFileError> {
  const error: unknown = await decodeImage(source).then(
    () => expect.fail('was decoded'),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ImageFileError);
  return error as ImageFileError;
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

describe('orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'EXIF orientation %i comes upright',
    async (o) => {
      const image = await decodeImage(fixture(`orientation-${o}.jpg`));
      const [originalWidth, originalHeight] = o > 4 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
      expect(image).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 3 });
      expect(image).toMatchObject({ orientation: o, originalWidth, originalHeight });
      expect(image.format).toBe('jpeg');
      expect(largestDifference(image.data, uprightPicture())).toBeLessThan(12);
    },
  );

  test.each(['png', 'webp', 'tif'])(
    'a %s with orientation 6, exactly',
    async (form) => {
      const image = await decodeImage(fixture(`orientation-6.${form}`));
      expect(image).toMatchObject({ width: WIDTH, height: HEIGHT, orientation: 6 });
      expect(largestDifference(image.data, uprightPicture())).toBe(0);
    },
  );

  test('a wrong orientation (9) counts as none', async () => {
    const bytes = await readFile(fixture('orientation-8.jpg'));
    const tag = bytes.indexOf(Buffer.from([0x12, 0x01, 0x03, 0x00]));
    expect(tag).toBeGreaterThan(0);
    bytes.writeUInt16LE(9, tag + 8);
    const image = await decodeImage(bytes);
    expect(image).toMatchObject({ width: HEIGHT, height: WIDTH, orientation: 1 });
  });
});

describe('colour', () => {
  test.each([
    ['sixteen-bit.png', 0],
    ['palette.png', 0],
    ['animated.webp', 0], // The second frame is of another colour.
    ['animated.gif', 0],
    ['display-p3.png', 4],
    ['upright.avif', 16],
    ['cmyk.jpg', 70], // Saturated colours don't survive a press profile.
  ])('%s gives the picture within %i', async (name, tolerance) => {
    const image = await decodeImage(fixture(name));
    expect(image).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 3 });
    // Away from edges, where chroma subsampling may smear.
    const { data } = image;
    const wanted = uprightPicture();
    let worst = 0;
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        if (Math.abs(x - WIDTH / 2) < 4 || Math.abs(y - HEIGHT / 2) < 4) continue;
        for (let c = 3 * (y * WIDTH + x), end = c + 3; c < end; c++) {
          worst = Math.max(worst, Math.abs(data[c] - wanted[c]));
        }
      }
    }
    expect(worst).toBeLessThanOrEqual(tolerance);
  });

  test('the fixtures are what their names say', async () => {
    expect(await sharp(fixture('sixteen-bit.png')).metadata()).toMatchObject({
      depth: 'ushort',
    });
    expect(await sharp(fixture('cmyk.jpg')).metadata()).toMatchObject({
      space: 'cmyk',
      channels: 4,
    });
    expect((await sharp(fixture('display-p3.png')).metadata()).icc).toBeDefined();
    expect((await sharp(fixture('palette.png')).metadata()).isPalette).toBe(true);
    expect((await sharp(fixture('animated.gif')).metadata()).pages).toBe(2);
  });

  test('a profile is heeded: Display P3 values differ from the sRGB ones', async () => {
    const stored = await sharp(fixture('display-p3.png'), { ignoreIcc: true })
      .raw()
      .toBuffer();
    const { data } = await decodeImage(fixture('display-p3.png'));
    expect(largestDifference(data, stored)).toBeGreaterThan(20);
  });

  test('grey is repeated in three channels', async () => {
    const { data, channels } = await decodeImage(fixture('grey.jpg'));
    expect(channels).toBe(3);
    expect(data.length).toBe(3 * WIDTH * HEIGHT);
    for (let i = 0; i < data.length; i += 3) {
      expect(data[i + 1]).toBe(data[i]);
      expect(data[i + 2]).toBe(data[i]);
    }
  });

  test('transparent parts lie on white', async () => {
    const { data } = await decodeImage(fixture('alpha.png'));
    // Red over white: 255, then 255 − alpha for green and blue.
    expect([...data.subarray(0, 12)]).toEqual([
      ...[255, 255, 255],
      ...[255, 170, 170],
      ...[255, 85, 85],
      ...[255, 0, 0],
    ]);
  });
});

describe('odd shapes and sources', () => {
  test.each([
    ['one-pixel.png', 1, 1],
    ['tall.png', 1, 5000],
    ['jpeg-inside.heic', WIDTH, HEIGHT],
    ['trailing-bytes.jpg', 160, 120],
    ['no-end-marker.jpg', 160, 120],
  ])('%s is read', async (name, width, height) => {
    expect(await decodeImage(fixture(name))).toMatchObject({ width, height });
  });

  test('bytes in memory give what the file gives', async () => {
    const name = fixture('orientation-6.png');
    expect(await decodeImage(await readFile(name))).toEqual(await decodeImage(name));
  });

  test('a JPEG without its end marker gives the same pixels as with it', async () => {
    const bytes = await readFile(fixture('no-end-marker.jpg'));
    const whole = Buffer.concat([bytes, Buffer.from([0xff, 0xd9])]);
    expect(await decodeImage(bytes)).toEqual(await decodeImage(whole));
  });
});

describe('files that are refused', () => {
  test.each([
    ['empty.jpg', 'EMPTY_FILE'],
    ['text.jpg', 'NOT_AN_IMAGE'],
    ['drawing.jpg', 'UNSUPPORTED_FORMAT'],
    ['photo.heic', 'UNSUPPORTED_FORMAT'],
    ['pixel-bomb.png', 'TOO_MANY_PIXELS'],
    ['truncated.jpg', 'TRUNCATED'],
    ['truncated.png', 'TRUNCATED'],
    ['truncated.webp', 'TRUNCATED'],
    ['truncated.gif', 'TRUNCATED'],
    ['truncated.avif', 'TRUNCATED'],
    ['truncated.tif', 'TRUNCATED'],
    ['damaged.png', 'CORRUPT'],
    ['missing.jpg', 'NOT_FOUND'],
    ['text.jpg/inside.jpg', 'NOT_FOUND'],
    ['.', 'NOT_A_FILE'],
  ])('%s: %s', async (name, code) => {
    const error = await problemOf(fixture(name));
    expect(error.code).toBe(code);
    expect(error.file).toBe(fixture(name));
    expect(error.reason).not.toContain(folder);
    expect(error.remedy).not.toBe('');
    expect(error.message).toBe(`${error.file}: ${error.reason}; ${error.remedy}`);
  });

  test('HEIC names ways to convert it, whatever the extension', async () => {
    expect((await problemOf(fixture('photo.heic'))).remedy).toMatch(/JPEG.*OUT\.jpg/);
    const heic = ftypBox('mif1', 'mif1', 'heic');
    expect((await problemOf(heic)).code).toBe('UNSUPPORTED_FORMAT');
  });

  test("a camera's raw file is not taken for its thumbnail", async () => {
    const raw = fixture('shot.dng');
    await copyFile(fixture('orientation-6.tif'), raw);
    expect((await problemOf(raw)).reason).toContain('raw');
  });

  test('the pixel limit is held exactly, and before decoding', async () => {
    const limits = { maxPixels: WIDTH * HEIGHT };
    await decodeImage(fixture('palette.png'), limits);
    limits.maxPixels--;
    await expect(decodeImage(fixture('palette.png'), limits)).rejects.toMatchObject({
      code: 'TOO_MANY_PIXELS',
      reason: expect.stringContaining(`${WIDTH}×${HEIGHT}`) as string,
    });
    // Its data are short too, but the limit speaks first.
    expect((await problemOf(declaredPng(10_001, 10_000))).code).toBe('TOO_MANY_PIXELS');
    expect((await problemOf(declaredPng(10_000, 10_000))).code).not.toBe(
      'TOO_MANY_PIXELS',
    );
  });

  test('a file too large for any photo is not read', async () => {
    const huge = fixture('huge.jpg');
    await (await open(huge, 'w')).close();
    await truncate(huge, 2 ** 30 + 1);
    expect((await problemOf(huge)).code).toBe('FILE_TOO_LARGE');
  });

  test('an unreadable file', async ({ skip }) => {
    if (process.getuid?.() === 0 || process.platform === 'win32') {
      skip('only an ordinary user can be refused');
    }
    const locked = fixture('locked.png');
    await copyFile(fixture('alpha.png'), locked);
    await chmod(locked, 0);
    expect((await problemOf(locked)).code).toBe('UNREADABLE');
  });

  test.skipIf(process.platform === 'win32')('a pipe does not hang', async () => {
    execFileSync('mkfifo', [fixture('pipe.jpg')]);
    expect((await problemOf(fixture('pipe.jpg'))).code).toBe('NOT_A_FILE');
  });

  test('bytes that only start as an image', async () => {
    const starts = ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF89a', 'RIFF....WEBP'];
    for (const magic of [...starts, 'II*\0', 'MM\0*']) {
      const bytes = Buffer.from(magic + '\0'.repeat(40), 'latin1');
      expect(['TRUNCATED', 'CORRUPT']).toContain((await problemOf(bytes)).code);
    }
    for (const end of [2, 8, 20]) {
      const bytes = (await readFile(fixture('orientation-1.jpg'))).subarray(0, end);
      await problemOf(bytes);
    }
  });
});
