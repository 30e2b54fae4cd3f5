import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../shared.js';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

interface Dataset {
  images: { id: number; file_name: string; width?: number; height?: number }[];
  categories: { id: number; name: string }[];
  annotations: {
    image_id: number;
    category_id: number;
    bbox: number[];
    score?: number;
    difficult?: number;
  }[];
}

async function convert(...args: string[]) {
  const run = await runCli(['convert', ...args]);
  expect(run.stderr.replace(/^note: .*\n/gm, '')).toBe('');
  expect(run.code).toBe(0);
  return run;
}

/** Objects as text, photos by their name without extension, numbers to 1e-6. */
function objectsOf({ images, categories, annotations }: Dataset): string[] {
  const photos = new Map(images.map(({ id, file_name }) => [id, file_name]));
  const classes = new Map(categories.map(({ id, name }) => [id, name]));
  return annotations
    .map(({ image_id, category_id, bbox, score }) =>
      [
        photos.get(image_id)!.replace(/\.[^.]+$/, ''),
        classes.get(category_id),
        ...bbox.map((value) => Number(value.toFixed(6)) + 0),
        score ?? '',
      ].join(' '),
    )
    .sort();
}

/** Boxes at fractions of pixels, a strange name, a photo in a folder, one without objects. */
const dataset: Dataset = {
  images: [
    { id: 4, file_name: 'a.jpg', width: 640, height: 480 },
    { id: 9, file_name: 'deep/b.png', width: 333, height: 777 },
    { id: 2, file_name: 'none.jpg', width: 10, height: 10 },
  ],
  categories: [
    { id: 1, name: 'zebra' },
    { id: 7, name: 'dog & "bird"' },
  ],
  annotations: [
    { image_id: 4, category_id: 7, bbox: [10.25, 20.5, 100.125, 50.75] },
    { image_id: 4, category_id: 1, bbox: [0, 0, 640, 480] },
    { image_id: 9, category_id: 1, bbox: [1 / 3, 2 / 3, 10.1, 700.7] },
  ],
};

