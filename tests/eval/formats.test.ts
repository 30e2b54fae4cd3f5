import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabeledImage, LabeledObject } from '../../eval/index.js';
import {
  assembleDataset,
  assembleDetections,
  cocoToVoc,
  EvaluationError,
  evaluate,
  ilsvrcPixels,
  labeledImages,
  labelsOf,
  mapClasses,
  namesOfDataYaml,
  readBlacklist,
  readBoxText,
  readCsv,
  readIlsvrcDetections,
  readLabelMe,
  readNames,
  readOpenImages,
  readVocDetections,
  readVocXml,
  readYolo,
  vocPixels,
  vocToCoco,
  writeCsv,
  writeIlsvrcDetections,
  writeLabelMe,
  writeOpenImages,
  writeVocDetections,
  writeVocXml,
  writeYolo,
} from '../../eval/index.js';

const strange = [
  'cat',
  'dog & "bird"',
  '<b>',
  'é,;',
  '日本',
  "o'clock",
  '__proto__',
  'x y',
];
const coordinate = fc.double({ min: -20, max: 900, noNaN: true });
const size = fc.double({ min: 0, max: 500, noNaN: true });
const objects = fc.array(
  fc.record(
    {
      label: fc.constantFrom(...strange),
      bbox: fc.tuple(coordinate, coordinate, size, size),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      difficult: fc.boolean(),
    },
    { requiredKeys: ['label', 'bbox', 'score', 'difficult'] },
  ),
  { maxLength: 8 },
) as fc.Arbitrary<LabeledObject[]>;
const image = fc.record({
  fileName: fc.constantFrom('a.jpg', 'deep/b & c.png', '"q", r.jpg'),
  width: fc.integer({ min: 1, max: 5000 }),
  height: fc.integer({ min: 1, max: 5000 }),
  objects,
}) as fc.Arbitrary<LabeledImage>;

/** Largest difference of two photos' boxes; everything else must be equal. */
function boxError(found: LabeledImage, given: LabeledImage, keys: string[]): number {
  expect(found.objects).toHaveLength(given.objects.length);
  let error = 0;
  found.objects.forEach((object, i) => {
    const other = given.objects[i];
    for (const key of ['label', ...keys] as (keyof LabeledObject)[]) {
      expect(object[key]).toEqual(other[key]);
    }
    object.bbox.forEach((value, k) => {
      error = Math.max(error, Math.abs(value - other.bbox[k]));
    });
  });
  return error;
}

