import { expect, it } from 'vitest';
import { checkDataset, EvaluationError, evaluate } from '../../eval/index.js';
import type { CocoDataset } from '../../eval/index.js';
import { randomDataset } from './randomDataset.js';

const sick = {
  images: [
    { id: 1, file_name: 'a.jpg', width: 100, height: 100 },
    { id: '1', file_name: 'a.jpg', width: 100, height: 100 },
    { id: 2, file_name: 'gone.jpg' },
    7,
    { file_name: 'x.jpg' },
  ],
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'cat' },
    { id: 1, name: 'dog' },
  ],
  annotations: [
    { id: 5, image_id: 1, category_id: 1, bbox: [0, 0, 50, 50] },
    { id: 5, image_id: 1, category_id: 1, bbox: [1, 0, 50, 50] },
    { id: 6, image_id: 1, category_id: 1, bbox: [60, 0, 50, 0] },
    { id: 7, image_id: 9, category_id: 8, bbox: [0, 0, 1] },
    { id: 8, image_id: 1, category_id: 2, bbox: [0, 0, 10, 10], area: 500 },
  ],
};

it('reports every kind of finding with its path', () => {
  const report = checkDataset(sick, { hasFile: (name) => name !== 'gone.jpg' });
  expect(report.isSound).toBe(false);
  expect(report.issues.map(({ code, where }) => `${code} ${where}`)).toEqual([
    'DUPLICATE_CLASS_NAME categories[1].name',
    'DUPLICATE_ID categories[2].id',
    'DUPLICATE_ID images[1].id',
    'DUPLICATE_FILE_NAME images[1].file_name',
    'MISSING_SIZE images[2]',
    'MISSING_FILE images[2].file_name',
    'INVALID_STRUCTURE images[3]',
    'INVALID_ID images[4].id',
    'DUPLICATE_ID annotations[1].id',
    'EMPTY_BOX annotations[2].bbox',
    'OUTSIDE_IMAGE annotations[2].bbox',
    'UNKNOWN_IMAGE annotations[3].image_id',
    'UNKNOWN_CATEGORY annotations[3].category_id',
    'INVALID_BOX annotations[3].bbox',
    'AREA_LARGER_THAN_BOX annotations[4].area',
    'NEAR_DUPLICATE annotations[1]',
    'NO_ANNOTATIONS images[2]',
    'RARE_CLASS categories',
    'RARE_CLASS categories',
  ]);
  expect(report.totals.find(({ code }) => code === 'DUPLICATE_ID')?.count).toBe(3);
  expect(report.classes[0]).toEqual({ id: 1, name: 'dog', annotations: 3, images: 1 });
});

it('lists no more than asked for, but counts all', () => {
  const report = checkDataset(sick, { maxIssues: 1 });
  expect(report.issues.filter(({ code }) => code === 'DUPLICATE_ID')).toHaveLength(1);
  expect(report.totals.find(({ code }) => code === 'DUPLICATE_ID')?.count).toBe(3);
});

it('calls sound what evaluate takes, and only that', () => {
  const breakers: ((d: CocoDataset) => unknown)[] = [
    () => undefined,
    (d) => d.images.push(d.images[0]),
    (d) => d.annotations.push({ image_id: 77, category_id: 0, bbox: [0, 0, 1, 1] }),
    (d) => d.annotations.push({ image_id: 0, category_id: 77, bbox: [0, 0, 1, 1] }),
    (d) => d.annotations.push({ image_id: 0, category_id: 0, bbox: [0, 0, -1, 1] }),
    (d) =>
      d.annotations.push({ id: 1.5, image_id: 0, category_id: 0, bbox: [0, 0, 1, 1] }),
  ];
  for (let seed = 0; seed < 60; seed++) {
    const { dataset } = randomDataset(seed);
    breakers[seed % breakers.length](dataset);
    let accepted = true;
    try {
      evaluate(dataset, []);
    } catch {
      accepted = false;
    }
    expect(checkDataset(dataset).isSound, `seed ${seed}`).toBe(accepted);
  }
});

it.each([null, 7, [], {}, { images: [], annotations: [] }])('refuses %j', (value) => {
  expect(() => checkDataset(value)).toThrow(EvaluationError);
});
