import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convertColour, shrink } from '../../proposals/index.js';
import { smooth } from '../../proposals/smooth.js';
import { sortDescending } from '../../proposals/sortDescending.js';
import { EdgeDensity } from '../../proposals/edgeDensity.js';

const rgbImage = fc
  .tuple(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 1, max: 17 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
      .map((data) => ({ data, width, height, channels: 3 as const })),
  );

/** One pixel in another space. */
function pixel(space: Parameters<typeof convertColour>[1], rgb: number[]): number[] {
  const image = {
    data: Uint8Array.from(rgb),
    width: 1,
    height: 1,
    channels: 3 as const,
  };
  return [...convertColour(image, space).data];
}

describe('convertColour', () => {
  // L*a*b* of scikit-image 0.26's rgb2lab, hue and saturation of Python's colorsys.
  test.each([
    [
      [255, 0, 0],
      [53.24, 80.09, 67.2],
      [0, 1, 1],
    ],
    [
      [0, 255, 0],
      [87.74, -86.18, 83.18],
      [1 / 3, 1, 1],
    ],
    [
      [0, 0, 255],
      [32.3, 79.19, -107.86],
      [2 / 3, 1, 1],
    ],
    [
      [255, 255, 255],
      [100, 0, 0],
      [0, 0, 1],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [120, 60, 200],
      [40.24, 53.92, -63.08],
      [0.738095, 0.7, 0.784314],
    ],
    [
      [17, 34, 51],
      [12.62, -0.79, -13.3],
      [0.583333, 0.666667, 0.2],
    ],
    [
      [250, 200, 30],
      [82.77, 3.94, 80.16],
      [0.128788, 0.88, 0.980392],
    ],
  ])('Lab and HSV of %j', (rgb, [l, a, b], [h, s, v]) => {
    const lab = pixel('lab', rgb);
    [2.55 * l, a + 128, b + 128].forEach((expected, i) => {
      expect(Math.abs(lab[i] - expected)).toBeLessThanOrEqual(1);
    });
    const hsv = pixel('hsv', rgb);
    [256 * h, 255 * s, 255 * v].forEach((expected, i) => {
      expect(Math.abs(hsv[i] - expected)).toBeLessThanOrEqual(1);
    });
    expect(pixel('h', rgb)).toEqual([hsv[0]]);
  });

  test('grey, chromaticities and C by their definitions', () => {
    fc.assert(
      fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), (rgb) => {
        const [r, g, b] = rgb;
        const grey = 0.299 * r + 0.587 * g + 0.114 * b;
        expect(Math.abs(pixel('grey', rgb)[0] - grey)).toBeLessThan(1.5);
        const sum = r + g + b;
        const shares = sum > 0 ? rgb.map((v) => (255 * v) / sum) : [85, 85, 85];
        pixel('normalizedRgb', rgb).forEach((v, i) => {
          expect(Math.abs(v - shares[i])).toBeLessThanOrEqual(0.51);
        });
        expect(pixel('rgI', rgb)).toEqual([
          ...pixel('normalizedRgb', rgb).slice(0, 2),
          ...pixel('grey', rgb),
        ]);
        expect(pixel('rgb', rgb)).toEqual(rgb);
        expect(pixel('c', rgb).length).toBe(2);
      }),
    );
    // Illumination changes neither hue nor chromaticity nor, nearly, C.
    expect(pixel('h', [200, 100, 40])).toEqual(pixel('h', [100, 50, 20]));
    expect(pixel('normalizedRgb', [200, 100, 40])).toEqual(
      pixel('normalizedRgb', [100, 50, 20]),
    );
    pixel('c', [200, 100, 40]).forEach((v, i) => {
      expect(Math.abs(v - pixel('c', [100, 50, 20])[i])).toBeLessThanOrEqual(2);
    });
  });
});

