import { expect, it } from 'vitest';
import type { CocoAnnotation, CocoDataset, CocoDetection } from '../../eval/index.js';
import { evaluate, ilsvrcThreshold } from '../../eval/index.js';
import { randomDataset } from './randomDataset.js';

type Box = readonly number[];

function iou(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a[2] * a[3] + b[2] * b[3] - w * h);
}

/** Detections of one class by score (stable), each 'tp', 'fp' or 'neither'. */
type Judge = (detection: CocoDetection, truths: CocoAnnotation[]) => string;

/** Average precision by the definition: recall and precision at every detection. */
function averagePrecision(verdicts: string[], positives: number, rule: string): number {
  let tp = 0;
  let fp = 0;
  const points = verdicts
    .filter((verdict) => verdict !== 'neither')
    .map((verdict) => {
      if (verdict === 'tp') tp++;
      else fp++;
      return { recall: tp / positives, precision: tp / (tp + fp) };
    });
  const best = (recall: number) =>
    Math.max(0, ...points.filter((p) => p.recall >= recall).map((p) => p.precision));
  if (rule === 'voc2007') {
    let sum = 0;
    for (let k = 0; k <= 10; k++) sum += best(k * 0.1) / 11;
    return sum;
  }
  let area = 0;
  let last = 0;
  for (const { recall } of points) {
    area += (recall - last) * best(recall);
    last = recall;
  }
  return area;
}

function bruteForce(
  dataset: CocoDataset,
  detections: CocoDetection[],
  rule: string,
  judge: () => Judge,
  isPositive: (annotation: CocoAnnotation) => boolean,
): (number | null)[] {
  return dataset.categories.map(({ id }) => {
    const truths = dataset.annotations.filter((a) => a.category_id === id);
    const positives = truths.filter(isPositive).length;
    const verdict = judge();
    const verdicts = detections
      .filter((d) => d.category_id === id)
      .sort((a, b) => b.score - a.score)
      .map((d) =>
        verdict(
          d,
          truths.filter((a) => a.image_id === d.image_id),
        ),
      );
    return positives === 0 ? null : averagePrecision(verdicts, positives, rule);
  });
}

/** VOCevaldet.m in a few lines. */
const vocJudge = (): Judge => {
  const taken = new Set<CocoAnnotation>();
  return (detection, truths) => {
    let best: CocoAnnotation | undefined;
    for (const truth of truths) {
      const overlap = iou(detection.bbox, truth.bbox);
      if (overlap > (best ? iou(detection.bbox, best.bbox) : 0)) best = truth;
    }
    if (!best || iou(detection.bbox, best.bbox) < 0.5) return 'fp';
    if (best.iscrowd) return 'neither';
    if (taken.has(best)) return 'fp';
    taken.add(best);
    return 'tp';
  };
};

/** eval_detection.m in a few lines; equal scores don't occur here. */
const ilsvrcJudge =
  (isBlacklisted: (entry: CocoDetection | CocoAnnotation) => boolean) => (): Judge => {
    const taken = new Set<CocoAnnotation>();
    return (detection, truths) => {
      if (isBlacklisted(detection)) return 'neither';
      let best: CocoAnnotation | undefined;
      let highest = 0;
      for (const truth of truths) {
        const [, , w, h] = truth.bbox;
        const overlap = iou(detection.bbox, truth.bbox);
        const enough = overlap >= Math.min(0.5, (w * h) / ((w + 10) * (h + 10)));
        if (enough && !taken.has(truth) && overlap > highest) {
          best = truth;
          highest = overlap;
        }
      }
      if (!best) return 'fp';
      taken.add(best);
      return 'tp';
    };
  };

function expectClose(found: (number | null)[], expected: (number | null)[]): void {
  expect(found.map((value) => value === null)).toEqual(
    expected.map((value) => value === null),
  );
  found.forEach((value, i) => {
    if (value !== null) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-12);
  });
}

it.each(['voc2007', 'voc2010'] as const)(
  '%s agrees with a brute-force twin on 500 random datasets',
  (protocol) => {
    for (let seed = 0; seed < 500; seed++) {
      const { dataset, detections } = randomDataset(seed);
      const result = evaluate(dataset, detections, { protocol });
      const expected = bruteForce(
        dataset,
        detections,
        protocol,
        vocJudge,
        (a) => !a.iscrowd,
      );
      expectClose(
        result.classes.map(({ metrics }) => metrics.AP),
        expected,
      );
      const known = expected.filter((ap) => ap !== null);
      if (known.length === 0) expect(result.metrics.mAP).toBeNull();
      else {
        const mean = known.reduce((a, b) => a + b) / known.length;
        expect(result.metrics.mAP).toBeCloseTo(mean, 12);
      }
    }
  },
);

it('ilsvrc agrees with a brute-force twin on 500 random datasets', () => {
  for (let seed = 0; seed < 500; seed++) {
    const { dataset, detections } = randomDataset(seed);
    const distinct = detections.map((d, i) => ({ ...d, score: d.score + i * 1e-9 }));
    const isBlacklisted = (entry: { image_id: unknown; category_id: unknown }) =>
      (Number(entry.image_id) * 7 + Number(entry.category_id) + seed) % 5 === 0;
    const blacklist = dataset.images.flatMap((image) =>
      dataset.categories
        .map((category) => ({ image_id: image.id, category_id: category.id }))
        .filter(isBlacklisted),
    );
    const result = evaluate(dataset, distinct, { protocol: 'ilsvrc', blacklist });
    const expected = bruteForce(
      dataset,
      distinct,
      'all',
      ilsvrcJudge(isBlacklisted),
      (a) => !isBlacklisted(a),
    );
    expectClose(
      result.classes.map(({ metrics }) => metrics.AP),
      expected,
    );
  }
});

it('lets a small object be off by some pixels under ILSVRC', () => {
  expect(ilsvrcThreshold(10, 10)).toBe(0.25);
  expect(ilsvrcThreshold(1000, 1000)).toBe(0.5);
});

it('skips difficult objects by `difficult`, then `ignore`, then `iscrowd`', () => {
  const truth = (flags: object): CocoDataset => ({
    images: [{ id: 0 }],
    categories: [{ id: 0, name: 'cat' }],
    annotations: [{ image_id: 0, category_id: 0, bbox: [0, 0, 10, 10], ...flags }],
  });
  const positives = (flags: object) =>
    evaluate(truth(flags), [], { protocol: 'voc2010' }).classes[0].groundTruths;
  expect(positives({})).toBe(1);
  expect(positives({ difficult: 1 })).toBe(0);
  expect(positives({ ignore: 1 })).toBe(0);
  expect(positives({ iscrowd: 1 })).toBe(0);
  expect(positives({ difficult: 0, ignore: 1, iscrowd: 1 })).toBe(1);
  expect(positives({ difficult: null, ignore: 0, iscrowd: 1 })).toBe(1);
});
