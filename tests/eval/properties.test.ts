import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CocoAnnotation, CocoDataset, CocoDetection } from '../../eval/index.js';
import { evaluate } from '../../eval/index.js';
import { orderByScore } from '../../eval/core/orderRows.js';

const box = fc.tuple(
  fc.double({ min: -50, max: 500, noNaN: true }),
  fc.double({ min: -50, max: 500, noNaN: true }),
  fc.double({ min: 0.1, max: 300, noNaN: true }),
  fc.double({ min: 0.1, max: 300, noNaN: true }),
);
const annotations = fc.array(
  fc.record({
    image_id: fc.integer({ min: 0, max: 4 }),
    category_id: fc.integer({ min: 0, max: 2 }),
    bbox: box,
  }),
  { minLength: 1, maxLength: 60 },
);

const datasetOf = (list: CocoAnnotation[]): CocoDataset => ({
  images: [0, 1, 2, 3, 4].map((id) => ({ id })),
  categories: [0, 1, 2].map((id) => ({ id, name: `class ${id}` })),
  annotations: list,
});
const asDetections = (list: CocoAnnotation[]): CocoDetection[] =>
  list.map(({ image_id, category_id, bbox }, i) => ({
    image_id,
    category_id,
    bbox,
    score: (i * 7919) % 13,
  }));

it('scores exactly 1 when ground truth is fed back as detections', () => {
  fc.assert(
    fc.property(annotations, (list) => {
      const dataset = datasetOf(list);
      const coco = evaluate(dataset, asDetections(list)).metrics;
      expect([coco.AP, coco.AP50, coco.AP75, coco.AR100]).toEqual([1, 1, 1, 1]);
      // Even where rounding makes the IoU of a box with itself a hair less than 1.
      const strict = evaluate(dataset, asDetections(list), { iouThresholds: [1] });
      expect(strict.metrics.AP).toBe(1);
      // By VOC's rule of the best match, objects that coincide can't both be found.
      const places = new Set<string>();
      const apart = list.filter((a) => {
        const place = `${a.image_id} ${a.category_id} ${a.bbox.map(Math.round).join()}`;
        return !places.has(place) && places.add(place);
      });
      for (const protocol of ['voc2007', 'voc2010', 'ilsvrc'] as const) {
        const { mAP, recall } = evaluate(datasetOf(apart), asDetections(apart), {
          protocol,
        }).metrics;
        expect([protocol, mAP, recall]).toEqual([protocol, 1, 1]);
      }
    }),
  );
});

it('scores exactly 1 in every size when objects do not overlap', () => {
  const list = [4, 20, 31, 33, 60, 95, 97, 300].map((side, i) => ({
    image_id: i % 3,
    category_id: i % 2,
    bbox: [400 * i, 0, side, side],
  }));
  const { metrics } = evaluate(datasetOf(list), asDetections(list));
  for (const [name, value] of Object.entries(metrics)) {
    if (!['AR1'].includes(name)) expect(value, name).toBe(1);
  }
});

it('never gains by a false positive, nor loses by a limit that is not reached', () => {
  fc.assert(
    fc.property(annotations, box, (list, extra) => {
      const dataset = datasetOf(list);
      const detections = asDetections(list).slice(0, -1);
      const before = evaluate(dataset, detections, { maxDets: [1, 10, 1000] });
      expect(before.metrics.AP).toBe(evaluate(dataset, detections).metrics.AP);
      const far = [extra[0] + 5000, extra[1], extra[2], extra[3]];
      const after = evaluate(dataset, [
        ...detections,
        { image_id: 0, category_id: list[0].category_id, bbox: far, score: 99 },
      ]);
      expect(after.metrics.AP!).toBeLessThanOrEqual(before.metrics.AP!);
      expect(after.metrics.AR100).toBe(before.metrics.AR1000);
    }),
  );
});

it('counts more than 100 detections when told to', () => {
  const list = Array.from({ length: 250 }, (_, i) => ({
    image_id: 0,
    category_id: 0,
    bbox: [20 * i, 0, 10, 10],
  }));
  const dataset = datasetOf(list);
  const detections = list.map((a) => ({ ...a, score: 0.5 }));
  const metrics = evaluate(dataset, detections, { maxDets: [1, 100, 300] }).metrics;
  expect(metrics.AR100).toBeCloseTo(0.4, 12);
  expect(metrics.AR300).toBe(1);
  expect(metrics.AP).toBe(1);
});

