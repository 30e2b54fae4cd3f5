import { describe, expect, it } from 'vitest';
import type { CocoDataset, CocoDetection } from '../../eval/index.js';
import {
  bootstrap,
  compare,
  evaluate,
  protocolRules,
  versus,
} from '../../eval/index.js';
import {
  collectBallots,
  classPrecisions,
  drawPhotos,
  meanOfKnown,
  quantile,
  seededRandom,
} from '../../eval/analysis/ballots.js';
import { evaluateByRules } from '../../eval/analysis/versus.js';
import { tabulateInput } from '../../eval/evaluate.js';
import { cocoIouThresholds } from '../../eval/index.js';
import { randomDataset } from './randomDataset.js';

describe('bootstrap', () => {
  it('measures a weighted sample like the dataset in which photos repeat', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { dataset, detections: tied } = randomDataset(seed);
      // Among equal scores the copies of a photo would take turns.
      const detections = tied.map((d, i) => ({ ...d, score: d.score + i / 1e7 }));
      const tables = tabulateInput(dataset, detections);
      const weights = drawPhotos(dataset.images.length, seededRandom(seed));
      const ballots = collectBallots(
        tables.groundTruth,
        tables.detections,
        cocoIouThresholds,
        100,
      );
      const found = meanOfKnown(classPrecisions(ballots, 10, weights));
      // The same sample, photo by photo, under new ids.
      const repeated: CocoDataset = { ...dataset, images: [], annotations: [] };
      const again: CocoDetection[] = [];
      weights.forEach((count, image) => {
        for (let copy = 0; copy < count; copy++) {
          const image_id = image * 100 + copy;
          repeated.images.push({ id: image_id });
          for (const a of dataset.annotations) {
            if (a.image_id === image)
              repeated.annotations.push({ ...a, id: null, image_id });
          }
          for (const d of detections) {
            if (d.image_id === image) again.push({ ...d, image_id });
          }
        }
      });
      const expected = evaluate(repeated, again).metrics.AP;
      if (expected === null) expect(found).toBeNaN();
      else expect(Math.abs(found - expected), `seed ${seed}`).toBeLessThan(1e-12);
    }
  });

  it('gives an interval around the value, the same for the same seed', () => {
    const { dataset, detections } = randomDataset(5);
    const result = bootstrap(dataset, detections, { samples: 300, seed: 5 });
    expect(result.AP.value).toBeCloseTo(evaluate(dataset, detections).metrics.AP!, 12);
    expect(result.AP.low!).toBeLessThanOrEqual(result.AP.value!);
    expect(result.AP.high!).toBeGreaterThanOrEqual(result.AP.value!);
    expect(bootstrap(dataset, detections, { samples: 300, seed: 5 })).toEqual(result);
    expect(bootstrap(dataset, detections, { samples: 300, seed: 6 })).not.toEqual(
      result,
    );
    const nothing = bootstrap({ images: [], annotations: [], categories: [] }, []);
    expect(nothing.AP.value).toBeNull();
    expect(() => bootstrap(dataset, detections, { samples: 0 })).toThrow('samples');
    expect(() => bootstrap(dataset, detections, { confidence: 1 })).toThrow(
      'confidence',
    );
  });

  it('covers the truth about as often as it says', () => {
    // Photos with one object each, found with probability 1/2: AP50 is about that.
    let covered = 0;
    for (let trial = 0; trial < 100; trial++) {
      const random = seededRandom(trial + 1000);
      const images = Array.from({ length: 60 }, (_, id) => ({ id }));
      const bbox = [0, 0, 10, 10];
      const annotations = images.map(({ id }) => ({
        image_id: id,
        category_id: 1,
        bbox,
      }));
      const detections = images
        .filter(() => random() < 0.5)
        .map(({ id }) => ({ image_id: id, category_id: 1, bbox, score: random() }));
      const dataset = { images, annotations, categories: [{ id: 1 }] };
      const options = {
        samples: 200,
        seed: trial,
        iouThresholds: [0.5],
        confidence: 0.9,
      };
      const { low, high } = bootstrap(dataset, detections, options).AP;
      if (low! <= 0.5 && high! >= 0.5) covered++;
    }
    expect(covered).toBeGreaterThan(78);
    expect(covered).toBeLessThan(100);
  });

  it('interpolates quantiles', () => {
    const sorted = Float64Array.of(1, 2, 4);
    expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(sorted, p))).toEqual([
      1, 1.5, 2, 3, 4,
    ]);
  });
});

