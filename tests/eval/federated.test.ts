import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CocoAnnotation, CocoDataset, CocoDetection } from '../../eval/index.js';
import { evaluate, expandHierarchy } from '../../eval/index.js';
import { lvisDataset, randomDataset } from './randomDataset.js';

const expected = JSON.parse(
  readFileSync(new URL('../fixtures/eval/lvis-random.json', import.meta.url), 'utf8'),
) as ((number | null)[] | null)[];

describe('LVIS', () => {
  it('agrees with the lvis package to 1e-12 on 400 random datasets', () => {
    let measured = 0;
    expected.forEach((numbers, seed) => {
      const { dataset, detections } = lvisDataset(seed);
      if (!numbers) {
        expect(detections).toHaveLength(0);
        return;
      }
      const { metrics } = evaluate(dataset, detections, {
        protocol: 'lvis',
        maxDetections: seed % 2 === 0 ? 300 : 5,
      });
      const found = Object.values(metrics);
      expect(found).toHaveLength(13);
      numbers.forEach((number, i) => {
        const message = `seed ${seed}, ${Object.keys(metrics)[i]}`;
        if (number === null) expect(found[i], message).toBeNull();
        else {
          expect(Math.abs(found[i]! - number), message).toBeLessThan(1e-12);
          if (number > 0 && number < 1) measured++;
        }
      });
    });
    expect(measured).toBeGreaterThan(1000);
  });

  it('refuses ground truth that is not federated, and labels that are no classes', () => {
    const { dataset } = randomDataset(3);
    expect(() => evaluate(dataset, [], { protocol: 'lvis' })).toThrow(
      'neg_category_ids',
    );
    const images = [{ ...dataset.images[0], neg_category_ids: [0, 77] }];
    expect(() => evaluate({ ...dataset, images, annotations: [] }, [])).toThrow(
      'images[0].neg_category_ids[1]: no category has the id 77',
    );
  });
});

/** The challenge's rules for one class, word for word, detections best first. */
function openImagesTwin(
  dataset: CocoDataset,
  detections: CocoDetection[],
  category: unknown,
): number | null {
  const inside = (d: readonly number[], g: readonly number[]) => {
    const w = Math.min(d[0] + d[2], g[0] + g[2]) - Math.max(d[0], g[0]);
    const h = Math.min(d[1] + d[3], g[1] + g[3]) - Math.max(d[1], g[1]);
    return w > 0 && h > 0 ? w * h : 0;
  };
  const iou = (d: readonly number[], g: readonly number[]) =>
    inside(d, g) / (d[2] * d[3] + g[2] * g[3] - inside(d, g) || 1);
  const part = (d: readonly number[], g: readonly number[]) =>
    inside(d, g) / (d[2] * d[3] || 1);
  const truths = dataset.annotations.filter((a) => a.category_id === category);
  const records: { score: number; correct: boolean }[] = [];
  for (const image of dataset.images) {
    const here = truths.filter((a) => a.image_id === image.id);
    const boxes = here.filter((a) => !a.iscrowd);
    const groups = here.filter((a) => a.iscrowd);
    const isKnown =
      here.length > 0 ||
      [...image.neg_category_ids!, ...image.pos_category_ids!].includes(
        category as number,
      );
    if (!isKnown) continue;
    const found = new Set<CocoAnnotation>();
    const groupScores = new Map<CocoAnnotation, number>();
    const own = detections
      .filter((d) => d.image_id === image.id && d.category_id === category)
      .sort((a, b) => b.score - a.score);
    for (const { bbox, score } of own) {
      const best = (list: CocoAnnotation[], overlap: typeof iou) =>
        list.reduce<CocoAnnotation | undefined>(
          (a, b) => (!a || overlap(bbox, b.bbox) > overlap(bbox, a.bbox) ? b : a),
          undefined,
        );
      const box = best(boxes, iou);
      const group = best(groups, part);
      if (box && iou(bbox, box.bbox) >= 0.5 && !found.has(box)) {
        found.add(box);
        records.push({ score, correct: true });
      } else if (group && part(bbox, group.bbox) >= 0.5) {
        groupScores.set(group, Math.max(groupScores.get(group) ?? 0, score));
      } else records.push({ score, correct: false });
    }
    for (const score of groupScores.values()) records.push({ score, correct: true });
  }
  if (truths.length === 0) return null;
  records.sort((a, b) => b.score - a.score);
  let correct = 0;
  const points = records.map((record, i) => {
    if (record.correct) correct++;
    return { recall: correct / truths.length, precision: correct / (i + 1) };
  });
  let ap = 0;
  points.forEach(({ recall }, i) => {
    const before = i === 0 ? 0 : points[i - 1].recall;
    ap += (recall - before) * Math.max(...points.slice(i).map((p) => p.precision));
  });
  return ap;
}

describe('Open Images', () => {
  it('agrees with a twin of the rules on 400 random datasets', () => {
    for (let seed = 0; seed < 400; seed++) {
      const { dataset, detections } = lvisDataset(seed);
      const distinct = detections.map((d, i) => ({
        ...d,
        score: d.score + (i + 1) / 1e7,
      }));
      const images = dataset.images.map((image) => ({
        ...image,
        pos_category_ids: image.not_exhaustive_category_ids,
        not_exhaustive_category_ids: null,
      }));
      const truth = { ...dataset, images };
      const { classes } = evaluate(truth, distinct, { protocol: 'openimages' });
      for (const { id, metrics } of classes) {
        const twin = openImagesTwin(truth, distinct, id);
        if (twin === null) expect(metrics.AP).toBeNull();
        else expect(Math.abs(metrics.AP! - twin), `seed ${seed}`).toBeLessThan(1e-12);
      }
    }
  });

  it('takes is_group_of before iscrowd', () => {
    const truth = (flags: object): CocoDataset => ({
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 100, 100], ...flags }],
    });
    const detections = [0.9, 0.8].map((score, i) => ({
      image_id: 1,
      category_id: 1,
      bbox: [50 * i, 0, 20, 20],
      score,
    }));
    const ap = (flags: object) =>
      evaluate(truth(flags), detections, { protocol: 'openimages' }).metrics.mAP;
    expect(ap({})).toBe(0);
    expect(ap({ iscrowd: 1 })).toBe(1);
    expect(ap({ is_group_of: true })).toBe(1);
    expect(ap({ is_group_of: 0, iscrowd: 1 })).toBe(0);
  });

  it('expands boxes and labels over the hierarchy', () => {
    const dataset: CocoDataset = {
      categories: ['animal', 'dog', 'puppy', 'car'].map((name, id) => ({ id, name })),
      images: [{ id: 1, pos_category_ids: [1], neg_category_ids: [0, 3] }],
      annotations: [{ id: 9, image_id: 1, category_id: 2, bbox: [0, 0, 5, 5] }],
    };
    const expanded = expandHierarchy(dataset, {
      LabelName: 'entity',
      Subcategory: [
        { LabelName: 'car' },
        {
          LabelName: 'animal',
          Subcategory: [{ LabelName: 'dog', Subcategory: [{ LabelName: 'puppy' }] }],
        },
      ],
    });
    expect(expanded.annotations.map((a) => [a.id, a.category_id])).toEqual([
      [9, 2],
      [10, 0],
      [11, 1],
    ]);
    expect(expanded.images[0].pos_category_ids).toEqual([1, 0]);
    expect(expanded.images[0].neg_category_ids).toEqual([0, 1, 2, 3]);
    expect(dataset.annotations).toHaveLength(1);
  });
});
