import { expect, it } from 'vitest';
import {
  assembleDataset,
  EvaluationError,
  evaluate,
  labeledImages,
  parseAnnotations,
  parseDetectionColumns,
  parseDetections,
  parseGroundTruthTable,
  readCsv,
  readLabelMe,
  readOpenImages,
  readVocXml,
  readYolo,
  writeCsv,
  writeLabelMe,
  writeOpenImages,
  writeVocXml,
  writeYolo,
} from '../../eval/index.js';
import { Random, randomDataset } from './randomDataset.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const protocols = ['coco', 'voc2007', 'voc2010', 'ilsvrc'] as const;

const values = [
  ...['null', '[]', '{}', '""', '"x"', '-1', '0', '1.5', '1e400', '-0', 'true', '[[]]'],
  ...[
    'NaN',
    '1e15',
    '9007199254740993',
    '"__proto__"',
    '"0"',
    '[1,2,3,4,5]',
    '-1e-320',
  ],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'],
];
const keys = ['__proto__', 'constructor', 'id', 'bbox', 'images', 'annotations', 'x'];

/** The text with one to four faults of the kinds that happen, and some that are made. */
function mutate(text: string, r: Random): string {
  let result = text;
  for (let faults = 1 + r.below(4); faults > 0; faults--) {
    const at = r.below(result.length + 1);
    switch (r.below(8)) {
      case 0: // cut off
        if (r.below(4) === 0) result = result.slice(0, at);
        break;
      case 1: // a piece lost
        result = result.slice(0, at) + result.slice(at + 1 + r.below(30));
        break;
      case 2: // a character changed
        result =
          result.slice(0, at) +
          String.fromCharCode(r.below(r.below(2) === 0 ? 128 : 65536)) +
          result.slice(at + 1);
        break;
      case 3: // a piece doubled
        result = result.slice(0, at) + result.slice(Math.max(0, at - r.below(90)));
        break;
      case 4:
      case 5: {
        // a number replaced
        const numbers = [...result.matchAll(/-?\d+(?:\.\d+)?/g)];
        const number = numbers[r.below(Math.max(1, numbers.length))];
        if (!number) break;
        result =
          result.slice(0, number.index) +
          values[r.below(values.length)] +
          result.slice(number.index + number[0].length);
        break;
      }
      case 6: {
        // a name replaced
        const names = [...result.matchAll(/"[a-z_]+"(?=:)|(?<=<\/?)[a-z]+/g)];
        const name = names[r.below(Math.max(1, names.length))];
        if (!name) break;
        const key = keys[r.below(keys.length)];
        result =
          result.slice(0, name.index) +
          (name[0].startsWith('"') ? `"${key}"` : key) +
          result.slice(name.index + name[0].length);
        break;
      }
      default: // nesting
        result =
          result.slice(0, at) + ['[', '{"a":', '<a>'][r.below(3)].repeat(r.below(2000));
        break;
    }
  }
  return result;
}

/** Runs it; true when it gave a result, false when it refused with file and reason. */
function survives(run: () => void): boolean {
  const start = performance.now();
  let accepted = true;
  try {
    run();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.code).toMatch(/^[A-Z_]+$/);
    if (error.code !== 'INVALID_OPTION') expect(error.file).toBeTruthy();
    if (!['INVALID_SYNTAX', 'INVALID_STRUCTURE'].includes(error.code)) {
      expect(error.where).toBeTruthy();
    }
    accepted = false;
  }
  expect(performance.now() - start).toBeLessThan(5000);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
  return accepted;
}

it('evaluates or refuses 2,000 mutated annotation and detection files', () => {
  let accepted = 0;
  for (let seed = 0; seed < 1000; seed++) {
    const { dataset, detections } = randomDataset(seed % 100);
    const r = new Random(seed + 5000);
    const options = {
      protocol: protocols[seed % 4],
      unknownImages: r.below(2) === 0 ? 'ignore' : 'error',
      unknownCategories: r.below(2) === 0 ? 'ignore' : 'error',
    } as const;
    const annotations = mutate(JSON.stringify(dataset), r);
    if (
      survives(() => evaluate(parseAnnotations(annotations, 'a'), detections, options))
    ) {
      accepted++;
      expect(parseGroundTruthTable(annotations).count).toBeGreaterThanOrEqual(0);
    }
    const found = mutate(JSON.stringify(detections), r);
    const run = (parse: () => Parameters<typeof evaluate>[1]) => () => {
      const { metrics } = evaluate(dataset, parse(), options);
      for (const value of Object.values(metrics)) {
        if (value !== null && !(value >= 0 && value <= 1))
          throw new Error(String(value));
      }
    };
    const objects = survives(run(() => parseDetections(found, 'd')));
    const columns = survives(run(() => parseDetectionColumns(bytesOf(found), 'd')));
    // Both readers are of one mind.
    expect(columns, found.slice(0, 2000)).toBe(objects);
    if (objects) accepted++;
  }
  expect(accepted).toBeGreaterThan(100);
  expect(accepted).toBeLessThan(1900);
});

it('reads or refuses 2,000 mutated files of the other formats', () => {
  let accepted = 0;
  for (let seed = 0; seed < 400; seed++) {
    const { dataset } = randomDataset(seed % 100);
    const r = new Random(seed + 9000);
    const images = labeledImages({
      ...dataset,
      images: dataset.images.map((image) => ({ ...image, width: 200, height: 150 })),
    });
    const classes = dataset.categories.map(({ name }) => name ?? '');
    const context = { fileName: 'a.jpg', width: 200, height: 150, classes };
    const runs = [
      (text: string) => [readVocXml(text, 'f')],
      (text: string) => [readYolo(text, context, 'f')],
      (text: string) => readCsv(text, 'f'),
      (text: string) => [readLabelMe(text, 'f')],
      (text: string) => readOpenImages(text, 'f'),
    ];
    [
      writeVocXml(images[0]),
      writeYolo(images[0], classes),
      writeCsv(images),
      writeLabelMe(images[0]),
      writeOpenImages(images),
    ].forEach((text, i) => {
      const ok = survives(() => {
        const read = runs[i](mutate(text, r));
        evaluate(assembleDataset(read, { file: 'f' }), []);
      });
      if (ok) accepted++;
    });
  }
  expect(accepted).toBeGreaterThan(100);
  expect(accepted).toBeLessThan(1900);
});