describe('round trips keep the boxes', () => {
  it('VOC XML and ILSVRC XML: exactly, but for rounding', () => {
    fc.assert(
      fc.property(image, (photo) => {
        for (const pixels of [vocPixels, ilsvrcPixels]) {
          const xml = writeVocXml(photo, { pixels });
          const found = readVocXml(xml, 'a.xml', { pixels });
          expect(boxError(found, photo, ['difficult', 'score'])).toBeLessThan(1e-9);
          expect({ ...found, objects: [] }).toEqual({ ...photo, objects: [] });
        }
        const rounded = readVocXml(writeVocXml(photo, { round: true }));
        expect(boxError(rounded, photo, ['difficult'])).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('CSV', () => {
    fc.assert(
      fc.property(fc.uniqueArray(image, { selector: (i) => i.fileName }), (photos) => {
        for (const pixels of [undefined, vocPixels]) {
          const found = readCsv(writeCsv(photos, { pixels }), 'a.csv', { pixels });
          expect(found).toHaveLength(photos.length);
          found.forEach((photo, i) => {
            const error = boxError(photo, photos[i], ['difficult', 'score']);
            expect(error).toBeLessThan(1e-9);
            expect({ ...photo, objects: [] }).toEqual({ ...photos[i], objects: [] });
          });
        }
      }),
    );
  });

  it('LabelMe', () => {
    fc.assert(
      fc.property(image, (photo) => {
        const found = readLabelMe(writeLabelMe(photo));
        expect(boxError(found, photo, ['difficult'])).toBeLessThan(1e-9);
        expect({ ...found, objects: [] }).toEqual({ ...photo, objects: [] });
      }),
    );
  });

  it('YOLO: to a millionth of the photo', () => {
    fc.assert(
      fc.property(image, (photo) => {
        const { fileName, width = 0, height = 0 } = photo;
        const text = writeYolo(photo, strange);
        const found = readYolo(text, { fileName, width, height, classes: strange });
        const largest = Math.max(width, height);
        expect(boxError(found, photo, ['score'])).toBeLessThanOrEqual(
          1.01e-6 * largest,
        );
      }),
    );
  });

  it('Open Images CSV', () => {
    fc.assert(
      fc.property(image, (photo) => {
        const { width = 0, height = 0 } = photo;
        const [found = { fileName: '', objects: [] }] = readOpenImages(
          writeOpenImages([photo]),
          'a.csv',
          {
            sizes: new Map([
              ['a', { width, height }],
              ['b & c', { width, height }],
              ['"q", r', { width, height }],
            ]),
          },
        );
        expect(boxError(found, photo, ['score'])).toBeLessThan(1e-9);
      }),
    );
  });

  it('text of VOC and ILSVRC detections', () => {
    const photo: LabeledImage = {
      fileName: '2007_000549',
      objects: [
        { label: 'cat', bbox: [11, 43, 333, 438], score: 0.94 },
        { label: 'dog', bbox: [0.25, 0, 9.5, 1], score: 1e-7 },
      ],
    };
    expect(writeVocDetections([photo], 'cat')).toBe('2007_000549 0.94 12 44 344 481\n');
    const cats = readVocDetections(writeVocDetections([photo], 'cat'), 'cat');
    expect(cats).toEqual([{ ...photo, objects: [photo.objects[0]] }]);
    const text = writeIlsvrcDetections(
      [photo],
      new Map([
        ['cat', '5'],
        ['dog', '7'],
      ]),
    );
    expect(text).toContain('2007_000549 5 0.94 11 43 343 480\n');
    const names = new Map([
      ['5', 'cat'],
      ['7', 'dog'],
    ]);
    expect(readIlsvrcDetections(text, 'd.txt', names)).toEqual([photo]);
    expect(() => writeVocDetections([{ ...photo, fileName: 'a b' }], 'cat')).toThrow(
      EvaluationError,
    );
  });

  it('COCO and back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(image, { selector: (i) => i.fileName }), (photos) => {
        const dataset = assembleDataset(photos);
        const found = labeledImages(dataset);
        found.forEach((photo, i) => {
          expect(boxError(photo, photos[i], ['difficult'])).toBe(0);
        });
        const detections = assembleDetections(photos, dataset);
        const again = labeledImages(dataset, detections);
        again.forEach((photo, i) => {
          expect(boxError(photo, photos[i], ['score'])).toBe(0);
        });
        evaluate(dataset, detections); // is sound
      }),
    );
  });
});

describe('pixel conventions', () => {
  const xml = (box: string) =>
    `<annotation><filename>a.jpg</filename><object><name>cat</name>
     <bndbox>${box}</bndbox></object></annotation>`;

  it('reads one pixel as one pixel, fields in any order, decimals too', () => {
    const one = xml('<ymax>9</ymax><xmax>5</xmax><ymin>9</ymin><xmin>5</xmin>');
    expect(readVocXml(one).objects[0].bbox).toEqual([4, 8, 1, 1]);
    const ilsvrc = readVocXml(one, 'a.xml', { pixels: ilsvrcPixels });
    expect(ilsvrc.objects[0].bbox).toEqual([5, 9, 1, 1]);
    const half = xml('<xmin>1.5</xmin><ymin>1</ymin><xmax>2.25</xmax><ymax>2</ymax>');
    expect(readVocXml(half).objects[0].bbox).toEqual([0.5, 0, 1.75, 2]);
  });

  it('reads the layouts of box text alike', () => {
    const read = (text: string, layout: object) =>
      readBoxText(text, {
        fileName: 'a.jpg',
        box: 'x1 y1 x2 y2',
        scored: true,
        pixels: vocPixels,
        ...layout,
      }).objects;
    const expected = [{ label: 'cat', bbox: [11, 43, 333, 438], score: 0.94 }];
    expect(read('cat 0.94 12 44 344 481\n', {})).toEqual(expected);
    expect(read('cat 0.94 12 44 332 437', { box: 'x y width height' })).toEqual(
      expected,
    );
    const classes = ['dog', 'cat'];
    expect(read('1 0.94 12 44 344 481', { classes })).toEqual(expected);
    const [{ bbox }] = read('cat 0.94 0.475215 0.524656 0.884800 0.873787', {
      box: 'cx cy width height',
      relativeTo: { width: 375, height: 500 },
    });
    expected[0].bbox.forEach((value, k) => expect(bbox[k]).toBeCloseTo(value, 0));
  });

  it('reads outlines as the box around them', () => {
    const context = { fileName: 'a', width: 100, height: 10, classes: ['x'] };
    const outline = readYolo('0 0.1 0.2 0.5 0.1 0.3 0.9\n', context).objects[0].bbox;
    outline.forEach((value, k) => expect(value).toBeCloseTo([10, 1, 40, 8][k], 12));
    const shapes = [
      {
        label: 'a',
        shape_type: 'polygon',
        points: [
          [1, 2],
          [5, 1],
          [3, 9],
        ],
      },
      {
        label: 'b',
        shape_type: 'circle',
        points: [
          [10, 10],
          [13, 14],
        ],
      },
      { label: 'c', shape_type: 'point', points: [[1, 1]] },
      {
        label: 'd',
        shape_type: 'rectangle',
        points: [
          [9, 9],
          [2, 3],
        ],
      },
    ];
    const found = readLabelMe(JSON.stringify({ shapes, imagePath: '..\\a.jpg' }));
    expect(found.fileName).toBe('../a.jpg');
    expect(found.objects).toEqual([
      { label: 'a', bbox: [1, 1, 4, 8] },
      { label: 'b', bbox: [5, 5, 10, 10] },
      { label: 'd', bbox: [2, 3, 7, 6] },
    ]);
  });
});

describe('strange files', () => {
  const refuse = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError);
      return (error as Error).message;
    }
    throw new Error('nothing was refused');
  };
  const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "${'x'.repeat(99)}">]>`;

  it.each([
    [`${bomb}<annotation>&b;</annotation>`, 'declares a type'],
    ['<annotation>', 'line 1'],
    ['', 'not XML'],
    ['<other/>', 'annotation: the element is missing'],
    [
      '<annotation><object><bndbox/></object></annotation>',
      'annotation.object[0].name',
    ],
    [
      '<annotation><object><name>a</name><bndbox><xmin>1</xmin></bndbox></object></annotation>',
      'annotation.object[0].bndbox.ymin: expected a finite number, found null',
    ],
    [
      `<annotation><object><name>a</name><bndbox><xmin>9</xmin><ymin>1</ymin><xmax>7</xmax>
       <ymax>5</ymax></bndbox></object></annotation>`,
      'the width is negative (-1)',
    ],
    ['<annotation><size><width>-3</width></size></annotation>', '-3 is no size'],
    [`${'<annotation>'.repeat(3000)}${'</annotation>'.repeat(3000)}`, 'not XML'],
  ])('VOC: %#', (xml, reason) => {
    expect(refuse(() => readVocXml(xml, 'x.xml'))).toContain(reason);
    expect(refuse(() => readVocXml(xml, 'x.xml'))).toContain('x.xml: ');
  });

  it('VOC: pollutes no prototype', () => {
    const xml = `<annotation><__proto__><polluted>1</polluted></__proto__>
      <constructor><prototype><polluted>1</polluted></prototype></constructor></annotation>`;
    try {
      readVocXml(xml);
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('names the line', () => {
    const context = { fileName: 'a', width: 9, height: 9, classes: ['x', 'y'] };
    const yolo = (text: string) => refuse(() => readYolo(text, context, 'y.txt'));
    expect(yolo('0 .5 .5 .1 .1\n2 .5 .5 .1 .1')).toContain('y.txt: line 2: class "2"');
    expect(yolo('\n0 .5 .5 .1')).toContain('line 2: expected `class');
    expect(yolo('0 .5 .5 .1 nan')).toContain('line 1: expected a finite number');
    expect(yolo('0 .5 .5 -.1 .1')).toContain('the width is negative');
    const csv = (text: string) => refuse(() => readCsv(text, 'c.csv'));
    expect(csv('a,b\n')).toContain('line 1: the header needs');
    expect(csv('file,label,x1,y1,x2,y2\n\n"a\nb",c,1,2,3\n')).toContain('line 3');
    expect(csv('file,label,x1,y1,x2,y2\na,b,1,2,3,')).toContain('found ""');
    expect(csv('"a')).toContain('does not end');
    expect(csv('"a"b,c')).toContain('goes on after its end');
    expect(csv('')).toContain('empty');
    expect(refuse(() => readBlacklist('1 2\n3'))).toContain('line 2');
    expect(refuse(() => readOpenImages('ImageID,XMin\n'))).toContain('lacks LabelName');
    expect(refuse(() => readLabelMe('{"shapes":[{"label":1}]}'))).toContain(
      'shapes[0].label',
    );
  });

  it('takes class names from a data.yaml as a list or by number', () => {
    expect(namesOfDataYaml({ nc: 2, names: ['a', 7] })).toEqual(['a', '7']);
    expect(namesOfDataYaml({ names: { 1: 'b', 0: 'a' } })).toEqual(['a', 'b']);
    expect(refuse(() => namesOfDataYaml({ names: { 0: 'a', 2: 'b' } }))).toContain(
      '"2"',
    );
    expect(refuse(() => namesOfDataYaml({ names: ['a', null] }))).toContain('names[1]');
    expect(refuse(() => namesOfDataYaml(null))).toContain('expected an object');
  });

  it('reads tables as others write them', () => {
    const text =
      '\ufefffilename,width,height,class,xmin,ymin,xmax,ymax\r\n"a ""1"".jpg",9,8,cat,1,2,3,4\r\n';
    expect(readCsv(text)).toEqual([
      {
        fileName: 'a "1".jpg',
        width: 9,
        height: 8,
        objects: [{ label: 'cat', bbox: [1, 2, 2, 2] }],
      },
    ]);
    expect(readNames('a\r\nb c\n\n')).toEqual(['a', 'b c']);
    expect(readBlacklist('12 n0007\n')).toEqual([
      { image_id: '12', category_id: 'n0007' },
    ]);
  });
});

