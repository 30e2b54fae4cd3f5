import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { classColour, drawDetections } from '../../../src/draw/index.js';

const WIDTH = 200;
const HEIGHT = 150;
const GROUND = 90;

function greyPhoto(channels = 3) {
  const data = new Uint8Array(channels * WIDTH * HEIGHT).fill(GROUND);
  return { data, width: WIDTH, height: HEIGHT, channels };
}

async function pixelsOf(file: Buffer) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([WIDTH, HEIGHT, 3]);
  return (x: number, y: number) => {
    const at = 3 * (y * WIDTH + x);
    return [...data.subarray(at, at + 3)];
  };
}

const png = { format: 'png' } as const;
const dog = { box: [40, 50, 160, 130], className: 'dog', score: 0.876 };

describe('drawDetections', () => {
  test('outlines the box within its half-open corners, in the class colour', async () => {
    const at = await pixelsOf(await drawDetections(greyPhoto(), [dog], png));
    const colour = classColour('dog');
    for (const [x, y] of [
      ...[40, 159].map((x) => [x, 100]),
      ...[50, 129].map((y) => [150, y]),
    ]) {
      expect(at(x, y)).toEqual(colour);
    }
    // A dark rim on both sides, then the photo itself.
    expect(at(160, 100)[0]).toBeLessThan(GROUND);
    expect(at(157, 100)[0]).toBeLessThan(GROUND);
    for (const [x, y] of [
      [162, 100],
      [100, 100],
      [37, 100],
      [150, 133],
    ]) {
      expect(at(x, y)).toEqual([GROUND, GROUND, GROUND]);
    }
  });

  test('a label stands above the box: ink on ground of the class colour', async () => {
    const at = await pixelsOf(await drawDetections(greyPhoto(), [dog], png));
    const colour = classColour('dog').join();
    let ground = 0;
    let ink = 0;
    for (let y = 37; y < 49; y++) {
      for (let x = 40; x < 95; x++) {
        if (at(x, y).join() === colour) ground++;
        // The ink is black or white; all its channels agree there.
        if (at(x, y).every((v) => v < 40) || at(x, y).every((v) => v > 215)) ink++;
      }
    }
    expect(ground).toBeGreaterThan(250);
    expect(ink).toBeGreaterThan(60);
  });

  test('score and class change what is written', async () => {
    const draw = (change: object) =>
      drawDetections(greyPhoto(), [{ ...dog, ...change }], png);
    const before = await draw({});
    expect(await draw({ score: 0.877 })).not.toEqual(await draw({ score: 0.866 }));
    expect(await draw({ className: 'cat' })).not.toEqual(before);
    expect(await draw({})).toEqual(before);
  });

  test('the better detection lies on top, whatever the order given', async () => {
    const cat = { ...dog, className: 'cat', score: 0.5 };
    const one = await drawDetections(greyPhoto(), [dog, cat], png);
    expect(await drawDetections(greyPhoto(), [cat, dog], png)).toEqual(one);
    expect((await pixelsOf(one))(40, 100)).toEqual(classColour('dog'));
  });

  test('leaves the photo as it was and takes 1, 3 and 4 channels', async () => {
    const photo = greyPhoto();
    const wanted = await drawDetections(photo, [dog], png);
    expect(photo).toEqual(greyPhoto());
    expect(await drawDetections(greyPhoto(1), [dog], png)).toEqual(wanted);
    expect(await drawDetections(greyPhoto(4), [dog], png)).toEqual(wanted);
    const clamped = { ...photo, data: new Uint8ClampedArray(photo.data) };
    expect(await drawDetections(clamped, [dog], png)).toEqual(wanted);
  });

  test('without detections gives the photo itself', async () => {
    const at = await pixelsOf(await drawDetections(greyPhoto(), [], png));
    expect(at(100, 75)).toEqual([GROUND, GROUND, GROUND]);
  });

  test('writes JPEG by default, with colour at full size', async () => {
    const file = await drawDetections(greyPhoto(), [dog]);
    expect(await sharp(file).metadata()).toMatchObject({
      format: 'jpeg',
      chromaSubsampling: '4:4:4',
    });
  });

  test('names of any kind are only text', async () => {
    const names = ['<b>&"x"', '\0\n\u202e', '', '犬', 'كلب', '😀', 'x'.repeat(5000)];
    for (const className of [...names, '</span><span>', '\ud800', '&#0;']) {
      const at = await pixelsOf(
        await drawDetections(greyPhoto(), [{ ...dog, className }], png),
      );
      expect(at(40, 100)).toEqual(classColour(className));
      expect(at(100, 140)).toEqual([GROUND, GROUND, GROUND]);
    }
  });

  test('boxes and photos of any size', async () => {
    const boxes = [
      [0, 0, WIDTH, HEIGHT],
      [-50, -50, 1e9, 1e9],
      [5, 5, 5, 5],
      [90, 90, 20, 20],
      [199.9, 149.9, 200, 150],
    ];
    const detections = boxes.map((box) => ({ ...dog, box }));
    await pixelsOf(await drawDetections(greyPhoto(), detections, png));
    for (const [width, height] of [
      [1, 1],
      [1, 3000],
      [3000, 1],
      [20, 20],
    ]) {
      const data = new Uint8Array(3 * width * height);
      const file = await drawDetections(
        { data, width, height, channels: 3 },
        detections,
      );
      expect(await sharp(file).metadata()).toMatchObject({ width, height });
    }
  });

  test('refuses what cannot be drawn', async () => {
    const photo = greyPhoto();
    await expect(
      drawDetections({ ...photo, width: WIDTH + 1 }, []),
    ).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await expect(
      drawDetections({ ...photo, channels: 2 }, [dog]),
    ).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    for (const box of [
      [0, 0, NaN, 5],
      [0, 0, 5],
      [0, -Infinity, 5, 5],
    ]) {
      await expect(drawDetections(photo, [{ ...dog, box }])).rejects.toMatchObject({
        code: 'INVALID_BOX',
      });
    }
  });
});
