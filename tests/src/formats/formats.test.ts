import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  readVocXml,
  readYolo,
  type LabeledImage,
} from '../../../eval/formats/index.js';
import {
  csvLines,
  csvResults,
  fileNamePart,
  saveCrops,
  vocResults,
  vocXml,
  yoloDataYaml,
  yoloLines,
  yoloResults,
  type PhotoResult,
} from '../../../src/formats/index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rcnn-formats-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const photo: PhotoResult = {
  file: 'a/b.jpg',
  id: 7,
  width: 200,
  height: 100,
  detections: [
    { box: [0, 0, 200, 100], categoryId: 18, className: 'dog', score: 0.9 },
    { box: [10.25, 20.5, 60.25, 40.5], categoryId: 17, className: 'cat', score: 0.125 },
  ],
};
const empty: PhotoResult = { ...photo, file: 'a/none.png', id: 8, detections: [] };

function named(className: string, file = photo.file): PhotoResult {
  return { ...photo, file, detections: [{ ...photo.detections[0], className }] };
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('<b>&amp;', ']]>', '"\'', '=1+1', 'a,b\n"c"', '\0\u0001', '\ud800'),
);

describe('VOC XML', () => {
  interface Annotation {
    folder: string;
    filename: string;
    size: Record<string, string>;
    object: { name: string; score: string; bndbox: Record<string, string> }[];
  }
  function parse(xml: string): Annotation {
    expect(XMLValidator.validate(xml)).toBe(true);
    const parser = new XMLParser({
      parseTagValue: false,
      trimValues: false,
      isArray: (name) => name === 'object',
    });
    return (parser.parse(xml) as { annotation: Annotation }).annotation;
  }

  test('counts from 1 and includes the last pixel', () => {
    const { folder, filename, size, object } = parse(vocXml(photo));
    expect([folder, filename]).toEqual(['a', 'b.jpg']);
    expect(size).toMatchObject({ width: '200', height: '100', depth: '3' });
    expect(
      object.map(({ name, score, bndbox }) => [name, score, bndbox]),
    ).toMatchObject([
      ['dog', '0.9', { xmin: '1', ymin: '1', xmax: '200', ymax: '100' }],
      ['cat', '0.125', { xmin: '11.25', ymin: '21.5', xmax: '60.25', ymax: '40.5' }],
    ]);
  });

  test('a photo in no folder, and one without detections', () => {
    expect(parse(vocXml({ ...photo, file: 'x.jpg' }))).toMatchObject({
      folder: '',
      filename: 'x.jpg',
    });
    expect(parse(vocXml(empty)).object ?? []).toEqual([]);
  });

  test('any name comes back, but for what XML cannot say', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { object } = parse(vocXml(named(text)));
        // Only these characters exist in XML 1.0; a parser makes \r\n a newline.
        const expected = Array.from(text, (character) => {
          const point = character.codePointAt(0)!;
          const isAllowed =
            [9, 10, 13].includes(point) ||
            (point >= 32 && point < 0xd800) ||
            (point > 0xdfff && point < 0xfffe) ||
            point > 0xffff;
          return isAllowed ? character : '\ufffd';
        }).join('');
        const newlines = (s: string) => s.replace(/\r\n?/g, '\n');
        expect(newlines(object[0].name)).toBe(newlines(expected));
      }),
    );
  });

  test('a file for each photo in its folder', async () => {
    const writer = await vocResults(join(root, 'voc'));
    await writer.add(photo);
    await writer.add({ ...photo, file: 'a/b.png' });
    await writer.add(empty);
    await writer.finish();
    expect((await readdir(join(root, 'voc', 'a'))).sort()).toEqual([
      ...['b.png.xml', 'b.xml', 'none.xml'],
    ]);
    expect(await readFile(join(root, 'voc', 'a', 'b.xml'), 'utf8')).toBe(vocXml(photo));
  });
});

