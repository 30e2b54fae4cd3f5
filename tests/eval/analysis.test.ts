import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CocoDataset, CocoDetection } from '../../eval/index.js';
import {
  adviseThresholds,
  analyzeErrors,
  breakDown,
  calibrate,
  confusionMatrix,
  errorTypes,
  evaluate,
  scoreCurves,
} from '../../eval/index.js';
import { randomDataset, tideDataset } from './randomDataset.js';

const tide = JSON.parse(
  readFileSync(new URL('../fixtures/eval/tide-random.json', import.meta.url), 'utf8'),
) as (number[] | null)[];
// The paper's tool has them in this order.
const tideTypes = [
  'classification',
  'localization',
  'both',
  'duplicate',
  'background',
  'missed',
] as const;

const one = (annotations: object[]): CocoDataset => ({
  images: [{ id: 1 }, { id: 2 }],
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ],
  annotations: annotations as CocoDataset['annotations'],
});
const detection = (
  category_id: number,
  bbox: number[],
  score: number,
): CocoDetection => ({ image_id: 1, category_id, bbox, score });

describe('analyzeErrors', () => {
  it('agrees with tidecv to 1e-9 on 400 random datasets', () => {
    let gained = 0;
    tide.forEach((expected, seed) => {
      if (!expected) return;
      const { dataset, detections } = tideDataset(seed);
      const result = analyzeErrors(dataset, detections);
      const found = [
        result.AP!,
        ...tideTypes.map((type) => result.gains[type]),
        ...tideTypes.map((type) => result.counts[type]),
        result.falsePositiveGain,
        result.falseNegativeGain,
      ];
      expected.forEach((value, i) => {
        expect(Math.abs(found[i] - value), `seed ${seed}, number ${i}`).toBeLessThan(
          1e-9,
        );
      });
      gained += expected.slice(1, 7).filter((value) => value > 0).length;
      expect(result.errors).toHaveLength(
        tideTypes.reduce((sum, type) => sum + result.counts[type], 0),
      );
    });
    expect(gained).toBeGreaterThan(500);
  });

  it('names each type, the object and the detection', () => {
    const cat = { image_id: 1, category_id: 1 };
    const dataset = one([
      { ...cat, bbox: [0, 0, 100, 100] },
      { ...cat, bbox: [200, 0, 100, 100] },
      { ...cat, bbox: [400, 0, 100, 100] },
      { ...cat, bbox: [600, 0, 100, 100] },
      { ...cat, bbox: [0, 500, 300, 300], iscrowd: 1 },
    ]);
    const result = analyzeErrors(dataset, [
      detection(1, [0, 0, 100, 100], 0.9),
      detection(1, [5, 0, 100, 100], 0.8), // the same cat again
      detection(2, [200, 0, 100, 100], 0.7), // called a dog
      detection(1, [460, 0, 100, 100], 0.6), // beside the cat
      detection(2, [660, 0, 100, 100], 0.5), // a dog beside the cat
      detection(1, [2000, 0, 10, 10], 0.4), // nothing
      detection(1, [50, 550, 50, 50], 0.3), // in the crowd: no error
    ]);
    const facts = result.errors.map((e) => [e.type, e.detection, e.groundTruth]);
    expect(facts).toEqual([
      ['duplicate', 1, null],
      ['classification', 2, 1],
      ['localization', 3, 2],
      ['both', 4, null],
      ['background', 5, null],
      ['missed', null, 3],
    ]);
    expect(result.classes[1].counts.classification).toBe(1);
    for (const type of errorTypes) expect(result.counts[type]).toBe(1);
  });
});

it('counts an IoU of exactly the background threshold as localization', () => {
  const dataset = one([{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] }]);
  const { errors } = analyzeErrors(dataset, [detection(1, [0, 0, 10, 1], 0.5)]);
  expect(errors.map(({ type }) => type)).toEqual(['localization']);
});

