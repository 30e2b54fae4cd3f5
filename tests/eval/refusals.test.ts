import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { CocoDataset, CocoDetection, EvaluateOptions } from '../../eval/index.js';
import {
  createEvaluator,
  evaluate,
  EvaluationError,
  parseAnnotations,
  parseDetections,
  protocolNames,
} from '../../eval/index.js';
import { findJsonFault } from '../../eval/parse/findJsonFault.js';

const truth = (): Record<string, unknown> & { annotations: object[] } => ({
  images: [{ id: 0, file_name: 'a.jpg', width: 100, height: 80 }, { id: 'b' }],
  categories: [{ id: 1, name: 'cat' }, { id: 2 }],
  annotations: [
    { id: 0, image_id: 0, category_id: 1, bbox: [0, 0, 10, 10] },
    {
      id: 1,
      image_id: 'b',
      category_id: '2',
      bbox: [5, 5, 0, 10],
      area: 3,
      iscrowd: 1,
    },
  ],
});
const found = (): Record<string, unknown>[] => [
  { image_id: 0, category_id: 1, bbox: [0, 0, 10, 10], score: 0.5 },
  { image_id: 'b', category_id: 2, bbox: [5, 5, 0, 10], score: -1 },
];

function fault(run: () => unknown): EvaluationError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(EvaluationError);
    return error as EvaluationError;
  }
  throw new Error('nothing was refused');
}

/** A copy of the value with one place changed. */
function change(value: unknown, path: (string | number)[], to: unknown): unknown {
  const copy = structuredClone(value);
  let place = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) place = place[key] as typeof place;
  const last = path[path.length - 1];
  if (to === undefined) delete place[last];
  else place[last] = to;
  return copy;
}

const ajv = new Ajv();
const schema = (name: string) =>
  ajv.compile(
    JSON.parse(
      readFileSync(new URL(`../../schemas/${name}`, import.meta.url), 'utf8'),
    ) as object,
  );
const isAnnotations = schema('coco-annotations.schema.json');
const isResults = schema('coco-results.schema.json');