describe('YOLO text', () => {
  const classes = ['cat', 'dog'];

  test('index, centre and size as parts of the photo, score last', () => {
    expect(yoloLines(photo, classes)).toBe(
      '1 0.500000 0.500000 1.000000 1.000000 0.9\n' +
        '0 0.176250 0.305000 0.250000 0.200000 0.125\n',
    );
    expect(yoloLines(empty, classes)).toBe('');
  });

  test('a class that is not in the table is an error', () => {
    expect(() => yoloLines(photo, ['dog'])).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_CATEGORY' }) as Error,
    );
  });

  test('names of classes are quoted, whatever they are', () => {
    const odd = ['no', 'a: b # c', '"\\', 'line\nbreak', 'é'];
    const lines = yoloDataYaml(odd).trimEnd().split('\n');
    expect(lines[0]).toBe('names:');
    expect(
      lines.slice(1).map((line) => /^ {2}(\d+): (".*")$/.exec(line)!),
    ).toHaveLength(5);
    lines.slice(1).forEach((line, i) => {
      const [, index, text] = /^ {2}(\d+): (".*")$/.exec(line)!;
      expect([Number(index), JSON.parse(text)]).toEqual([i, odd[i]]);
    });
  });

  test('labels for each photo beside the names of the classes', async () => {
    const writer = await yoloResults(root, classes);
    await writer.add(photo);
    await writer.add(empty);
    await writer.finish();
    expect(await readFile(join(root, 'data.yaml'), 'utf8')).toBe(yoloDataYaml(classes));
    expect(await readFile(join(root, 'labels/a/b.txt'), 'utf8')).toBe(
      yoloLines(photo, classes),
    );
    expect(await readFile(join(root, 'labels/a/none.txt'), 'utf8')).toBe('');
  });
});

describe('CSV', () => {
  /** A reader of RFC 4180 in ten lines. */
  function parseCsv(text: string): string[][] {
    const rows: string[][] = [[]];
    const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/gy;
    for (let match = cell.exec(text); match; match = cell.exec(text)) {
      rows.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2]);
      if (cell.lastIndex >= text.length) break;
      if (match[3] === '\n') rows.push([]);
    }
    return rows;
  }

  test('a header, then a line for each detection', async () => {
    const path = join(root, 'detections.csv');
    const writer = await csvResults(path);
    await writer.add(photo);
    await writer.add(empty);
    await writer.add({ ...photo, file: 'x, "y".jpg', id: 9 });
    await writer.finish();
    const text = await readFile(path, 'utf8');
    expect(parseCsv(text)).toEqual([
      'file,image_id,category_id,category,score,x1,y1,x2,y2'.split(','),
      'a/b.jpg,7,18,dog,0.9,0,0,200,100'.split(','),
      'a/b.jpg,7,17,cat,0.125,10.25,20.5,60.25,40.5'.split(','),
      ['x, "y".jpg', ...'9,18,dog,0.9,0,0,200,100'.split(',')],
      ['x, "y".jpg', ...'9,17,cat,0.125,10.25,20.5,60.25,40.5'.split(',')],
    ]);
    expect(await readdir(root)).toEqual(['detections.csv']);
  });

  test('any text comes back; what would be a formula, behind an apostrophe', () => {
    fc.assert(
      fc.property(anyText, anyText, (file, className) => {
        const [row] = parseCsv(csvLines(named(className, file)));
        for (const [got, text] of [
          [row[0], file],
          [row[3], className],
        ]) {
          expect(got === text || got === `'${text}`).toBe(true);
          expect(/^[=+\-@\t]/.test(got)).toBe(false);
        }
        expect(row).toHaveLength(9);
      }),
    );
    // Numbers are numbers.
    const box = [-1.5, 0, 3, 4] as const;
    const outside = { ...photo, detections: [{ ...photo.detections[0], box }] };
    expect(parseCsv(csvLines(outside))[0][5]).toBe('-1.5');
  });
});