describe('scoreCurves and adviseThresholds', () => {
  it('count what evaluate counts, and never fall short of the best threshold', () => {
    for (let seed = 0; seed < 150; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const curves = scoreCurves(dataset, detections, { points: 1000 });
      const { classes } = evaluate(dataset, detections, {
        iouThresholds: [0.5],
        areaRanges: [{ name: 'all', min: 0, max: 1e10 }],
      });
      classes.forEach((result, c) => {
        const { points, best, positives, id } = curves[c + 1];
        expect(positives).toBe(result.groundTruths);
        const last = points[points.length - 1];
        if (!last) {
          expect(
            result.groundTruths * (result.truePositives + result.falsePositives),
          ).toBe(0);
          return;
        }
        const { truePositives: tp, falsePositives: fp } = result;
        expect(last.precision).toBe(tp / (tp + fp));
        expect(last.recall).toBe(tp / result.groundTruths);
        // What a threshold promises is what the filtered detections give.
        for (const { score, precision, recall } of [points[0], best!]) {
          const kept = detections.filter(
            (d) => d.category_id === id && d.score >= score,
          );
          const again = evaluate(dataset, kept, { iouThresholds: [0.5] }).classes[c];
          const total = again.truePositives + again.falsePositives;
          expect(precision).toBe(again.truePositives / total);
          expect(recall).toBe(again.truePositives / again.groundTruths);
        }
        for (const point of points) expect(point.f1).toBeLessThanOrEqual(best!.f1);
      });
    }
  });

  it('finds the threshold for a precision, a recall, or F1', () => {
    const boxes = [0, 1, 2, 3].map((i) => [100 * i, 0, 50, 50]);
    const dataset = one(boxes.map((bbox) => ({ image_id: 1, category_id: 1, bbox })));
    const far = [0, 500, 10, 10];
    const detections = [
      detection(1, boxes[0], 0.9),
      detection(1, boxes[1], 0.8),
      detection(1, far, 0.7),
      detection(1, boxes[2], 0.6),
      detection(1, far, 0.5),
      detection(1, far, 0.5),
    ];
    const advise = (goal: Parameters<typeof adviseThresholds>[2]) =>
      adviseThresholds(dataset, detections, goal)[1].threshold;
    expect(advise('f1')).toMatchObject({ score: 0.6, precision: 0.75, recall: 0.75 });
    expect(advise({ precision: 0.9 })?.score).toBe(0.8);
    expect(advise({ precision: 0.6 })?.score).toBe(0.6);
    expect(advise({ recall: 0.5 })?.score).toBe(0.8);
    expect(advise({ recall: 0.9 })).toBeNull();
    expect(() => advise({ recall: 2 })).toThrow('goal');
    const [all, , dogs] = adviseThresholds(dataset, detections, 'f1');
    expect([all.id, all.threshold?.score, dogs.threshold]).toEqual([null, 0.6, null]);
    // Thinned curves keep the ends and the best.
    const thinned = scoreCurves(dataset, detections, { points: 3 })[1].points;
    expect(thinned.map(({ score }) => score)).toEqual([0.9, 0.6, 0.5]);
  });
});

describe('calibrate', () => {
  it('measures the gap between scores and how often they are right', () => {
    const dataset = one([{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] }]);
    const result = calibrate(dataset, [
      detection(1, [0, 0, 10, 10], 1),
      detection(1, [50, 50, 10, 10], 0.15),
      detection(1, [60, 50, 10, 10], 0.05),
      detection(2, [70, 50, 10, 10], 0.75),
    ]);
    expect(result.count).toBe(4);
    expect(result.bins[9]).toEqual({
      from: 0.9,
      to: 1,
      count: 1,
      confidence: 1,
      precision: 1,
    });
    expect(result.bins[7].precision).toBe(0);
    expect(result.ece).toBeCloseTo((0.15 + 0.05 + 0.75) / 4, 12);
    expect(result.mce).toBeCloseTo(0.75, 12);
    expect(() => calibrate(dataset, [detection(1, [0, 0, 1, 1], 1.5)])).toThrow('1.5');
    expect(calibrate(dataset, []).ece).toBeNull();
  });
});

