import { expect, it } from 'vitest';
import { numberPhotos } from '../../../src/detect/photoIds.js';

const classes = [
  { id: 1, name: 'person' },
  { id: 17, name: 'cat' },
];
const named = (...names: string[]) => names.map((name) => ({ name }));

it('numbers photos from 1 and keeps the model ids without annotations', () => {
  const ids = numberPhotos(named('a', 'b'), classes);
  expect([ids.photoId(0), ids.photoId(1), ids.categoryId(17)]).toEqual([1, 2, 17]);
});

it('takes ids from the annotations, by full name, then by bare name', () => {
  const ids = numberPhotos(named('a/x.jpg', 'b/x.jpg', 'c/y.jpg', 'z.jpg'), classes, {
    images: [
      { id: 0, file_name: 'a/x.jpg' },
      { id: 70, file_name: 'train/y.jpg' },
      { id: 8, file_name: 'x.jpg' },
    ],
    categories: [{ id: 5, name: 'cat' }],
  });
  // b/x.jpg shares its bare name with a/x.jpg, so "x.jpg" may be either.
  expect([0, 1, 2, 3].map((index) => ids.photoId(index))).toEqual([0, 71, 70, 72]);
  expect(ids.notAnnotated).toBe(2);
  expect(ids.unknownClasses).toEqual(['person']);
  expect([ids.categoryId(17), ids.categoryId(1)]).toEqual([5, 6]);
});