describe('rcnn convert', () => {
  it.each([
    ['voc', 'pixels from 1, last pixel included'],
    ['ilsvrc', 'pixels from 0, last pixel included'],
    ['yolo', 'pixels from 0, half-open'],
    ['csv', 'pixels from 0, half-open'],
    ['labelme', 'pixels from 0, half-open'],
    ['openimages', 'pixels from 0, half-open'],
  ])('to %s and back gives the same boxes', async (format, pixels) => {
    const folder = temporaryFolder();
    const from = join(folder, 'from.json');
    writeFileSync(from, JSON.stringify(dataset));
    const middle = join(folder, 'middle');
    const { stdout } = await convert(from, middle, '--to-format', format);
    expect(stdout).toContain(`(${format}: ${pixels})`);
    expect(stdout).toContain('3 photos, 3 boxes');

    const photos = join(folder, 'photos');
    const sharp = (await import('sharp')).default;
    mkdirSync(join(photos, 'deep'), { recursive: true });
    for (const { file_name, width, height } of dataset.images) {
      const background = '#777';
      await sharp({
        create: { width: width!, height: height!, channels: 3, background },
      }).toFile(join(photos, file_name));
    }
    const back = join(folder, 'back.json');
    await convert(
      ...[middle, back, '--from-format', format],
      ...(format === 'yolo' || format === 'openimages' ? ['--images', photos] : []),
    );
    const expected = objectsOf(dataset);
    const found = objectsOf(readJson(back));
    if (format === 'openimages') {
      // Its ImageID is a name without folders.
      expect(found.map((text) => text.replace('deep/', ''))).toEqual(
        expected.map((text) => text.replace('deep/', '')).sort(),
      );
    } else expect(found).toEqual(expected);
    // Photos without objects survive where the format has a file for each.
    if (format !== 'openimages') {
      expect(readJson<Dataset>(back).images).toHaveLength(3);
    }
  });

  it('writes what the devkits would: whole pixels, from 1', async () => {
    const folder = temporaryFolder();
    const from = join(folder, 'd.csv');
    writeFileSync(
      from,
      'file,width,height,label,x1,y1,x2,y2\na.jpg,50,40,cat,0,0,50,40\n',
    );
    const to = join(folder, 'voc');
    await convert(from, to, '--to-format', 'voc', '--round');
    const xml = readFileSync(join(to, 'a.xml'), 'utf8').replace(/\s/g, '');
    expect(xml).toContain('<xmin>1</xmin><ymin>1</ymin><xmax>50</xmax><ymax>40</ymax>');
  });

  it('overwrites nothing unless told, and leaves other files alone', async () => {
    const folder = temporaryFolder();
    const from = join(folder, 'from.json');
    writeFileSync(from, JSON.stringify(dataset));
    const file = join(folder, 'to.csv');
    writeFileSync(file, 'mine');
    const refused = await runCli(['convert', from, file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await convert(from, file, '--force');
    expect(readFileSync(file, 'utf8')).toContain('zebra');

    const voc = join(folder, 'voc');
    mkdirSync(voc);
    writeFileSync(join(voc, 'mine.txt'), 'mine');
    const full = await runCli(['convert', from, voc, '--to-format', 'voc']);
    expect(full.code).toBe(2);
    const { stderr } = await convert(from, voc, '--to-format', 'voc', '--force');
    expect(stderr).toMatch(/1 other files .* left alone/);
    expect(readFileSync(join(voc, 'mine.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(join(voc, 'deep'))).toEqual(['b.xml']);
  });

  it('leaves nothing behind when it can’t finish', async () => {
    const folder = temporaryFolder();
    const from = join(folder, 'from.csv');
    writeFileSync(
      from,
      'file,label,x1,y1,x2,y2\na.jpg,cat,0,0,5,5\n../b.jpg,cat,0,0,5,5\n',
    );
    const sizeless = await runCli([
      'convert',
      from,
      join(folder, 'y'),
      '--to-format',
      'yolo',
    ]);
    expect(sizeless.code).toBe(2);
    expect(sizeless.stderr).toMatch(/a\.jpg: .*size is not known/);
    const escaping = await runCli([
      'convert',
      from,
      join(folder, 'v'),
      '--to-format',
      'voc',
    ]);
    expect(escaping.code).toBe(2);
    expect(escaping.stderr).toContain("'..'");
    for (const args of [
      ['to.xyz'],
      ['none/to.json'],
      ['t', '--to-format', 'text:xywh'],
    ]) {
      const { code } = await runCli(['convert', from, ...args], { cwd: folder });
      expect(code, args[0]).toBe(2);
    }
    expect(readdirSync(folder)).toEqual(['from.csv']);
    expect(existsSync(join(folder, '../b.xml'))).toBe(false);
  });

  it('renames classes, and says which', async () => {
    const folder = temporaryFolder();
    const from = join(folder, 'from.csv');
    writeFileSync(
      from,
      'file,label,x1,y1,x2,y2\na.jpg,sofa,0,0,5,5\na.jpg,cat,0,0,5,5\n',
    );
    const to = join(folder, 'to.json');
    const { stderr } = await convert(from, to, '--map', 'voc-coco');
    expect(stderr).toContain('1 renamed (sofa → couch), 1 kept');
    expect(readJson<Dataset>(to).categories.map(({ name }) => name)).toEqual([
      ...['cat', 'couch'],
    ]);
  });

  it('turns detections into plain results under the ids of annotations, and back', async () => {
    const folder = temporaryFolder();
    const truth = join(folder, 'truth.json');
    writeFileSync(truth, JSON.stringify(dataset));
    const csv = join(folder, 'd.csv');
    writeFileSync(
      csv,
      'file,label,x1,y1,x2,y2,score\na.jpg,zebra,1,2,11,22,0.5\nb.png,zebra,0,0,5,5,0.25\n',
    );
    const results = join(folder, 'results.json');
    await convert(csv, results, '--annotations', truth);
    expect(readJson(results)).toEqual([
      { image_id: 4, category_id: 1, bbox: [1, 2, 10, 20], score: 0.5 },
      { image_id: 9, category_id: 1, bbox: [0, 0, 5, 5], score: 0.25 },
    ]);
    const needy = await runCli(['convert', results, join(folder, 'x.csv')]);
    expect(needy.code).toBe(2);
    expect(needy.stderr).toContain('--annotations');
    const text = join(folder, 'text');
    await convert(results, text, '--to-format', 'voc-text', '-a', truth);
    expect(readFileSync(join(text, 'comp4_det_test_zebra.txt'), 'utf8')).toBe(
      'a.jpg 0.5 2 3 11 22\ndeep/b.png 0.25 1 1 5 5\n',
    );
  });
});

describeShared('rcnn convert on the toy set of VOC', () => {
  it('agrees with the set’s own COCO file, whose corners count from 1', async () => {
    const toy = (name: string) => sharedPath('golden/voc-toy/toyexample', name);
    const to = join(temporaryFolder(), 'to.json');
    await convert(toy('gts_vocpascal_format'), to);
    const own = readJson<Dataset>(toy('gts_coco_format/toy_example_coco.JSON'));
    for (const annotation of own.annotations) {
      const [x, y, w, h] = annotation.bbox;
      annotation.bbox = [x - 1, y - 1, w + 1, h + 1];
    }
    const cats = objectsOf(readJson(to)).filter((text) => text.includes(' cat '));
    expect(cats).toEqual(objectsOf(own));
  });
});