describe('confusionMatrix', () => {
  it('accounts for every object and every detection once', () => {
    for (let seed = 0; seed < 150; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const annotations = dataset.annotations.filter(({ iscrowd }) => !iscrowd);
      const { counts, classes } = confusionMatrix(
        { ...dataset, annotations },
        detections,
        {
          maxDetections: 1000,
        },
      );
      const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
      classes.forEach(({ id }, c) => {
        expect(sum(counts[c])).toBe(
          annotations.filter((a) => a.category_id === id).length,
        );
        expect(sum(counts.map((row) => row[c]))).toBe(
          detections.filter((d) => d.category_id === id).length,
        );
      });
      expect(counts[classes.length][classes.length]).toBe(0);
    }
  });

  it('prefers the object of its own class, and leaves crowds out', () => {
    const dataset = one([
      { image_id: 1, category_id: 1, bbox: [0, 0, 100, 100] },
      { image_id: 1, category_id: 2, bbox: [0, 0, 100, 90] },
      { image_id: 1, category_id: 2, bbox: [0, 500, 300, 300], iscrowd: 1 },
    ]);
    const detections = [
      detection(2, [0, 0, 100, 100], 0.9),
      detection(2, [0, 0, 100, 100], 0.8),
      detection(2, [0, 500, 50, 50], 0.7),
      detection(1, [0, 500, 50, 50], 0.2),
    ];
    expect(confusionMatrix(dataset, detections).counts).toEqual([
      [0, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    const strict = confusionMatrix(dataset, detections, { scoreThreshold: 0.85 });
    expect(strict.counts).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [0, 0, 0],
    ]);
  });
});

describe('breakDown', () => {
  it('by size agrees with the area ranges of evaluate', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const below = 1024 - 1e-9;
      const parts = breakDown(dataset, detections, 'size');
      const { metrics } = evaluate(dataset, detections, {
        areaRanges: [
          { name: 'all', min: 0, max: Infinity },
          { name: 'small', min: 0, max: below },
          { name: 'medium', min: 1024, max: 9216 - 1e-9 },
          { name: 'large', min: 9216, max: Infinity },
        ],
      });
      for (const { name, AP, AR } of parts) {
        expect(AP).toBe(metrics[`AP${name}`]);
        expect(AR).toBe(metrics[`AR${name}`]);
      }
    }
  });

  it('divides objects by aspect and photos by crowdedness and attributes', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const images = dataset.images.map((image, i) => ({
        ...image,
        weather: ['sun', 3][i % 2],
      }));
      const truth = { ...dataset, images };
      const whole = evaluate(dataset, detections);
      const objects = whole.classes.reduce((sum, c) => sum + c.groundTruths, 0);
      for (const aspect of [
        'aspect',
        'crowdedness',
        { attribute: 'weather' },
      ] as const) {
        const parts = breakDown(truth, detections, aspect);
        expect(parts.reduce((sum, part) => sum + part.objects, 0)).toBe(objects);
        if (aspect === 'aspect') continue;
        expect(parts.reduce((sum, part) => sum + part.photos, 0)).toBe(images.length);
      }
      const [first] = breakDown(truth, detections, { attribute: 'weather' });
      const numbered = images
        .filter(({ weather }) => weather === 3)
        .map(({ id }) => id);
      if (numbered.length === 0) continue;
      expect(first.name).toBe('3');
      const part = evaluate(
        {
          ...dataset,
          images: images.filter(({ id }) => numbered.includes(id)),
          annotations: dataset.annotations.filter((a) => numbered.includes(a.image_id)),
        },
        detections.filter((d) => numbered.includes(d.image_id)),
      );
      expect(first.AP).toBe(part.metrics.AP);
    }
    const { dataset, detections } = randomDataset(1);
    expect(() => breakDown(dataset, detections, { attribute: '__proto__' })).toThrow(
      'no photo has the attribute',
    );
  });
});