describe('the readers of eval', () => {
  const number = fc.integer({ min: 0, max: 500_000 }).map((n) => n / 1000);
  const box = fc
    .tuple(number, number, number, number)
    .map(([x, y, w, h]) => [x, y, x + w, y + h] as [number, number, number, number]);
  const detection = fc.record({
    box,
    className: fc.constantFrom('dog', 'hot dog', 'a & b'),
    score: fc.integer({ min: 1, max: 1_000_000 }).map((n) => n / 1_000_000),
    categoryId: fc.constant(1),
  });
  const anyPhoto = fc
    .array(detection, { maxLength: 5 })
    .map((detections): PhotoResult => ({
      ...{ file: 'x.jpg', id: 1, width: 1000, height: 1000 },
      detections,
    }));

  /** Within a pixel's part of the photo's size, the same objects come back. */
  function expectSame(
    image: LabeledImage,
    { detections }: PhotoResult,
    pixels: number,
  ) {
    expect(image).toMatchObject({ fileName: 'x.jpg' });
    expect(image.objects.map(({ label, score }) => [label, score])).toEqual(
      detections.map(({ className, score }) => [className, score]),
    );
    image.objects.forEach(({ bbox: [x, y, w, h] }, i) => {
      [x, y, x + w, y + h].forEach((corner, side) => {
        expect(Math.abs(corner - detections[i].box[side])).toBeLessThan(pixels);
      });
    });
  }

  test('read back what was written', () => {
    const classes = ['a & b', 'dog', 'hot dog'];
    fc.assert(
      fc.property(anyPhoto, (written) => {
        expectSame(readVocXml(vocXml(written)), written, 1e-5);
        const context = { fileName: 'x.jpg', width: 1000, height: 1000, classes };
        expectSame(readYolo(yoloLines(written, classes), context), written, 0.002);
      }),
    );
  });
});

describe('saveCrops', () => {
  // Every pixel tells its place: red its column, green its row.
  const width = 60;
  const height = 40;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.set([4 * (i % width), 6 * Math.floor(i / width), 128], 3 * i);
  }

  test('cuts out exactly the box', async () => {
    const boxes = [
      [10, 5, 30, 25],
      [-5, -5, 8.4, 7.6],
      [59.9, 39.9, 60, 40],
    ];
    const paths = await saveCrops(
      { data, width, height },
      'a/b.png',
      boxes.map((box, i) => ({
        box,
        className: ['dog', 'traffic light', '../x'][i],
        score: 1,
      })),
      root,
    );
    expect(paths).toEqual(
      ['0-dog.jpg', '1-traffic_light.jpg', '2-x.jpg'].map((name) =>
        join(root, 'a', 'b.png', name),
      ),
    );
    const sizes = [
      [20, 20],
      [8, 8],
      [1, 1],
    ];
    for (const [i, path] of paths.entries()) {
      const crop = await sharp(path).raw().toBuffer({ resolveWithObject: true });
      expect([crop.info.width, crop.info.height]).toEqual(sizes[i]);
      const left = [10, 0, 59][i];
      const top = [5, 0, 39][i];
      expect(Math.abs(crop.data[0] - 4 * left)).toBeLessThan(16);
      expect(Math.abs(crop.data[1] - 6 * top)).toBeLessThan(16);
      expect(Math.abs(crop.data.at(-3)! - 4 * (left + sizes[i][0] - 1))).toBeLessThan(
        16,
      );
      expect(Math.abs(crop.data.at(-2)! - 6 * (top + sizes[i][1] - 1))).toBeLessThan(
        16,
      );
    }
  });

  test('numbers sort as text, and no detections leave nothing', async () => {
    const dogs = Array.from({ length: 11 }, () => ({
      box: [0, 0, 9, 9],
      className: 'dog',
      score: 1,
    }));
    const image = { data, width, height };
    const paths = await saveCrops(image, 'x.jpg', dogs, root);
    expect([...paths].sort()).toEqual(paths);
    expect(await saveCrops(image, 'y.jpg', [], root)).toEqual([]);
    expect(await readdir(root)).toEqual(['x.jpg']);
  });

  test('names of classes become parts of file names', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(fileNamePart(text)).toMatch(/^[\p{L}\p{M}\p{N}_-]{1,40}$/u);
      }),
    );
    expect(fileNamePart('hot dog')).toBe('hot_dog');
    expect(fileNamePart('犬/..')).toBe('犬');
    expect(fileNamePart('')).toBe('object');
  });
});