describe('classes of another vocabulary', () => {
  const photos: LabeledImage[] = [
    {
      fileName: 'a.jpg',
      objects: ['aeroplane', 'cat', 'sofa', 'couch', 'boat'].map((label, i) => ({
        label,
        bbox: [i, 0, 5, 5],
      })),
    },
  ];

  it('are renamed, joined, kept or dropped, and the result says so', () => {
    const dataset = assembleDataset(photos);
    const before = structuredClone(dataset);
    const into = ['airplane', 'cat', 'couch'];
    expect(() => mapClasses(dataset, vocToCoco, { into })).toThrow('"boat"');
    const result = mapClasses(dataset, vocToCoco, { into, others: 'drop' });
    expect(result.renamed).toEqual([
      ['aeroplane', 'airplane'],
      ['sofa', 'couch'],
    ]);
    expect(result.kept).toEqual(['cat', 'couch']);
    expect(result.dropped).toEqual([{ name: 'boat', annotations: 1 }]);
    expect(labelsOf(labeledImages(result.dataset))).toEqual(into);
    expect(result.dataset.annotations).toHaveLength(4);
    expect(dataset).toEqual(before);
    for (const [coco, voc] of cocoToVoc) expect(vocToCoco.get(voc)).toBe(coco);
  });

  it('are found by ids as text or numbers', () => {
    const dataset = assembleDataset(photos);
    const texts = {
      ...dataset,
      images: dataset.images.map((i) => ({ ...i, id: String(i.id) })),
      categories: dataset.categories.map((c) => ({ ...c, id: String(c.id) })),
    };
    expect(labeledImages(texts)).toEqual(labeledImages(dataset));
    const count = (d: typeof dataset) =>
      mapClasses(d, vocToCoco).dataset.annotations.length;
    expect(count(texts)).toBe(5);
  });

  it('are found by file name without folder only when that is unambiguous', () => {
    const objects = [{ label: 'cat', bbox: [0, 0, 1, 1], score: 1 }] as LabeledObject[];
    const dataset = assembleDataset([
      { fileName: 'x/1.jpg', objects },
      { fileName: 'y/1.jpg', objects: [] },
      { fileName: 'y/2.jpg', objects: [] },
    ]);
    const idOf = (fileName: string) =>
      assembleDetections([{ fileName, objects }], dataset)[0].image_id;
    expect([idOf('x/1.jpg'), idOf('y/1.jpg'), idOf('2'), idOf('z/2.png')]).toEqual([
      1, 2, 3, 3,
    ]);
    expect(() => idOf('1')).toThrow('several');
  });
});
