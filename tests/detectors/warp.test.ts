import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cropLength, toPhoto, type Photo } from '../../detectors/warp/photo.js';
import { resizePhoto } from '../../detectors/warp/resizePhoto.js';
import { PhotoPyramid, warpCrops } from '../../detectors/warp/warpCrops.js';

const zeroMean = { mean: [0, 0, 0], channels: 'RGB' } as const;

function randomPhoto(width: number, height: number, seed: number): Photo {
  let state = seed + 1;
  const data = Uint8Array.from({ length: 3 * width * height }, () => {
    state = (state * 48271) % 2147483647;
    return state % 256;
  });
  return { data, width, height };
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/detectors/resize.json', import.meta.url), 'utf8'),
) as {
  cases: {
    width: number;
    height: number;
    pixels: string;
    longest: number;
    expected: string;
  }[];
};

const size = fc.integer({ min: 1, max: 24 });

describe('resizePhoto', () => {
  it('takes area means when shrinking, bilinear samples when enlarging', () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(999),
        (w, h, long, seed) => {
          const photo = randomPhoto(w, h, seed);
          const { input, scaleX, scaleY } = resizePhoto(photo, long, zeroMean);
          const { shape, data } = input;
          const [, , inputHeight, inputWidth] = shape;
          const width = Math.round(scaleX * w);
          const height = Math.round(scaleY * h);
          expect(Math.max(width, height)).toBe(long);
          // Never fewer than 32 pixels a side; the rest is the mean.
          const sides = [Math.max(width, 32), Math.max(height, 32)];
          expect([inputWidth, inputHeight]).toEqual(sides);
          if (inputWidth > width) expect(data[width]).toBe(0);
          const at = (x: number, y: number, c: number) =>
            photo.data[3 * (y * w + x) + c];
          /** Weight of input pixel `i` in output pixel `o` along one axis. */
          const weight = (i: number, o: number, from: number, to: number) => {
            const ratio = from / to;
            if (ratio > 1) {
              return (
                Math.max(0, Math.min(i + 1, (o + 1) * ratio) - Math.max(i, o * ratio)) /
                ratio
              );
            }
            const centre = Math.min(Math.max((o + 0.5) * ratio - 0.5, 0), from - 1);
            return Math.max(0, 1 - Math.abs(i - centre));
          };
          for (const [x, y] of [
            [0, 0],
            [width - 1, height - 1],
            [width >> 1, height >> 1],
          ]) {
            for (let c = 0; c < 3; c++) {
              let expected = 0;
              for (let j = 0; j < h; j++) {
                for (let i = 0; i < w; i++) {
                  expected +=
                    weight(i, x, w, width) * weight(j, y, h, height) * at(i, j, c);
                }
              }
              const value = data[(c * inputHeight + y) * inputWidth + x];
              expect(value).toBe(Math.round(value));
              // Enlarging drops low bits; see the golden below.
              expect(Math.abs(value - expected)).toBeLessThan(
                long > Math.max(w, h) ? 1 : 0.501,
              );
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each(golden.cases)(
    'gives OpenCV’s pixels from $width×$height to $longest',
    (sample) => {
      const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
      const photo = {
        data: bytes(sample.pixels),
        width: sample.width,
        height: sample.height,
      };
      const { input, scaleX, scaleY } = resizePhoto(photo, sample.longest, zeroMean);
      const width = Math.round(scaleX * sample.width);
      const height = Math.round(scaleY * sample.height);
      const expected = bytes(sample.expected);
      expect(expected.length).toBe(3 * width * height);
      const [, , inputHeight, inputWidth] = input.shape;
      let different = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          for (let c = 0; c < 3; c++) {
            const value = input.data[(c * inputHeight + y) * inputWidth + x];
            const difference = Math.abs(value - expected[3 * (y * width + x) + c]);
            expect(difference).toBeLessThanOrEqual(1);
            different += difference;
          }
        }
      }
      // Weights in single and double precision round apart now and then.
      expect(different / expected.length).toBeLessThan(0.02);
    },
  );

  it('orders the channels and subtracts the mean', () => {
    const photo = { data: Uint8Array.of(10, 20, 30), width: 1, height: 1 };
    const bgr = resizePhoto(photo, 1, { mean: [1, 2, 3], channels: 'BGR' });
    expect([0, 1, 2].map((c) => bgr.input.data[c * 1024])).toEqual([29, 18, 7]);
    const rgb = resizePhoto(photo, 1, { mean: [1, 2, 3], channels: 'RGB' });
    expect([0, 1, 2].map((c) => rgb.input.data[c * 1024])).toEqual([9, 18, 27]);
  });

  it('gives one channel to networks that see grey', () => {
    const photo = { data: Uint8Array.of(10, 20, 30), width: 1, height: 1 };
    const { input } = resizePhoto(photo, 1, { mean: [5], channels: 'grey' });
    expect(input.shape).toEqual([1, 1, 32, 32]);
    expect(input.data[0]).toBe(Math.round(0.299 * 10 + 0.587 * 20 + 0.114 * 30) - 5);
  });
});

describe('warpCrops', () => {
  const options = {
    ...zeroMean,
    mean: [100, 110, 120] as const,
    side: 16,
    context: 1 / 8,
  };
  const warp = (photo: Photo, box: number[]) => {
    const crop = new Float32Array(3 * 16 * 16);
    warpCrops(new PhotoPyramid(photo), box, options, crop);
    return crop;
  };

  it('copies pixels where the crop has the photo’s own scale', () => {
    // p = 2: a box of 12×12 pixels fills the inner 12×12 of the crop.
    const photo = randomPhoto(40, 30, 5);
    const crop = warp(photo, [10, 8, 22, 20]);
    for (let v = 0; v < 16; v++) {
      for (let u = 0; u < 16; u++) {
        const pixel = 3 * ((8 - 2 + v) * 40 + 10 - 2 + u);
        expect(crop[v * 16 + u]).toBeCloseTo(photo.data[pixel] - 100, 3);
        expect(crop[2 * 256 + v * 16 + u]).toBeCloseTo(photo.data[pixel + 2] - 120, 3);
      }
    }
  });

  it('warps to the grey of what it warps to in colours', () => {
    const photo = randomPhoto(40, 30, 7);
    const boxes = [-5, 3, 22, 25, 10, 8, 22, 20];
    const crops = (channels: 'RGB' | 'grey', mean: number[]) => {
      const wanted = { ...options, channels, mean };
      const into = new Float32Array(2 * cropLength(channels, wanted.side));
      warpCrops(new PhotoPyramid(photo), boxes, wanted, into);
      return into;
    };
    const colours = crops('RGB', [100, 100, 100]);
    const grey = crops('grey', [100]);
    expect(grey).toHaveLength(2 * 256);
    grey.forEach((value, i) => {
      const at = 768 * Math.floor(i / 256) + (i % 256);
      const [red, green, blue] = [0, 256, 512].map((c) => colours[at + c]);
      const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
      expect(Math.abs(value - luma)).toBeLessThan(0.51);
    });
  });

  it('has the mean, which is zero, outside the photo', () => {
    const photo = {
      data: new Uint8Array(3 * 12 * 12).fill(255),
      width: 12,
      height: 12,
    };
    const crop = warp(photo, [0, 0, 12, 12]);
    expect(crop[0]).toBe(0);
    expect(crop[15 * 16 + 15]).toBe(0);
    expect(crop[8 * 16 + 8]).toBeCloseTo(155, 3);
  });

  it('averages before it shrinks: a fine chequerboard becomes grey', () => {
    const data = Uint8Array.from({ length: 3 * 96 * 96 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return (pixel + Math.floor(pixel / 96)) % 2 ? 255 : 0;
    });
    const crop = warp({ data, width: 96, height: 96 }, [0, 0, 96, 96]);
    for (let v = 3; v < 13; v++)
      expect(Math.abs(crop[v * 16 + 8] - (127.5 - 100))).toBeLessThan(1);
  });

  it('gives numbers for boxes of no size, of one pixel, and outside', () => {
    const photo = randomPhoto(7, 3, 1);
    for (const box of [
      [3, 1, 3, 1],
      [0, 0, 1, 1],
      [-50, -50, -40, -40],
      [0, 0, 7, 3],
    ]) {
      expect(warp(photo, box).every(Number.isFinite)).toBe(true);
    }
  });
});

describe('toPhoto', () => {
  it('makes RGB8 of grey, RGBA and 16 bits, and passes RGB8 through', () => {
    const rgb = { data: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 };
    expect(toPhoto(rgb).data).toBe(rgb.data);
    expect([...toPhoto({ ...rgb, data: Uint8Array.of(9), channels: 1 }).data]).toEqual([
      9, 9, 9,
    ]);
    expect([
      ...toPhoto({ ...rgb, data: Uint8Array.of(1, 2, 3, 200), channels: 4 }).data,
    ]).toEqual([1, 2, 3]);
    expect([
      ...toPhoto({ ...rgb, data: Uint16Array.of(0x1234, 0xff00, 0x00ff) }).data,
    ]).toEqual([0x12, 0xff, 0]);
  });

  it.each([
    { data: new Uint8Array(2), width: 1, height: 1, channels: 3 },
    { data: new Uint8Array(2), width: 1, height: 1, channels: 2 },
    { data: new Uint8Array(0), width: 0, height: 1, channels: 3 },
    { data: new Uint8Array(3), width: 1.5, height: 2 / 3, channels: 3 },
  ])('refuses %j', (image) => {
    expect(() => toPhoto(image)).toThrow(/an image of/);
  });
});