describe('compare', () => {
  const random = seededRandom(3);
  const images = Array.from({ length: 120 }, (_, id) => ({ id }));
  const categories = [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
    { id: 3, name: 'none' },
  ];
  const annotations = images.flatMap(({ id }) =>
    [1, 2].map((category_id) => ({ image_id: id, category_id, bbox: [0, 0, 10, 10] })),
  );
  const dataset: CocoDataset = { images, annotations, categories };
  const detect = (cats: number, dogs: number): CocoDetection[] =>
    annotations
      .filter(({ category_id }) => random() < (category_id === 1 ? cats : dogs))
      .map((a) => ({ ...a, score: random() }));
  const a = detect(0.5, 0.7);
  const b = detect(0.8, 0.7);

  it('knows which is better, on which classes and photos', () => {
    const result = compare(dataset, a, b, { samples: 400 });
    expect(result.verdict).toBe('B is better');
    expect(result.AP.a).toBeCloseTo(evaluate(dataset, a).metrics.AP!, 12);
    expect(result.AP.b).toBeCloseTo(evaluate(dataset, b).metrics.AP!, 12);
    expect(result.AP.value).toBeCloseTo(result.AP.b! - result.AP.a!, 12);
    expect(result.classes.map(({ isBeyondChance }) => isBeyondChance)).toEqual([
      true,
      false,
      false,
    ]);
    expect(result.classes[2]).toMatchObject({ a: null, b: null, value: null });
    const [first] = result.photos;
    expect(result.photos.length).toBeLessThanOrEqual(50);
    const count = (list: CocoDetection[]) =>
      list.filter(({ image_id }) => image_id === first.imageId).length;
    expect(first.a.found + first.a.missed).toBe(2);
    expect(first.a.found).toBeLessThanOrEqual(count(a));
    expect(Math.abs(first.difference)).toBeGreaterThan(0);
    const turned = compare(dataset, b, a, { samples: 400 });
    expect(turned.verdict).toBe('A is better');
    expect(turned.AP.value).toBeCloseTo(-result.AP.value!, 12);
  });

  it('finds nothing between two equals', () => {
    const same = compare(dataset, a, a, { samples: 100 });
    expect(same.verdict).toBe('no difference beyond chance');
    expect(same.AP).toMatchObject({ value: 0, pValue: 1 });
    expect(same.photos).toEqual([]);
    const like = compare(dataset, a, detect(0.5, 0.7), { samples: 400 });
    expect(like.verdict).toBe('no difference beyond chance');
  });
});

describe('versus', () => {
  const protocols = ['coco', 'voc2007', 'voc2010', 'ilsvrc'] as const;

  it('has the rules of each protocol right', () => {
    for (let seed = 0; seed < 150; seed++) {
      const { dataset, detections } = randomDataset(seed);
      // Where boxes coincide, the fields `difficult` and `iscrowd` differ.
      const truth = {
        ...dataset,
        annotations: dataset.annotations.map((a, i) => ({
          ...a,
          difficult: ([0, 1, null] as const)[i % 3],
        })),
      };
      const tables = tabulateInput(truth, detections);
      for (const protocol of protocols) {
        const { metrics } = evaluate(truth, detections, { protocol });
        const expected = protocol === 'coco' ? metrics.AP : metrics.mAP;
        const found = evaluateByRules(
          tables.groundTruth,
          tables.detections,
          protocolRules[protocol],
        );
        if (expected === null) expect(found).toBeNull();
        else
          expect(Math.abs(found! - expected), `${protocol} ${seed}`).toBeLessThan(
            1e-12,
          );
      }
    }
  });

  it('shares the difference out among the rules without a remainder', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const result = versus(dataset, detections, 'coco', 'voc2007');
      if (result.difference === null) continue;
      const sum = result.parts.reduce((total, { part }) => total + part, 0);
      expect(Math.abs(sum - result.difference)).toBeLessThan(1e-12);
      const back = versus(dataset, detections, 'voc2007', 'coco');
      for (const { rule, part } of result.parts) {
        const other = back.parts.find((entry) => entry.rule === rule)!;
        expect(Math.abs(other.part + part)).toBeLessThan(1e-12);
      }
    }
  });

  it('blames the rule that is to blame', () => {
    const boxes = [0, 1, 2].map((i) => [100 * i, 0, 10, 10]);
    const truth: CocoDataset = {
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: boxes.map((bbox) => ({ image_id: 1, category_id: 1, bbox })),
    };
    // All found, but at IoU 0.6 only: the thresholds make all the difference.
    const loose = boxes.map(([x]) => ({
      image_id: 1,
      category_id: 1,
      bbox: [x, 0, 10, 6.2],
      score: 0.5,
    }));
    const { difference, parts, plusOne } = versus(truth, loose, 'coco', 'voc2010');
    expect(difference).toBeCloseTo(0.7, 12);
    expect(parts[0].rule).toBe('thresholds');
    expect(parts[0].part).toBeCloseTo(0.7, 12);
    expect(parts.slice(1).every(({ part }) => Math.abs(part) < 1e-12)).toBe(true);
    expect(plusOne).toBe(0);
    // Boxes of 2 pixels, one pixel off: "+1" lets them pass.
    const small = (x: number) => [x, 0, 3, 3];
    const found = versus(
      { ...truth, annotations: [{ image_id: 1, category_id: 1, bbox: small(0) }] },
      [{ image_id: 1, category_id: 1, bbox: small(1.1), score: 1 }],
      'voc2007',
      'voc2010',
    );
    expect([found.difference, found.plusOne]).toEqual([0, 1]);
    expect(() => versus(truth, loose, 'coco', 'lvis' as 'coco')).toThrow('no protocol');
  });
});
