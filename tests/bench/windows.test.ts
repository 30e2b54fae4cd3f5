import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeDeltas,
  poolWindows,
  sampleWindows,
  type PhotoObject,
} from '../../bench/lib/windows.mjs';
import { decodeOutputs } from '../../detectors/heads/decodeOutputs.js';
import { PositionSensitiveMaps } from '../../detectors/heads/positionSensitivePooling.js';
import type { Box } from '../../geometry/index.js';
import { randomNumbers } from '../../proposals/random.js';

const PHOTO = { width: 500, height: 375 };

/** Boxes within the photo, at least 2 pixels wide and high. */
const box = fc
  .tuple(
    fc.double({ min: 0, max: 480, noNaN: true }),
    fc.double({ min: 0, max: 360, noNaN: true }),
    fc.double({ min: 2, max: 500, noNaN: true }),
    fc.double({ min: 2, max: 375, noNaN: true }),
  )
  .map(([x, y, width, height]): Box => [
    x,
    y,
    Math.min(x + width, PHOTO.width),
    Math.min(y + height, PHOTO.height),
  ]);

/** IoU by its definition. */
function overlap(a: Box, b: Box): number {
  const side = (k: number) =>
    Math.max(0, Math.min(a[k + 2], b[k + 2]) - Math.max(a[k], b[k]));
  const area = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1);
  const shared = side(0) * side(1);
  return shared / (area(a) + area(b) - shared);
}

describe('encodeDeltas', () => {
  it('is undone by the decoding of the detector', () => {
    const boxScale = [0.1, 0.1, 0.2, 0.2];
    fc.assert(
      fc.property(box, box, (window, truth) => {
        const stretch = (k: number) =>
          Math.abs(Math.log((truth[k + 2] - truth[k]) / (window[k + 2] - window[k])));
        fc.pre(stretch(0) < 3 && stretch(1) < 3);
        const outputs = [0, 0, ...encodeDeltas(window, truth, boxScale)];
        const { boxes } = decodeOutputs(Float32Array.from(outputs), window, PHOTO, {
          classes: 2,
          boxScale,
        });
        truth.forEach((side, i) => expect(boxes[i]).toBeCloseTo(side, 2));
      }),
    );
  });
});

describe('poolWindows', () => {
  it('gives what the maps of a 1×1 convolution are linear in', () => {
    const random = randomNumbers(4);
    const numbers = (length: number) =>
      Float32Array.from({ length }, () => random() - 0.5);
    const [channels, height, width, outputs] = [5, 7, 9, 4];
    const layout = { bins: 3, outputs, cells: { stride: 16, offset: 6.5 } };
    const features = {
      shape: [1, channels, height, width],
      data: numbers(channels * height * width),
    };
    const weight = numbers(9 * outputs * channels);
    const bias = numbers(outputs);
    const maps = new Float32Array(9 * outputs * height * width);
    maps.forEach((_, i) => {
      const cell = i % (height * width);
      const map = Math.floor(i / (height * width));
      let sum = bias[map % outputs];
      for (let c = 0; c < channels; c++) {
        sum += weight[map * channels + c] * features.data[c * height * width + cell];
      }
      maps[i] = sum;
    });
    const boxes = [
      [10, 12, 130, 90],
      [0, 0, 9, 9],
      [60.5, 20.25, 300, 200],
      [70, 33, 75, 110],
    ];
    const expected = new PositionSensitiveMaps(
      { shape: [1, 9 * outputs, height, width], data: maps },
      layout,
    ).pool(boxes.flat());
    const pooled = poolWindows(features, boxes, layout);
    boxes.forEach((_, i) => {
      for (let o = 0; o < outputs; o++) {
        let sum = bias[o];
        for (let part = 0; part < 9; part++) {
          for (let c = 0; c < channels; c++) {
            sum +=
              weight[(part * outputs + o) * channels + c] *
              pooled[(i * 9 + part) * channels + c];
          }
        }
        expect(sum).toBeCloseTo(expected[i * outputs + o], 5);
      }
    });
  });
});

describe('sampleWindows', () => {
  const objects: PhotoObject[] = [
    { box: [40, 50, 180, 220], label: 3 },
    { box: [100, 60, 240, 230], label: 7 },
    { box: [400, 300, 430, 350], label: 1 },
  ];
  const boxesFrom = (random: () => number, count: number) =>
    Float32Array.from(
      Array.from({ length: count }, () => {
        const [x, y] = [random() * 400, random() * 300];
        return [x, y, x + 5 + random() * 95, y + 5 + random() * 70];
      }).flat(),
    );

  it('labels each window by the object that it overlaps most, from half on', () => {
    const random = randomNumbers(9);
    const windows = sampleWindows(objects, boxesFrom(random, 500), PHOTO, random, 96);
    expect(windows).toHaveLength(96);
    const positives = windows.filter(({ label }) => label > 0);
    expect(positives.length).toBeGreaterThan(10);
    expect(positives.length).toBeLessThanOrEqual(32);
    expect(new Set(positives.map(({ label }) => label)).size).toBe(3);
    for (const window of windows) {
      const [best] = objects
        .map((object) => ({ object, iou: overlap(window.box, object.box) }))
        .sort((a, b) => b.iou - a.iou);
      const shows = best.iou >= 0.5;
      expect(window.label).toBe(shows ? best.object.label : 0);
      expect(window.truth).toEqual(shows ? best.object.box : undefined);
      const [x1, y1, x2, y2] = window.box;
      expect(x1 >= 0 && y1 >= 0 && x2 <= PHOTO.width && y2 <= PHOTO.height).toBe(true);
      expect(x2 - x1 >= 1 && y2 - y1 >= 1).toBe(true);
    }
  });

  it('fills up with boxes anywhere where there are few proposals, and none of objects', () => {
    const windows = sampleWindows(
      [],
      Float32Array.of(0, 0, 50, 50),
      PHOTO,
      randomNumbers(2),
      40,
    );
    expect(windows).toHaveLength(40);
    expect(windows.every(({ label }) => label === 0)).toBe(true);
    expect(windows[0].box).toEqual([0, 0, 50, 50]);
  });

  it('is the same with the same seed', () => {
    const draw = (seed: number) =>
      sampleWindows(
        objects,
        boxesFrom(randomNumbers(1), 300),
        PHOTO,
        randomNumbers(seed),
        60,
      );
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });
});
