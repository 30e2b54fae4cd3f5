import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  analyzeErrors,
  parseAnnotations,
  parseDetections,
  tabulateDetections,
  type CocoDataset,
  type CocoDetection,
} from '../../../eval/index.js';
import { prepareReport, type ReportData } from '../../../src/report/index.js';
import { selectScores } from '../../../src/report/selectScores.js';
import { describeShared, sharedPath } from '../../shared.js';
import { HOSTILE, toyDetections, toySet } from './toySet.js';

describe('the examples of a set made by hand', () => {
  const { examples, photos, ...report } = prepareReport(toySet, toyDetections, {
    scoreThreshold: 0.5,
  });
  const of = (type: string) => examples.filter((example) => example.type === type);

  it('has one of each type, and what each is about', () => {
    expect(of('duplicate')).toMatchObject([
      { detection: { className: 'cat', score: 0.9 }, object: { className: 'cat' } },
    ]);
    expect(of('duplicate')[0].iou).toBeCloseTo(0.8, 12);
    expect(of('classification')).toMatchObject([
      {
        detection: { className: 'cat', box: [200, 100, 300, 190] },
        object: { className: 'dog', box: [200, 100, 300, 200], score: null },
      },
      {
        detection: { className: HOSTILE.className },
        object: { className: HOSTILE.option, box: [200, 10, 260, 70] },
      },
    ]);
    expect(of('classification')[0].iou).toBeCloseTo(0.9, 12);
    expect(of('localization')).toMatchObject([
      {
        detection: { className: 'dog', score: 0.8 },
        object: { box: [0, 0, 100, 100] },
      },
    ]);
    expect(of('localization')[0].iou).toBeCloseTo(0.4, 12);
    expect(of('both')).toMatchObject([
      { detection: { className: 'cat' }, object: { className: 'dog' } },
    ]);
    expect(of('background')).toMatchObject([
      { detection: { score: 0.7 }, object: null, iou: null },
    ]);
  });

  it('shows missed objects largest first, with the detection that scored too low', () => {
    expect(of('missed')).toMatchObject([
      { object: { className: 'dog' }, detection: { score: 0.05 } },
      // Photo 2's second dog: the box near it is of another class and badly placed.
      { object: { className: 'dog', box: [200, 0, 300, 100] }, detection: null },
      { object: { className: 'cat', box: [300, 200, 340, 230] }, detection: null },
    ]);
  });

  it('takes turns between types, the worst first', () => {
    expect(examples.slice(0, 6).map(({ type }) => type)).toEqual([
      'classification',
      'localization',
      'both',
      'duplicate',
      'background',
      'missed',
    ]);
  });

  it('keeps of each photo its objects, and its detections from the threshold on', () => {
    expect(photos.map(({ name }) => name)).toEqual(
      toySet.images.map((i) => i.file_name),
    );
    for (const { id, boxes } of photos) {
      const objects = toySet.annotations.filter((one) => one.image_id === id);
      const found = toyDetections.filter(
        (one) => one.image_id === id && one.score >= 0.5,
      );
      expect(boxes.filter(({ score }) => score === null)).toHaveLength(objects.length);
      expect(boxes.flatMap(({ score }) => score ?? [])).toEqual(
        found.map(({ score }) => score).sort((a, b) => b - a),
      );
    }
  });

  it('counts errors over all detections and at the threshold', () => {
    expect(report.errors.counts.missed).toBe(2);
    expect(report.errors.countsAtThreshold.missed).toBe(3);
    expect(report.thresholdSource).toBe('given');
    // Every object is in one row of the matrix: 9 of them.
    const { counts } = report.confusion;
    expect(
      counts
        .slice(0, -1)
        .flat()
        .reduce((a, b) => a + b),
    ).toBe(9);
  });
});

it('tells of a badly placed box which object of its class it is about, found or not', () => {
  const { examples } = prepareReport(
    {
      images: [{ id: 1 }],
      categories: toySet.categories,
      annotations: [
        { id: 1, image_id: 1, category_id: 2, bbox: [0, 0, 100, 100] },
        { id: 2, image_id: 1, category_id: 3, bbox: [0, 0, 100, 45] },
      ],
    },
    [
      { image_id: 1, category_id: 2, bbox: [0, 0, 100, 100], score: 0.9 },
      // Overlaps the cat, which is found already, by 0.4, and the dog by 0.89.
      { image_id: 1, category_id: 2, bbox: [0, 0, 100, 40], score: 0.8 },
    ],
  );
  expect(examples.find(({ type }) => type === 'localization')).toMatchObject({
    object: { className: 'cat', box: [0, 0, 100, 100] },
    iou: 0.4,
  });
});

