/**
 * Makes the small pictures and broken files that tests of image reading use.
 *
 *     node scripts/make-fixtures.mjs FOLDER
 *
 * The upright picture is drawn here, and what is stored for each EXIF
 * orientation is placed pixel by pixel after the table of the EXIF standard
 * (tag 274: which side of the picture the stored row 0 and column 0 are), so that
 * nothing of what is under test takes part.
 */
import { Buffer } from 'node:buffer';
import console from 'node:console';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** Size of the upright picture: not square, so that a missing turn shows. */
export const WIDTH = 48;
export const HEIGHT = 32;

/**
 * The upright picture, RGB8: red, green, blue and white quadrants in reading
 * order, no two alike, so that each turn and mirror image of it differs.
 */
export function uprightPicture() {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) data.set(quadrantColour(x, y), 3 * (y * WIDTH + x));
  }
  return data;
}

export const QUADRANTS = [
  [220, 40, 40],
  [40, 180, 60],
  [40, 70, 210],
  [240, 240, 240],
];

function quadrantColour(x, y) {
  return QUADRANTS[(x >= WIDTH / 2 ? 1 : 0) + (y >= HEIGHT / 2 ? 2 : 0)];
}

/** Where the stored pixel (row, column) is in the upright picture: [x, y]. */
const PLACES = {
  1: (row, column) => [column, row],
  2: (row, column) => [WIDTH - 1 - column, row],
  3: (row, column) => [WIDTH - 1 - column, HEIGHT - 1 - row],
  4: (row, column) => [column, HEIGHT - 1 - row],
  5: (row, column) => [row, column],
  6: (row, column) => [WIDTH - 1 - row, column],
  7: (row, column) => [WIDTH - 1 - row, HEIGHT - 1 - column],
  8: (row, column) => [row, HEIGHT - 1 - column],
};

function storedPicture(orientation) {
  const isTurned = orientation > 4;
  const width = isTurned ? HEIGHT : WIDTH;
  const height = isTurned ? WIDTH : HEIGHT;
  const data = Buffer.alloc(3 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const colour = quadrantColour(...PLACES[orientation](row, column));
      data.set(colour, 3 * (row * width + column));
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const upright = () => storedPicture(1);

/** A noisy JPEG: its data are long, so that cuts fall into the picture. */
function noisyJpeg() {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 };
  const create = { width: 160, height: 120, channels: 3, background: '#808080', noise };
  return sharp({ create }).jpeg({ quality: 90 }).toBuffer();
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** A PNG of a few bytes that declares any size: grey, 8 bits. */
export function declaredPng(width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(1000))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The box that starts ISO media files, with the given brands. */
export function ftypBox(main, ...compatible) {
  const brands = [main, '\0\0\0\0', ...compatible].join('');
  const box = Buffer.alloc(8 + brands.length);
  box.writeUInt32BE(box.length, 0);
  box.write('ftyp' + brands, 4, 'latin1');
  return box;
}

function plain(width, height) {
  return sharp({ create: { width, height, channels: 3, background: '#c86432' } });
}

async function animation() {
  const frames = [upright().png(), plain(WIDTH, HEIGHT).png()];
  return sharp(await Promise.all(frames.map((frame) => frame.toBuffer())), {
    join: { animated: true },
  });
}

/** All fixtures: a function per file that gives its bytes. */
const FIXTURES = {
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [
      `orientation-${orientation}.jpg`,
      () =>
        storedPicture(orientation)
          .withMetadata({ orientation })
          .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
          .toBuffer(),
    ]),
  ),
  'orientation-6.png': () => oriented(6).png().toBuffer(),
  'orientation-6.webp': () => oriented(6).webp({ lossless: true }).toBuffer(),
  'orientation-6.tif': () => oriented(6).tiff({ compression: 'lzw' }).toBuffer(),
  'upright.avif': () => upright().avif({ quality: 90 }).toBuffer(),
  'grey.jpg': () => upright().greyscale().jpeg({ quality: 95 }).toBuffer(),
  'sixteen-bit.png': () => sixteenBit().toColourspace('rgb16').png().toBuffer(),
  'cmyk.jpg': () =>
    upright()
      .toColourspace('cmyk')
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer(),
  'palette.png': () => upright().png({ palette: true, colours: 8 }).toBuffer(),
  'display-p3.png': () => upright().withIccProfile('p3').png().toBuffer(),
  'alpha.png': () => halfTransparent().png().toBuffer(),
  'animated.gif': async () => (await animation()).gif().toBuffer(),
  'animated.webp': async () => (await animation()).webp({ lossless: true }).toBuffer(),
  'one-pixel.png': () => plain(1, 1).png().toBuffer(),
  'tall.png': () => plain(1, 5000).png().toBuffer(),
  'truncated.jpg': async () => firstHalf(await noisyJpeg()),
  'no-end-marker.jpg': async () => (await noisyJpeg()).subarray(0, -2),
  'trailing-bytes.jpg': async () =>
    Buffer.concat([await noisyJpeg(), Buffer.from('left behind by some camera')]),
  'truncated.png': async () =>
    firstHalf(
      await sharp(await noisyJpeg())
        .png()
        .toBuffer(),
    ),
  'truncated.webp': async () =>
    firstHalf(
      await sharp(await noisyJpeg())
        .webp()
        .toBuffer(),
    ),
  'truncated.gif': async () =>
    firstHalf(
      await sharp(await noisyJpeg())
        .gif()
        .toBuffer(),
    ),
  'truncated.avif': async () =>
    firstHalf(
      await sharp(await noisyJpeg())
        .avif()
        .toBuffer(),
    ),
  'truncated.tif': async () =>
    firstHalf(
      await sharp(await noisyJpeg())
        .tiff({ compression: 'lzw' })
        .toBuffer(),
    ),
  'damaged.png': async () => {
    const bytes = await sharp(await noisyJpeg())
      .png()
      .toBuffer();
    bytes[bytes.length >> 1] ^= 0xff;
    return bytes;
  },
  'pixel-bomb.png': () => declaredPng(50_000, 50_000),
  'empty.jpg': () => Buffer.alloc(0),
  'text.jpg': () => Buffer.from('This is no picture, whatever its name says.\n'),
  'drawing.jpg': () =>
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n'),
  'photo.heic': () => ftypBox('heic', 'mif1', 'heic'),
  'jpeg-inside.heic': () => upright().jpeg().toBuffer(),
};

function oriented(orientation) {
  return storedPicture(orientation).withMetadata({ orientation });
}

/** Every value v of the upright picture becomes 257·v: the same, in 16 bits. */
function sixteenBit() {
  const data = Uint16Array.from(uprightPicture(), (value) => 257 * value);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** Red with alpha 0, 1/3, 2/3 and 1 in four stripes. */
function halfTransparent() {
  const data = Buffer.alloc(4 * 4 * 4);
  for (let i = 0; i < 16; i++) data.set([255, 0, 0, 85 * (i % 4)], 4 * i);
  return sharp(data, { raw: { width: 4, height: 4, channels: 4 } });
}

function firstHalf(bytes) {
  return bytes.subarray(0, bytes.length >> 1);
}

/** Writes all fixtures into a folder. */
export async function makeFixtures(folder) {
  await mkdir(folder, { recursive: true });
  for (const [name, make] of Object.entries(FIXTURES)) {
    await writeFile(join(folder, name), await make());
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  if (!folder) {
    console.error('usage: node scripts/make-fixtures.mjs FOLDER');
    process.exit(2);
  }
  await makeFixtures(folder);
}
