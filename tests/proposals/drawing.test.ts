import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  drawBoundaries,
  drawBoxes,
  drawLabels,
  drawMeanColours,
  felzenszwalb,
  slic,
  type PixelImage,
} from '../../proposals/index.js';
import { anyImage, patchwork } from './images.js';

test('boundaries are painted where a label differs to the right or below', () => {
  const image: PixelImage = {
    data: new Uint8Array(27),
    width: 3,
    height: 3,
    channels: 3,
  };
  const labels = Int32Array.of(0, 0, 1, 0, 0, 1, 2, 2, 2);
  const { data } = drawBoundaries(image, { labels, count: 3 }, [1, 2, 3]);
  const painted = [...Array(9).keys()].filter((i) => data[3 * i] === 1);
  expect(painted).toEqual([1, 3, 4, 5]);
});

test('mean colours are means, and the image is left alone', () => {
  const image: PixelImage = {
    data: Uint8Array.of(0, 10, 20, 40),
    width: 4,
    height: 1,
    channels: 1,
  };
  const labels = Int32Array.of(0, 0, 1, 1);
  const { data } = drawMeanColours(image, { labels, count: 2 });
  expect([...data]).toEqual([5, 5, 5, 5, 5, 5, 30, 30, 30, 30, 30, 30]);
  expect([...image.data]).toEqual([0, 10, 20, 40]);
  expect(() =>
    drawMeanColours(image, { labels: labels.subarray(1), count: 2 }),
  ).toThrow(/3 labels/);
});

test('labels get colours of their own', () => {
  const labels = Int32Array.from({ length: 60 }, (_, i) => i);
  const { data } = drawLabels({ labels, count: 60 }, 10, 6);
  const colours = labels.map(
    (i) => (data[3 * i] << 16) | (data[3 * i + 1] << 8) | data[3 * i + 2],
  );
  expect(new Set(colours).size).toBe(60);
});

test('boxes are outlined inside their edges, the best on top', () => {
  const image: PixelImage = {
    data: new Uint8Array(100),
    width: 10,
    height: 10,
    channels: 1,
  };
  const boxes = [2, 2, 8, 8, 2, 2, 20, 9];
  const { data } = drawBoxes(image, boxes, { lineWidth: 1 });
  const at = (x: number, y: number): number[] => [
    ...data.subarray(3 * (10 * y + x), 3 * (10 * y + x) + 3),
  ];
  expect(at(2, 2)).toEqual([255, 230, 20]);
  expect(at(7, 5)).toEqual([255, 230, 20]);
  expect(at(9, 2)).toEqual([155, 0, 20]);
  expect(at(5, 8)).toEqual([155, 0, 20]);
  for (const [x, y] of [
    [1, 2],
    [4, 4],
    [8, 5],
    [5, 9],
  ])
    expect(at(x, y)).toEqual([0, 0, 0]);
  expect(drawBoxes(image, boxes, { count: 0 }).data.every((v) => v === 0)).toBe(true);
});

test('slic makes connected superpixels of about the number asked for', () => {
  fc.assert(
    fc.property(anyImage, fc.integer({ min: 1, max: 40 }), (image, count) => {
      const { labels, count: made } = slic(image, { count, iterations: 3 });
      expect(labels.length).toBe(image.width * image.height);
      expect(new Set(labels).size).toBe(made);
      expect(Math.min(...labels)).toBe(0);
      expect(Math.max(...labels)).toBe(made - 1);
    }),
    { numRuns: 100 },
  );
  const photo = patchwork(200, 150, 3);
  const { labels, count } = slic(photo, { count: 100 });
  expect(count).toBeGreaterThan(60);
  expect(count).toBeLessThan(180);
  // Superpixels follow colours: their means tell more than those of a grid of as many cells.
  const cells = Int32Array.from(
    labels,
    (_, i) => 12 * Math.floor(i / 200 / 15) + Math.floor((i % 200) / 17),
  );
  expect(error(photo, labels, count)).toBeLessThan(0.5 * error(photo, cells, 120));
  expect(felzenszwalb(photo).count).toBeGreaterThan(1);
});

/** Squared distance of the pixels from their region's mean colour. */
function error(image: PixelImage, labels: Int32Array, count: number): number {
  const { data } = drawMeanColours(image, { labels, count });
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] - image.data[i]) ** 2;
  return sum;
}
