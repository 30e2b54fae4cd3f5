import { describe, expect, test } from 'vitest';
import { fourierTransform } from '../../proposals/fourierTransform.js';
import { gaborFilter, gaborTexture } from '../../proposals/gaborTexture.js';
import { gradientTexture, type TextureBins } from '../../proposals/gradientTexture.js';
import { patchwork } from './images.js';

/** Bin of each histogram at one pixel, 0 for no response. */
function binsAt(texture: TextureBins, pixel: number): number[] {
  const { bins, counts, histograms, binsPerHistogram } = texture;
  let n = 0;
  for (let i = 0; i < pixel; i++) n += counts[i];
  const found = new Array<number>(histograms).fill(0);
  for (const bin of bins.subarray(n, n + counts[pixel])) {
    found[Math.floor(bin / (binsPerHistogram - 1))] =
      (bin % (binsPerHistogram - 1)) + 1;
  }
  return found;
}

describe('gradientTexture', () => {
  test('a ramp answers in the three directions that it rises in', () => {
    const width = 30;
    const data = Uint8Array.from({ length: 30 * 20 }, (_, i) => 8 * (i % width));
    const bins = binsAt(
      gradientTexture({ data, width, height: 20, channels: 1 }),
      10 * width + 15,
    );
    // 8 grey levels a pixel is bin 2 of 10 to 40; its part along the diagonals, 5.7, is bin 1.
    expect(bins).toEqual([2, 0, 0, 0, 1, 0, 1, 0]);
  });

  test('responses equal projections of central differences on 8 directions', () => {
    const { data, width, height } = patchwork(40, 30, 11);
    const image = { data: data as Uint8Array, width, height, channels: 3 as const };
    const texture = gradientTexture(image);
    // Order of the histograms: angles of the directions in turns.
    const turns = [0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.875, 0.375];
    for (let pixel = width + 1; pixel < width * (height - 1) - 1; pixel += 17) {
      if (pixel % width === 0 || pixel % width === width - 1) continue;
      const bins = binsAt(texture, pixel);
      bins.forEach((bin, h) => {
        const p = 3 * pixel + Math.floor(h / 8);
        const dx = (data[p + 3] - data[p - 3]) / 2;
        const dy = (data[p + 3 * width] - data[p - 3 * width]) / 2;
        const angle = 2 * Math.PI * turns[h % 8];
        const response = dx * Math.cos(angle) + dy * Math.sin(angle);
        const exact = Math.max(0, Math.min(9, (response / 40) * 10));
        // Differences are rounded to steps of 2 grey levels a pixel.
        expect(Math.abs(bin + (bin === 9 ? 0 : 0.5) - exact)).toBeLessThan(0.5 + 0.5);
      });
    }
  });
});

describe('gaborTexture', () => {
  test('filters have no mean and answer a step edge with its height, whichever the scale', () => {
    for (let size = 7; size <= 37; size += 2) {
      for (let orientation = 0; orientation < 4; orientation++) {
        const { values, reach } = gaborFilter(size, orientation);
        expect(values.length).toBe(size * size);
        expect(values.reduce((s, v) => s + v, 0)).toBeCloseTo(0, 9);
        if (orientation % 2) continue;
        let strongest = 0;
        for (let edge = -reach; edge <= reach; edge++) {
          let response = 0;
          values.forEach((v, i) => {
            const x = (i % size) - reach;
            const y = Math.floor(i / size) - reach;
            if ((orientation === 0 ? x : y) > edge) response += 100 * v;
          });
          strongest = Math.max(strongest, Math.abs(response));
        }
        expect(strongest).toBeCloseTo(100, 6);
      }
    }
  });

  test('equals filtering pixel by pixel', () => {
    const { data, width, height } = patchwork(50, 44, 2);
    const texture = gaborTexture({
      data: data as Uint8Array,
      width,
      height,
      channels: 3,
    });
    const grey = (x: number, y: number): number => {
      const p =
        3 *
        (Math.max(0, Math.min(height - 1, y)) * width +
          Math.max(0, Math.min(width - 1, x)));
      return (77 * data[p] + 150 * data[p + 1] + 29 * data[p + 2] + 128) >> 8;
    };
    for (const [x, y] of [
      [25, 20],
      [3, 40],
      [48, 1],
      [10, 10],
    ]) {
      const bins = binsAt(texture, y * width + x);
      bins.forEach((bin, h) => {
        const responses = [0, 2].map((more) => {
          const { values, reach } = gaborFilter(
            7 + 4 * Math.floor(h / 4) + more,
            h % 4,
          );
          const size = 2 * reach + 1;
          return values.reduce(
            (sum, v, i) =>
              sum +
              v * grey(x - ((i % size) - reach), y - (Math.floor(i / size) - reach)),
            0,
          );
        });
        const exact = Math.min(9, Math.max(...responses.map(Math.abs)) / 8);
        expect(bin - exact).toBeLessThan(1e-6);
        expect(exact - bin).toBeLessThan(1 + 1e-6);
      });
    }
  });

  test('the Fourier transform equals its definition, and its inverse undoes it', () => {
    const columns = 8;
    const rows = 4;
    const image = Float64Array.from({ length: 32 }, (_, i) => (i * i * 7) % 23);
    const real = image.slice();
    const imaginary = new Float64Array(32);
    fourierTransform(real, imaginary, columns, rows, false);
    for (let v = 0; v < rows; v++) {
      for (let u = 0; u < columns; u++) {
        let re = 0;
        let im = 0;
        image.forEach((value, i) => {
          const angle =
            -2 *
            Math.PI *
            ((u * (i % columns)) / columns + (v * Math.floor(i / columns)) / rows);
          re += value * Math.cos(angle);
          im += value * Math.sin(angle);
        });
        expect(real[v * columns + u]).toBeCloseTo(re, 9);
        expect(imaginary[v * columns + u]).toBeCloseTo(im, 9);
      }
    }
    fourierTransform(real, imaginary, columns, rows, true);
    image.forEach((value, i) => expect(real[i]).toBeCloseTo(value, 9));
  });
});
