import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CROP_COUNTS,
  CROP_SIDE,
  cropViews,
  fillCrop,
} from '../../detectors/classify/cropViews.js';
import type { Photo } from '../../detectors/warp/photo.js';

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