describe('smooth', () => {
  test('is the Gaussian in doubles to within its rounding', () => {
    fc.assert(
      fc.property(
        rgbImage,
        fc.constantFrom(0.8, 0.5, 1, 2.2),
        ({ data, width, height }, sigma) => {
          const smoothed = smooth(data, width, height, 3, sigma);
          const reach = Math.ceil(4 * sigma);
          const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
            Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
          );
          const sum = weights.reduce((s, w) => s + w);
          const clamp = (i: number, n: number): number =>
            Math.max(0, Math.min(n - 1, i));
          for (let i = 0; i < data.length; i += 7) {
            const c = i % 3;
            const x = Math.floor(i / 3) % width;
            const y = Math.floor(i / 3 / width);
            let expected = 0;
            weights.forEach((wy, v) =>
              weights.forEach((wx, u) => {
                const p =
                  clamp(y + v - reach, height) * width + clamp(x + u - reach, width);
                expected += (wx * wy * data[3 * p + c]) / sum / sum;
              }),
            );
            expect(Math.abs(smoothed[i] - expected)).toBeLessThan(4);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keeps a plain image and is the image itself for sigma 0', () => {
    const data = new Uint8Array(3 * 20).fill(173);
    expect(smooth(data, 5, 4, 3, 1.3)).toEqual(data);
    expect(smooth(data, 5, 4, 3, 0)).toBe(data);
  });
});

describe('shrink', () => {
  test('is the mean over the area of each pixel', () => {
    fc.assert(
      fc.property(rgbImage, fc.integer({ min: 1, max: 20 }), (image, longest) => {
        const small = shrink(image, longest);
        if (Math.max(image.width, image.height) <= longest) {
          expect(small).toBe(image);
          return;
        }
        expect(Math.max(small.width, small.height)).toBe(longest);
        const sx = image.width / small.width;
        const sy = image.height / small.height;
        for (let y = 0; y < small.height; y++) {
          for (let x = 0; x < small.width; x++) {
            let sum = 0;
            for (let v = 0; v < image.height; v++) {
              for (let u = 0; u < image.width; u++) {
                const w = Math.min(u + 1, (x + 1) * sx) - Math.max(u, x * sx);
                const h = Math.min(v + 1, (y + 1) * sy) - Math.max(v, y * sy);
                if (w > 0 && h > 0)
                  sum += w * h * image.data[3 * (v * image.width + u) + 1];
              }
            }
            const value = small.data[3 * (y * small.width + x) + 1];
            expect(Math.abs(value - sum / sx / sy)).toBeLessThan(0.5001);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('sortDescending is a stable sort', () => {
  const key = fc.oneof(
    fc.float({ noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity),
  );
  fc.assert(
    fc.property(fc.array(key), (values) => {
      const keys = Float32Array.from(values);
      const expected = [...keys.keys()].sort((a, b) =>
        keys[a] === keys[b] ? a - b : keys[b] > keys[a] ? 1 : -1,
      );
      expect([...sortDescending(keys)]).toEqual(expected);
    }),
  );
});

test('EdgeDensity is the mean of the clipped steps at every second pixel', () => {
  fc.assert(
    fc.property(
      rgbImage,
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (image, a, b, c, d) => {
        const { data, width, height } = image;
        if (width < 2 || height < 2) return;
        const columns = width >> 1;
        const rows = height >> 1;
        const x1 = 2 * (a % columns);
        const y1 = 2 * (b % rows);
        const x2 = x1 + 2 * (1 + (c % (columns - x1 / 2)));
        const y2 = y1 + 2 * (1 + (d % (rows - y1 / 2)));
        let sum = 0;
        const green = (x: number, y: number): number => data[3 * (y * width + x) + 1];
        for (let y = y1; y < y2; y += 2) {
          for (let x = x1; x < x2; x += 2) {
            const dx = Math.abs(green(x, y) - green(x + 1, y));
            const dy = Math.abs(green(x, y) - green(x, y + 1));
            sum += Math.min(30, dx + dy);
          }
        }
        const expected = sum / (((x2 - x1) * (y2 - y1)) / 4);
        expect(new EdgeDensity(image).mean(x1, y1, x2, y2)).toBeCloseTo(expected, 9);
      },
    ),
  );
});