describe('annotations', () => {
  it('accepts what is unambiguous, as does the schema', () => {
    expect(isAnnotations(truth())).toBe(true);
    expect(parseAnnotations(JSON.stringify(truth()))).toEqual(truth());
    const nulls = structuredClone(truth());
    for (const name of [
      'id',
      'area',
      'iscrowd',
      'difficult',
      'ignore',
      'is_group_of',
    ]) {
      (nulls.annotations[0] as Record<string, unknown>)[name] = null;
    }
    const [image] = nulls.images as Record<string, unknown>[];
    for (const name of ['file_name', 'width', 'height', 'neg_category_ids']) {
      image[name] = null;
    }
    expect(isAnnotations(nulls)).toBe(true);
    parseAnnotations(JSON.stringify(nulls));
  });

  it.each<[(string | number)[], unknown, string, string]>([
    [['images'], undefined, 'INVALID_STRUCTURE', 'images'],
    [['annotations'], undefined, 'INVALID_STRUCTURE', 'annotations'],
    [['categories'], {}, 'INVALID_STRUCTURE', 'categories'],
    [['images', 1], null, 'INVALID_STRUCTURE', 'images[1]'],
    [['images', 1, 'id'], undefined, 'INVALID_ID', 'images[1].id'],
    [['images', 1, 'id'], 1.5, 'INVALID_ID', 'images[1].id'],
    [['images', 1, 'id'], 2 ** 53, 'INVALID_ID', 'images[1].id'],
    [['images', 1, 'id'], '', 'INVALID_ID', 'images[1].id'],
    [['images', 0, 'file_name'], 7, 'INVALID_STRUCTURE', 'images[0].file_name'],
    [['images', 0, 'width'], -1, 'INVALID_NUMBER', 'images[0].width'],
    [['images', 0, 'height'], '9', 'INVALID_NUMBER', 'images[0].height'],
    [['categories', 0, 'name'], [], 'INVALID_STRUCTURE', 'categories[0].name'],
    [['annotations', 1], [], 'INVALID_STRUCTURE', 'annotations[1]'],
    [['annotations', 1, 'bbox'], undefined, 'INVALID_BOX', 'annotations[1].bbox'],
    [['annotations', 1, 'bbox'], [1, 2, 3], 'INVALID_BOX', 'annotations[1].bbox'],
    [['annotations', 1, 'bbox', 2], -3, 'INVALID_BOX', 'annotations[1].bbox[2]'],
    [['annotations', 1, 'bbox', 2], '3', 'INVALID_NUMBER', 'annotations[1].bbox[2]'],
    [['annotations', 1, 'bbox', 0], 1e13, 'INVALID_NUMBER', 'annotations[1].bbox[0]'],
    [['annotations', 1, 'bbox', 1], null, 'INVALID_NUMBER', 'annotations[1].bbox[1]'],
    [['annotations', 1, 'area'], -1, 'INVALID_NUMBER', 'annotations[1].area'],
    [['annotations', 1, 'area'], '4', 'INVALID_NUMBER', 'annotations[1].area'],
    [['annotations', 1, 'iscrowd'], 2, 'INVALID_NUMBER', 'annotations[1].iscrowd'],
    [
      ['annotations', 1, 'difficult'],
      'x',
      'INVALID_NUMBER',
      'annotations[1].difficult',
    ],
    [['annotations', 1, 'ignore'], -1, 'INVALID_NUMBER', 'annotations[1].ignore'],
    [
      ['annotations', 1, 'image_id'],
      undefined,
      'INVALID_ID',
      'annotations[1].image_id',
    ],
    [['annotations', 1, 'id'], {}, 'INVALID_ID', 'annotations[1].id'],
    [
      ['annotations', 1, 'is_group_of'],
      3,
      'INVALID_NUMBER',
      'annotations[1].is_group_of',
    ],
    [
      ['images', 0, 'neg_category_ids'],
      1,
      'INVALID_STRUCTURE',
      'images[0].neg_category_ids',
    ],
    [
      ['images', 0, 'pos_category_ids'],
      [1, null],
      'INVALID_ID',
      'images[0].pos_category_ids[1]',
    ],
  ])('refuses %j = %j as %s at %s, as does the schema', (path, to, code, where) => {
    const bad = change(truth(), path, to);
    const error = fault(() => parseAnnotations(JSON.stringify(bad), 'x.json'));
    expect([error.code, error.where]).toEqual([code, where]);
    expect(error.message).toContain(`x.json: ${where}: `);
    expect(fault(() => evaluate(bad as CocoDataset, [])).where).toBe(where);
    expect(isAnnotations(bad)).toBe(false);
  });

  it.each<[(string | number)[], unknown, string, string]>([
    [['images', 1, 'id'], '0', 'DUPLICATE_ID', 'images[1].id'],
    [['categories', 1, 'id'], 1, 'DUPLICATE_ID', 'categories[1].id'],
    [['annotations', 1, 'id'], 0, 'DUPLICATE_ID', 'annotations[1].id'],
    [['annotations', 1, 'image_id'], 'c', 'UNKNOWN_IMAGE', 'annotations[1].image_id'],
    [
      ['annotations', 0, 'category_id'],
      9,
      'UNKNOWN_CATEGORY',
      'annotations[0].category_id',
    ],
  ])('refuses %j = %j, which no schema can, as %s', (path, to, code, where) => {
    const bad = change(truth(), path, to);
    const error = fault(() => parseAnnotations(JSON.stringify(bad)));
    expect([error.code, error.where]).toEqual([code, where]);
  });

  it('says where text is not JSON', () => {
    const message = (text: string) =>
      fault(() => parseAnnotations(text, 'x.json')).message;
    expect(message('{\n "images": [}')).toBe(
      'x.json: line 2, column 13: not JSON: found "}" at images[0]',
    );
    expect(message('')).toContain('empty');
    expect(message('{"images": [{"id": 1}, {"a b": [1, tru')).toBe(
      'x.json: line 1, column 36: not JSON: found "tru" at images[1]["a b"][1]',
    );
    expect(message('{"a": [{"b": "c')).toContain('found "\\"c" at a[0].b');
    expect(message('{"a": [')).toContain('the file ends at a[0]; is it cut off?');
    expect(message('[1] 2')).toContain('column 5: not JSON: found "2"');
    expect(message('{"a": 1, }')).toContain('column 10');
    expect(message('{"score": NaN}')).toContain('JSON has no NaN');
    expect(message('['.repeat(300_000))).toContain('column 300001');
    expect(fault(() => parseAnnotations('[]')).code).toBe('INVALID_STRUCTURE');
    expect(fault(() => parseAnnotations(Uint8Array.of(0xff))).message).toContain(
      'UTF-8',
    );
  });

  it('finds a fault exactly where JSON.parse finds one', () => {
    const sound = JSON.stringify({
      a: [1, -2.5e3, 'x\n\u0001"é', null],
      b: { c: true },
    });
    expect(findJsonFault(sound)).toBeUndefined();
    for (let i = 0; i < sound.length; i++) {
      for (const insert of ['', ',', '"', '}', '0', 'e', '\\', ' ', '\n']) {
        const text = sound.slice(0, i) + insert + sound.slice(i + 1);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(findJsonFault(text) === undefined, text).toBe(isJson);
      }
    }
  });

  it('reads bytes, also with a byte order mark', () => {
    const bytes = new TextEncoder().encode('\ufeff' + JSON.stringify(truth()));
    expect(parseAnnotations(bytes)).toEqual(truth());
    expect(parseAnnotations('\ufeff' + JSON.stringify(truth()))).toEqual(truth());
  });
});