it('gives a detection that overlaps two objects alike the last one, as pycocotools does', () => {
  const dataset = datasetOf([
    { image_id: 0, category_id: 0, bbox: [0, 0, 10, 10] },
    { image_id: 0, category_id: 0, bbox: [10, 0, 10, 10] },
  ]);
  const found = (x: number) => [
    { image_id: 0, category_id: 0, bbox: [5, 0, 10, 10], score: 0.9 },
    { image_id: 0, category_id: 0, bbox: [x, 0, 10, 10], score: 0.8 },
  ];
  const options = { iouThresholds: [0.3] };
  expect(evaluate(dataset, found(10), options).metrics.AR100).toBe(0.5);
  expect(evaluate(dataset, found(0), options).metrics.AR100).toBe(1);
});

it('orders equal scores by photo under COCO, by input under VOC', () => {
  const dataset = datasetOf([{ image_id: 1, category_id: 0, bbox: [0, 0, 10, 10] }]);
  const right = { image_id: 1, category_id: 0, bbox: [0, 0, 10, 10], score: 0.5 };
  const wrong = { ...right, image_id: 0 };
  const ap = (order: CocoDetection[], protocol: 'coco' | 'voc2010' | 'ilsvrc') => {
    const { metrics } = evaluate(dataset, order, { protocol });
    return metrics.AP ?? metrics.mAP;
  };
  for (const protocol of ['coco', 'ilsvrc'] as const) {
    expect(ap([right, wrong], protocol)).toBe(0.5);
    expect(ap([wrong, right], protocol)).toBe(0.5);
  }
  expect(ap([right, wrong], 'voc2010')).toBe(1);
  expect(ap([wrong, right], 'voc2010')).toBe(0.5);
});

it('says n/a without ground truth and counts the false positives', () => {
  const dataset = datasetOf([{ image_id: 0, category_id: 0, bbox: [0, 0, 9, 9] }]);
  const detections = [
    { image_id: 0, category_id: 1, bbox: [0, 0, 9, 9], score: 0.5 },
    { image_id: 3, category_id: 1, bbox: [0, 0, 9, 9], score: 0.5 },
  ];
  for (const protocol of ['coco', 'voc2007', 'voc2010', 'ilsvrc'] as const) {
    const result = evaluate(dataset, detections, { protocol });
    expect(result.classes[1].metrics.AP).toBeNull();
    expect(result.classes[1].falsePositives).toBe(2);
    expect(result.classes[0].metrics.AP).toBe(0);
    expect(result.metrics.mAP ?? result.metrics.AP).toBe(0);
  }
});

it('evaluates nothing at all', () => {
  const nothing = { images: [], annotations: [], categories: [] };
  const { metrics } = evaluate(nothing, []);
  expect(Object.keys(metrics)).toHaveLength(12);
  expect(Object.values(metrics).every((value) => value === null)).toBe(true);
});

it('takes more thresholds than an integer has bits', () => {
  const list = Array.from({ length: 12 }, (_, i) => ({
    image_id: i % 5,
    category_id: 0,
    bbox: [i, i, 40 + i, 40],
  }));
  const detections = list.map((a, i) => ({
    ...a,
    bbox: [i, i, 40, 38 + (i % 4)],
    score: i / 12,
  }));
  const iouThresholds = Array.from({ length: 70 }, (_, i) => 0.3 + i / 100);
  const dataset = datasetOf(list);
  const single = iouThresholds.map(
    (t) => evaluate(dataset, detections, { iouThresholds: [t] }).metrics.AP!,
  );
  const mean = single.reduce((a, b) => a + b) / 70;
  const found = evaluate(dataset, detections, { iouThresholds }).metrics.AP!;
  expect(Math.abs(found - mean)).toBeLessThan(1e-12);
  expect(new Set(single).size).toBeGreaterThan(5);
});

it('orders by score as a stable sort does, with few rows and with many', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(10, 5000, 9000),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      fc.integer({ min: 1, max: 97 }),
      (count, values, step) => {
        const scores = Float64Array.from(
          { length: count },
          (_, i) => values[(i * step) % values.length],
        );
        scores[0] = 0;
        scores[count - 1] = -0; // comes first and stays first
        const rows = Int32Array.from({ length: count }, (_, i) => count - 1 - i);
        const expected = [...rows].sort((a, b) => scores[b] - scores[a]);
        expect([...orderByScore(rows, scores)]).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});
