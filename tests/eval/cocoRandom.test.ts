import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CocoAnnotation } from '../../eval/index.js';
import { createEvaluator, evaluate } from '../../eval/index.js';
import { limitsOf, randomDataset } from './randomDataset.js';

const expected = JSON.parse(
  readFileSync(new URL('../fixtures/eval/coco-random.json', import.meta.url), 'utf8'),
) as (number | null)[][];

it('agrees with pycocotools to 1e-12 on 1,000 random datasets', () => {
  expect(expected).toHaveLength(1000);
  let measured = 0;
  expected.forEach((numbers, seed) => {
    const { dataset, detections } = randomDataset(seed);
    const result = evaluate(dataset, detections, { maxDets: limitsOf(seed) });
    const found = Object.values(result.metrics);
    expect(found).toHaveLength(12);
    numbers.forEach((number, i) => {
      const message = `seed ${seed}, number ${i}`;
      if (number === null) expect(found[i], message).toBeNull();
      else {
        expect(Math.abs(found[i]! - number), message).toBeLessThan(1e-12);
        if (number > 0 && number < 1) measured++;
      }
    });
  });
  expect(measured).toBeGreaterThan(4000); // the goldens are not all 0 and 1
});

it('gives the same result photo by photo', () => {
  for (let seed = 0; seed < 200; seed++) {
    const { dataset, detections } = randomDataset(seed);
    const options = { maxDets: limitsOf(seed) };
    const evaluator = createEvaluator({ ...options, categories: dataset.categories });
    for (const { id } of dataset.images) {
      const withoutImage = ({ image_id, ...rest }: CocoAnnotation) =>
        image_id === id ? [rest] : [];
      evaluator.add({
        id,
        groundTruths: dataset.annotations.flatMap(withoutImage),
        detections: detections.filter(({ image_id }) => image_id === id),
      });
    }
    expect(evaluator.images).toBe(dataset.images.length);
    const whole = evaluate(dataset, detections, options);
    expect(evaluator.result()).toEqual(whole);
    expect(evaluator.result()).toEqual(whole); // asking changes nothing
  }
});

it('does not depend on the order of photos, classes or annotations', () => {
  for (let seed = 0; seed < 200; seed++) {
    const { dataset, detections } = randomDataset(seed);
    const turned = {
      ...dataset,
      images: dataset.images.toReversed(),
      categories: dataset.categories.toReversed(),
    };
    expect(evaluate(turned, detections)).toEqual(evaluate(dataset, detections));
  }
});

it('reads ids as text like ids as numbers', () => {
  for (let seed = 0; seed < 100; seed++) {
    const { dataset, detections } = randomDataset(seed);
    const texts = {
      images: dataset.images.map((image) => ({ id: String(image.id) })),
      categories: dataset.categories.map((c) => ({ ...c, id: String(c.id) })),
      annotations: dataset.annotations.map((a) => ({
        ...a,
        image_id: String(a.image_id),
      })),
    };
    expect(evaluate(texts, detections)).toEqual(evaluate(dataset, detections));
  }
});