describe('detections', () => {
  const dataset = truth() as unknown as CocoDataset;

  it('accepts what is unambiguous, as does the schema', () => {
    expect(isResults(found())).toBe(true);
    expect(parseDetections(JSON.stringify(found()))).toEqual(found());
    expect(evaluate(dataset, found() as unknown as CocoDetection[]).metrics.AP).toBe(1);
  });

  it.each<[(string | number)[], unknown, string, string]>([
    [[1], 7, 'INVALID_STRUCTURE', '[1]'],
    [[1, 'image_id'], undefined, 'INVALID_ID', '[1].image_id'],
    [[1, 'category_id'], 0.5, 'INVALID_ID', '[1].category_id'],
    [[1, 'bbox'], '1 2 3 4', 'INVALID_BOX', '[1].bbox'],
    [[1, 'bbox', 3], -0.1, 'INVALID_BOX', '[1].bbox[3]'],
    [[1, 'bbox', 3], null, 'INVALID_NUMBER', '[1].bbox[3]'],
    [[1, 'bbox', 4], 1, 'INVALID_BOX', '[1].bbox'],
    [[1, 'score'], undefined, 'INVALID_NUMBER', '[1].score'],
    [[1, 'score'], '0.5', 'INVALID_NUMBER', '[1].score'],
  ])('refuses %j = %j as %s at %s, as does the schema', (path, to, code, where) => {
    const bad = change(found(), path, to);
    const error = fault(() => parseDetections(JSON.stringify(bad), 'd.json'));
    expect([error.code, error.where]).toEqual([code, where]);
    expect(isResults(bad)).toBe(false);
  });

  it.each([NaN, Infinity, -Infinity])('refuses a score or box of %d', (value) => {
    const bad = change(found(), [0, 'score'], value) as CocoDetection[];
    expect(fault(() => evaluate(dataset, bad)).where).toBe('[0].score');
    const box = change(found(), [0, 'bbox', 1], value) as CocoDetection[];
    expect(fault(() => evaluate(dataset, box)).where).toBe('[0].bbox[1]');
  });

  it('refuses photos and classes that are not there, or leaves them out when told', () => {
    const odd = [
      ...found(),
      { ...found()[0], image_id: 77 },
      { ...found()[0], category_id: 78 },
    ] as unknown as CocoDetection[];
    const error = fault(() => evaluate(dataset, odd));
    expect([error.code, error.where]).toEqual(['UNKNOWN_IMAGE', '[2].image_id']);
    const next = fault(() => evaluate(dataset, odd, { unknownImages: 'ignore' }));
    expect([next.code, next.where]).toEqual(['UNKNOWN_CATEGORY', '[3].category_id']);
    const result = evaluate(dataset, odd, {
      unknownImages: 'ignore',
      unknownCategories: 'ignore',
    });
    expect(result.metrics.AP).toBe(1);
    expect(result.counts).toMatchObject({
      detections: 2,
      unknownImage: 1,
      unknownCategory: 1,
    });
  });
});

