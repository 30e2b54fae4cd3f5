import { expect, it } from 'vitest';
import type { GroundTruthTable } from '../../eval/index.js';
import {
  createAnnotationReader,
  EvaluationError,
  parseGroundTruthTable,
} from '../../eval/index.js';
import { lvisDataset } from './randomDataset.js';

function readInPieces(text: string, size: number): GroundTruthTable {
  const bytes = new TextEncoder().encode(text);
  const reader = createAnnotationReader('a.json');
  for (let i = 0; i < bytes.length; i += size)
    reader.write(bytes.subarray(i, i + size));
  return reader.end();
}

it('reads what JSON.parse reads, lists in any order, in pieces of any size', () => {
  for (let seed = 0; seed < 60; seed++) {
    const { dataset } = lvisDataset(seed);
    const { images, categories } = dataset;
    const annotations = dataset.annotations.map((a, i) => ({
      segmentation: [[1, 2, { deep: '"]}' }]],
      ...a,
      ...(i % 3 === 0 ? { difficult: 1, is_group_of: true } : {}),
    }));
    const orders = [
      { info: { a: [1] }, images, annotations, categories },
      { annotations, licenses: 'none}', categories, images },
      { categories, 'im"ages': 7, images, annotations, last: null },
    ];
    for (const order of orders) {
      for (const indent of [undefined, 2]) {
        const text = `\ufeff${JSON.stringify(order, null, indent)} `;
        const expected = parseGroundTruthTable(text);
        expect(readInPieces(text, 1 << 20)).toEqual(expected);
        expect(readInPieces(text, [1, 13][seed % 2])).toEqual(expected);
      }
    }
  }
});

it('grows its window for a large value', () => {
  const text = `{"images":[{"id":1,"note":"${'x'.repeat(900_000)}"}],"annotations":[],"categories":[]}`;
  expect(readInPieces(text, 1 << 16).images).toEqual([1]);
});

const list = '"images":[{"id":1}],"categories":[{"id":1}]';
it.each([
  ['', 'the file is empty'],
  ['[]', 'expected an object'],
  ['{"images":{}}', 'images: expected a list'],
  ['{"images":[]}', 'categories: the list is missing'],
  [`{${list}}`, 'annotations: the list is missing'],
  ['{"images":[],"images":[]}', 'images: the list is there twice'],
  ['{"images":[{"id":1},', 'in images: not JSON: the file ends'],
  ['{"images":[{"id":1}{"id":2}]}', 'in images: not JSON: expected a comma'],
  ['{"images":[{"id":tru}]}', 'found "tru}" at images[0].id'],
  ['{"images":[],}', 'expected a name, found "}"'],
  ['{"images" []}', 'expected a colon'],
  ['{"a":1 "b":2}', 'found "\\"b\\"'],
  [`{${list},"annotations":[]}]`, 'after the object'],
  [
    `{${list},"annotations":[{"image_id":1}]}`,
    'annotations[0].category_id: the id is missing',
  ],
  [
    `{"annotations":[{"image_id":2}],${list}}`,
    'annotations[0].image_id: no image has the id 2',
  ],
  [`{"annotations":[null],${list}}`, 'annotations[0]: expected an object'],
])('refuses %s', (text, reason) => {
  for (const size of [1, 1000]) {
    let message = '';
    try {
      readInPieces(text, size);
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError);
      message = (error as Error).message;
    }
    expect(message).toContain('a.json: ');
    expect(message).toContain(reason);
  }
});
