import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { addPictures, prepareReport } from '../../../src/report/index.js';
import { temporaryFolder } from '../runCli.js';
import { toyDetections, toyPhotos, toySet } from './toySet.js';

const bytesOf = (uri: string) => {
  expect(uri).toMatch(/^data:image\/jpeg;base64,/);
  return Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
};

it('embeds every photo, made small, and names those that are missing', async () => {
  const folder = await toyPhotos();
  const measured = prepareReport(toySet, toyDetections, { scoreThreshold: 0.5 });
  const broken = {
    ...measured,
    photos: measured.photos.map((photo, i) =>
      i === 3 ? { ...photo, name: 'gone.jpg' } : photo,
    ),
  };
  const { photos } = await addPictures(broken, folder, { pictureSize: 100 });
  for (const { picture, problem } of photos.slice(0, 3)) {
    const { width, height, format } = await sharp(bytesOf(picture!)).metadata();
    expect({ width, height, format }).toEqual({
      width: 100,
      height: 75,
      format: 'jpeg',
    });
    expect(problem).toBeNull();
  }
  expect(photos[3]).toMatchObject({
    picture: null,
    problem: 'no such file in the folder of photos',
  });
});

it('cuts a part out of a large photo, in the annotations’ pixels, where that is sharper', async () => {
  // The file is four times as large as the annotations say; the cat is red.
  const folder = temporaryFolder();
  const red = {
    create: { width: 400, height: 400, channels: 3 as const, background: '#e02020' },
  };
  await sharp({
    create: { width: 1600, height: 1200, channels: 3, background: '#2040c0' },
  })
    .composite([{ input: red, left: 80, top: 80 }])
    .jpeg({ quality: 95 })
    .toFile(join(folder, 'one.jpg'));
  const measured = prepareReport(toySet, toyDetections, { scoreThreshold: 0.5 });
  const { examples, photos } = await addPictures(measured, folder, {
    pictureSize: 100,
  });
  const duplicate = examples.find(({ type }) => type === 'duplicate')!;
  expect(photos[duplicate.photo].problem).toBeNull();
  const { data, info } = await sharp(bytesOf(duplicate.picture!))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info.width).toBeGreaterThan(300);
  const [left, top, right, bottom] = duplicate.window;
  const isRed = (x: number, y: number) => {
    const u = Math.floor(((x - left) / (right - left)) * info.width);
    const v = Math.floor(((y - top) / (bottom - top)) * info.height);
    return data[3 * (v * info.width + u)] > data[3 * (v * info.width + u) + 2];
  };
  // Just inside and outside the cat's box, [20, 20, 120, 120].
  for (const [x, y, wanted] of [
    [22, 70, true],
    [118, 70, true],
    [70, 22, true],
    [70, 118, true],
    [18, 70, false],
    [122, 70, false],
    [70, 122, false],
  ] as const) {
    expect(isRed(x, y), `${x}, ${y}`).toBe(wanted);
  }
  // Enough is shown already: nothing is cut out.
  const large = await addPictures(measured, folder, { pictureSize: 1600 });
  expect(large.examples.every(({ picture }) => picture === null)).toBe(true);
});

it('says so when a photo has not the shape that the annotations know', async () => {
  const folder = temporaryFolder();
  await sharp({ create: { width: 300, height: 400, channels: 3, background: 'red' } })
    .png()
    .toFile(join(folder, 'one.jpg'));
  const measured = prepareReport(toySet, toyDetections);
  const { photos } = await addPictures(measured, folder);
  expect(photos[0].picture).not.toBeNull();
  expect(photos[0].problem).toMatch(/400×300, the file is 300×400/);
});

it('never reads outside the folder, and stops at no broken file', async () => {
  const root = temporaryFolder();
  const folder = join(root, 'photos');
  mkdirSync(folder);
  const secret = join(root, 'secret.png');
  await sharp({
    create: { width: 400, height: 300, channels: 3, background: 'red' },
  }).toFile(secret);
  const names = ['../secret.png', secret, 'broken.jpg', 'photos/..'];
  writeFileSync(join(folder, 'broken.jpg'), 'no image');
  const measured = prepareReport(
    {
      ...toySet,
      images: toySet.images.map((image, i) => ({ ...image, file_name: names[i] })),
    },
    toyDetections,
  );
  const { photos } = await addPictures(measured, folder);
  expect(photos).toHaveLength(4);
  for (const { picture, problem } of photos) {
    expect(picture).toBeNull();
    expect(problem).not.toBeNull();
  }
});