it.each<[string, EvaluateOptions]>([
  ['iouThresholds', { iouThresholds: [] }],
  ['iouThresholds', { iouThresholds: [0] }],
  ['iouThresholds', { protocol: 'voc2007', iouThresholds: [NaN] }],
  ['recallThresholds', { recallThresholds: [0.5, 0.5] }],
  ['maxDets', { maxDets: [10, 1] }],
  ['maxDets', { maxDets: [0.5] }],
  ['areaRanges', { areaRanges: [{ name: '__proto__', min: 0, max: 1 }] }],
  ['areaRanges', { areaRanges: [{ name: 'a', min: 2, max: 1 }] }],
  ['protocol', { protocol: 'constructor' as 'coco' }],
])('refuses a wrong option %s', (where, options) => {
  const error = fault(() => evaluate(truth() as unknown as CocoDataset, [], options));
  expect([error.code, error.where]).toEqual(['INVALID_OPTION', where]);
});

it('takes every protocol that it lists, and names it in the result', () => {
  const dataset = truth();
  (dataset.images as object[])[0] = { id: 0, neg_category_ids: [] };
  expect(protocolNames).toHaveLength(6);
  for (const protocol of protocolNames) {
    const result = evaluate(dataset as unknown as CocoDataset, [], { protocol });
    expect(result.protocol).toBe(protocol);
    expect(result.description).not.toContain('\n');
  }
});

it('names classes and photos as it likes without touching a prototype', () => {
  const text = `{"images":[{"id":"__proto__","__proto__":{"polluted":1}}],
    "categories":[{"id":"__proto__","name":"__proto__"},{"id":"constructor"}],
    "annotations":[{"image_id":"__proto__","category_id":"__proto__","bbox":[0,0,9,9]}],
    "__proto__":{"polluted":1}}`;
  const detections = `[{"image_id":"__proto__","category_id":"__proto__","bbox":[0,0,9,9],
    "score":1,"constructor":{"prototype":{"polluted":1}}}]`;
  const result = evaluate(parseAnnotations(text), parseDetections(detections));
  expect(result.metrics.AP).toBe(1);
  expect(result.classes.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('keeps nothing of a photo that a streaming evaluator refuses', () => {
  const evaluator = createEvaluator({ categories: [{ id: 1, name: 'cat' }] });
  const object = { id: 1, category_id: 1, bbox: [0, 0, 9, 9] };
  const detection = { category_id: 1, bbox: [0, 0, 9, 9], score: 0.5 };
  evaluator.add({ id: 1, groundTruths: [object], detections: [detection] });
  const before = evaluator.result();
  const wrong = { ...detection, score: NaN };
  const again = { ...object, id: 2 };
  const refused = [
    { id: 2, groundTruths: [again], detections: [detection, wrong] },
    {
      id: 2,
      groundTruths: [again, { ...again, id: 3, category_id: 5 }],
      detections: [],
    },
    { id: 1, groundTruths: [], detections: [] },
  ].map((image) => fault(() => evaluator.add(image)).where);
  expect(refused).toEqual([
    'detections[1].score',
    'groundTruths[1].category_id',
    'image.id',
  ]);
  expect(evaluator.result()).toEqual(before);
  evaluator.add({ id: 2, groundTruths: [again], detections: [] });
  expect(evaluator.result().metrics.AR100).toBe(0.5);
});
