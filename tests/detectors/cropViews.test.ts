import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CROP_COUNTS,
  CROP_SIDE,
  cropViews,
  fillCrop,
  type CropView,
} from '../../detectors/classify/cropViews.js';
import { cropLength, type Photo } from '../../detectors/warp/photo.js';

/** The photo of scripts/goldens-crops.py. */
function madePhoto(width: number, height: number): Photo {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, i++) {
        const wave = x * x * (c + 3) + y * y * 7 + x * y * 5 + 31 * c;
        data[i] = Math.floor(wave / 64) % 256;
      }
    }
  }
  return { data, width, height };
}

/** What fillCrop writes without a mean, as interleaved RGB. */
function rgbBytes(planes: Float32Array): Uint8Array {
  const cells = CROP_SIDE * CROP_SIDE;
  const bytes = new Uint8Array(3 * cells);
  for (let cell = 0, i = 0; cell < cells; cell++) {
    for (let c = 0; c < 3; c++, i++) bytes[i] = planes[c * cells + cell];
  }
  return bytes;
}

const PLAIN = { mean: [0, 0, 0], channels: 'RGB' } as const;

interface Golden {
  cases: { width: number; height: number; crops: Record<string, string[]> }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/detectors/crops.json', import.meta.url), 'utf8'),
) as Golden;

describe.each(golden.cases)(
  'crops of a $width×$height photo',
  ({ width, height, crops }) => {
    const photo = madePhoto(width, height);
    it.each(CROP_COUNTS)('are those that OpenCV makes, byte for byte: %i', (count) => {
      const planes = new Float32Array(3 * CROP_SIDE * CROP_SIDE);
      const hashes: string[] = [];
      for (const view of cropViews(photo, count)) {
        fillCrop(view, PLAIN, planes);
        const hash = createHash('sha256').update(rgbBytes(planes)).digest('hex');
        hashes.push(hash.slice(0, 8));
      }
      expect(hashes).toHaveLength(count);
      expect(hashes.sort()).toEqual(crops[String(count)]);
    });
  },
);

it('gives channels in the order and with the mean that are asked for', () => {
  const [view] = cropViews(madePhoto(256, 256), 1);
  const rgb = new Float32Array(3 * CROP_SIDE * CROP_SIDE);
  const bgr = new Float32Array(rgb.length);
  fillCrop(view, PLAIN, rgb);
  fillCrop(view, { mean: [104, 117, 123], channels: 'BGR' }, bgr);
  const cells = CROP_SIDE * CROP_SIDE;
  for (const cell of [0, 5, cells - 1]) {
    expect(bgr[cell]).toBe(rgb[2 * cells + cell] - 104);
    expect(bgr[cells + cell]).toBe(rgb[cells + cell] - 117);
    expect(bgr[2 * cells + cell]).toBe(rgb[cell] - 123);
  }
});

it.each([
  [1, 1],
  [1, 20_000],
  [20_000, 1],
])('takes a photo of %i×%i pixels in the memory of its squares', (width, height) => {
  let count = 0;
  for (const { photo } of cropViews(madePhoto(width, height), 144)) {
    expect(Math.max(photo.width, photo.height)).toBeLessThanOrEqual(352);
    count++;
  }
  expect(count).toBe(144);
});

/** The pixels of a crop, as interleaved RGB of its photo. */
function pixelsOf({ photo, x, y, side, isMirrored }: CropView): number[] {
  const pixels: number[] = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const from = x + (isMirrored ? side - 1 - column : column);
      for (let c = 0; c < 3; c++) {
        pixels.push(photo.data[3 * ((y + row) * photo.width + from) + c]);
      }
    }
  }
  return pixels;
}

it('cuts 227×227 pixels out of the same photos, the centre rounded up and left', () => {
  const photo = madePhoto(300, 280);
  const sizes = { side: 227, photoSide: 256 };
  const [centre] = cropViews(photo, 1, sizes);
  expect([centre.x, centre.y, centre.side]).toEqual([14, 14, 227]);
  const [narrow] = cropViews(photo, 1);
  expect(centre.photo.data).toEqual(narrow.photo.data);
  const ten = [...cropViews(photo, 10, sizes)];
  expect(ten.map(({ x, y }) => [x, y]).slice(0, 5)).toEqual([
    [0, 0],
    [29, 0],
    [0, 29],
    [29, 29],
    [14, 14],
  ]);
  const planes = new Float32Array(cropLength('RGB', 227));
  for (const view of [ten[3], ten[8]]) {
    fillCrop(view, PLAIN, planes);
    const cells = 227 ** 2;
    const interleaved = Array.from(
      { length: 3 * cells },
      (_, i) => planes[(i % 3) * cells + Math.floor(i / 3)],
    );
    expect(interleaved).toEqual(pixelsOf(view));
  }
  const many = [...cropViews(photo, 144, sizes)];
  expect(many).toHaveLength(144);
  for (const { x, y, side, photo: resized } of many) {
    expect(Math.max(x, y) + side).toBeLessThanOrEqual(resized.width);
  }
});

it('shows photos whole in the middle of black where the input is larger', () => {
  const photo = madePhoto(28, 28);
  const [view, ...others] = cropViews(photo, 1, { side: 32, photoSide: 28 });
  expect(others).toEqual([]);
  const plane = new Float32Array(cropLength('RGB', 32));
  fillCrop(view, PLAIN, plane);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const isInside = Math.min(x, y) >= 2 && Math.max(x, y) < 30;
      const expected = isInside ? photo.data[3 * ((y - 2) * 28 + x - 2)] : 0;
      expect(plane[y * 32 + x]).toBe(expected);
    }
  }
});

it('makes colours grey as OpenCV does, then takes the mean and scales', () => {
  // cv2.cvtColor(…, COLOR_RGB2GRAY) of opencv-python 5.0.0.
  const colours: [number[], number][] = [
    [[255, 0, 0], 76],
    [[0, 255, 0], 150],
    [[0, 0, 255], 29],
    [[200, 100, 50], 124],
    [[13, 77, 201], 72],
    [[254, 255, 1], 226],
    [[1, 2, 3], 2],
    [[128, 128, 128], 128],
  ];
  for (const [rgb, grey] of colours) {
    const photo = { data: Uint8Array.from(rgb), width: 1, height: 1 };
    const view = { photo, x: 0, y: 0, side: 1, isMirrored: false };
    const into = new Float32Array(cropLength('grey', 1));
    fillCrop(view, { mean: [20], channels: 'grey', scale: 0.5 }, into);
    expect([...into]).toEqual([(grey - 20) / 2]);
  }
});