it('takes the threshold of the best F1 unless one is given', () => {
  const { scoreThreshold, thresholdSource, curves } = prepareReport(
    toySet,
    toyDetections,
  );
  expect(thresholdSource).toBe('best F1');
  // By hand, at IoU 0.5: right are 0.95, 0.9, 0.9 and 0.05, of 9 objects.
  const f1 = (score: number) => {
    const kept = toyDetections.filter((one) => one.score >= score);
    const right = [0.95, 0.9, 0.9, 0.05].filter((one) => one >= score).length;
    return (2 * right) / (kept.length + 9);
  };
  const best = toyDetections.map(({ score }) => score).sort((a, b) => f1(b) - f1(a))[0];
  expect(scoreThreshold).toBe(best);
  expect(curves[0].best!.f1).toBeCloseTo(f1(best), 12);
});

it('stands empty sets, sets without detections, and scores that are no probabilities', () => {
  const nothing = prepareReport({ images: [], annotations: [], categories: [] }, []);
  expect(nothing).toMatchObject({ examples: [], photos: [], thresholdSource: 'none' });
  const unseen = prepareReport(toySet, []);
  expect(unseen.examples).toHaveLength(9);
  expect(unseen.examples.every(({ type }) => type === 'missed')).toBe(true);
  const logits = toyDetections.map((one) => ({ ...one, score: 10 * one.score - 3 }));
  expect(prepareReport(toySet, logits).calibration).toBeNull();
});

it('meets ids as text and numbers, and photos without name or size', () => {
  const { images, ...rest } = toySet;
  const bare = { ...rest, images: images.map(({ id }) => ({ id: String(id) })) };
  const { examples, photos } = prepareReport(bare, toyDetections);
  expect(examples.length).toBeGreaterThan(8);
  expect(photos[0]).toMatchObject({ name: 'photo 1', width: 300, height: 200 });
});

it('selects detections by score', () => {
  const some = selectScores(tabulateDetections(toyDetections), 0.8);
  const wanted = toyDetections.filter(({ score }) => score >= 0.8);
  expect([...some.scores]).toEqual(wanted.map(({ score }) => score));
  expect([...some.boxes]).toEqual(wanted.flatMap(({ bbox }) => [...bbox]));
  expect([...some.image].map((i) => some.imageIds[i])).toEqual(
    wanted.map(({ image_id }) => image_id),
  );
});

describeShared('a report on pycocotools’ own example', () => {
  const read = (name: string) => readFileSync(sharedPath('golden/coco-fake100', name));
  let truths: CocoDataset;
  let found: CocoDetection[];
  let report: ReportData;
  // Not before: a suite that is skipped is looked through too.
  beforeAll(() => {
    truths = parseAnnotations(read('instances.json'));
    found = parseDetections(read('detections.json'));
    report = prepareReport(truths, found, { examples: 200 });
  });

  it('has its numbers', () => {
    const expected = JSON.parse(read('expected.json').toString()) as Record<
      string,
      number
    >;
    for (const [name, value] of Object.entries(expected)) {
      expect(Math.abs(report.result.metrics[name]! - value), name).toBeLessThan(1e-12);
    }
  });

  it('shows errors that are there, the highest scores of each type first', () => {
    const { errors } = analyzeErrors(truths, found);
    for (const type of ['localization', 'classification'] as const) {
      const shown = report.examples.filter((example) => example.type === type);
      const scores = shown.map(({ detection }) => detection!.score!);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      const all = errors
        .filter((error) => error.type === type)
        .map(({ detection }) => found[detection!]);
      expect(scores[0]).toBe(Math.max(...all.map(({ score }) => score)));
      for (const { detection, photo, iou, object } of shown) {
        const { id } = report.photos[photo];
        const [x1, y1, x2, y2] = detection!.box;
        const isSame = all.some(
          ({ image_id, score, bbox: [x, y, w, h] }) =>
            image_id === id &&
            score === detection!.score &&
            [x - x1, y - y1, x + w - x2, y + h - y2].every((d) => Math.abs(d) < 1e-9),
        );
        expect(isSame).toBe(true);
        // What the type says of the overlap.
        if (type === 'localization') expect(iou!).toBeLessThanOrEqual(0.5);
        else expect(iou!).toBeGreaterThanOrEqual(0.5);
        expect(object).not.toBeNull();
      }
    }
  });
});
