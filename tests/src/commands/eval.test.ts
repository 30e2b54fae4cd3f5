import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../shared.js';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

interface EvalJson {
  metrics: Record<string, number | null>;
  classes: { name: string; metrics: Record<string, number | null> }[];
  counts: Record<string, number>;
  inputs: Record<'annotations' | 'detections', { format: string; pixels: string }>;
}

/** Runs `rcnn eval` and gives its JSON too. */
async function runEval<T = EvalJson>(...args: string[]) {
  const json = join(temporaryFolder(), 'metrics.json');
  const run = await runCli(['eval', ...args, '-j', json]);
  expect(run.stderr.replace(/^note: .*\n/gm, '')).toBe('');
  expect(run.code).toBe(0);
  return { ...run, data: readJson<T>(json) };
}

function writeFolder(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** No line of a table is wider than a terminal. */
function expectNarrow(stdout: string) {
  for (const line of stdout.split('\n')) {
    if (/^[│┌├└]/.test(line)) expect(line.length, line).toBeLessThanOrEqual(80);
  }
}

describeShared('rcnn eval on pycocotools’ own example', () => {
  const golden = 'golden/coco-fake100';
  const annotations = sharedPath(golden, 'instances.json');
  const detections = sharedPath(golden, 'detections.json');

  it('gives its 12 numbers to 1e-12, as JSON and as a table, from gzipped files too', async () => {
    const folder = temporaryFolder();
    const zipped = join(folder, 'instances.json.gz');
    writeFileSync(zipped, gzipSync(readFileSync(annotations)));
    const zippedDetections = join(folder, 'detections.json.gz');
    writeFileSync(zippedDetections, gzipSync(readFileSync(detections)));
    const { stdout, data } = await runEval(
      ...['-a', zipped, '-d', zippedDetections, '--per-class'],
    );
    const expected = readJson<Record<string, number>>(
      sharedPath(golden, 'expected.json'),
    );
    expect(Object.keys(expected)).toHaveLength(12);
    for (const [name, value] of Object.entries(expected)) {
      expect(Math.abs(data.metrics[name]! - value), name).toBeLessThan(1e-12);
    }
    expect(stdout).toContain('50.46');
    expect(stdout).toContain('person');
    expect(stdout).toMatch(/scissors .* n\/a/);
    expect(stdout).toMatch(/fire hydrant .* 0 .* 2 .* 2 .* n\/a/);
    expect(stdout).toContain('COCO boxes: AP interpolated at 101 recalls');
    expectNarrow(stdout);
  });

  it('gives all reasons, which agree with the metrics', async () => {
    const folder = temporaryFolder();
    const curves = join(folder, 'curves.csv');
    const advice = join(folder, 'thresholds.json');
    const csv = join(folder, 'metrics.csv');
    const { stdout, stderr, data } = await runEval<
      EvalJson & {
        errors: { AP: number; counts: Record<string, number>; errors: unknown[] };
        confusion: { counts: number[][] };
        calibration: { count: number };
        breakdowns: { by: string; parts: { name: string; AP: number }[] }[];
        bootstrap: { AP: { value: number; low: number; high: number } };
        versus: { difference: number; parts: { part: number }[] };
        advice: { classes: { name: string; threshold: { score: number } | null }[] };
      }
    >(
      ...['-a', annotations, '-d', detections, '--errors', '--confusion'],
      ...['--calibration', '--by', 'size,aspect', '--by', 'crowdedness'],
      ...['--bootstrap', '50', '--advise', 'precision=0.8', '--advise-output', advice],
      ...['--versus', 'voc2010', '--curves', curves, '--csv', csv],
    );
    expectNarrow(stdout);
    const { metrics } = data;
    // TIDE's AP reads precision at k/100 and COCO's at linspace: the same but for rounding.
    expect(data.errors.AP).toBeCloseTo(metrics.AP50!, 3);
    const kinds = Object.values(data.errors.counts).reduce((a, b) => a + b, 0);
    expect(data.errors.errors).toHaveLength(kinds);
    expect(data.breakdowns.map(({ by }) => by)).toEqual([
      ...['size', 'aspect', 'crowdedness'],
    ]);
    expect(data.breakdowns[0].parts.map(({ AP }) => AP)[2]).toBeCloseTo(
      metrics.APlarge!,
      12,
    );
    expect(data.bootstrap.AP.value).toBeCloseTo(metrics.AP!, 12);
    expect(stdout).toMatch(/COCO AP 50\.46 %, with 95 % confidence \d/);
    const sum = data.versus.parts.reduce((total, { part }) => total + part, 0);
    expect(sum).toBeCloseTo(data.versus.difference, 12);
    const voc = await runEval('-a', annotations, '-d', detections, '-p', 'voc2010');
    expect(voc.data.metrics.mAP! - metrics.AP!).toBeCloseTo(data.versus.difference, 12);
    // Every object is in the matrix once.
    const objects = data.confusion.counts
      .slice(0, -1)
      .flat()
      .reduce((a, b) => a + b, 0);
    expect(objects).toBe(830);
    expect(data.calibration.count).toBe(734);

    const thresholds = readJson<Record<string, number>>(advice);
    const person = data.advice.classes.find(({ name }) => name === 'person')!;
    expect(thresholds.person).toBe(person.threshold!.score);
    expect(thresholds).not.toHaveProperty('fire hydrant');
    expect(thresholds).not.toHaveProperty('all classes');
    expect(stderr).toMatch(/no threshold serves the goal for "airplane"/);

    const rows = readFileSync(csv, 'utf8').trim().split('\n');
    expect(rows).toHaveLength(82);
    expect(rows[0]).toMatch(/^protocol,class,id,boxes,detections,true,false,AP,AP50/);
    expect(rows[1].split(',')[7]).toBe(String(metrics.AP));
    expect(rows.find((row) => row.includes('fire hydrant'))).toContain(',n/a');
    expect(readFileSync(curves, 'utf8')).toMatch(
      /^class,id,score,precision,recall,f1\n,,0\.997,1,/,
    );
  });

  it('takes thresholds, limits and ranges of area', async () => {
    const { data } = await runEval(
      ...['-a', annotations, '-d', detections, '--iou', '0.5', '--max-dets', '5,100'],
      ...['--areas', 'all=0-inf,tiny=0-256'],
    );
    const expected = readJson<Record<string, number>>(
      sharedPath(golden, 'expected.json'),
    );
    expect(Math.abs(data.metrics.AP! - expected.AP50)).toBeLessThan(1e-12);
    expect(Object.keys(data.metrics)).toEqual(
      expect.arrayContaining(['AR5', 'AR100', 'APtiny', 'ARtiny']),
    );
  });

  it('fails under a limit with exit code 1, and says which', async () => {
    const args = ['eval', '-a', annotations, '-d', detections, '--fail-under'];
    const met = await runCli([...args, 'AP=0.5', '--fail-under', 'AP50=69%']);
    expect(met.code).toBe(0);
    const unmet = await runCli([...args, 'AP=0.51', '--fail-under', 'AP50=69%']);
    expect(unmet.code).toBe(1);
    expect(unmet.stdout).toContain('50.46');
    expect(unmet.stderr).toContain('AP is 50.46 %, less than 51.00 %');
    expect(unmet.stderr).not.toContain('AP50');
    const unknown = await runCli([...args, 'mAP=0.5']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/no metric mAP; there are AP, AP50/);
  });
});

describeShared('rcnn eval on the toy sets of VOC', () => {
  const toy = (...parts: string[]) => sharedPath('golden/voc-toy', ...parts);
  const known = [
    ['voc2007', '0.5', 0.8863636364],
    ['voc2010', '0.5', 0.8958333333],
    ['voc2007', '0.75', 0.4924242424],
    ['voc2010', '0.75', 0.5097222222],
  ] as const;
  const named = ['--names', toy('toyexample/voc.names')];

  it.each([
    ['classname_abs_xywh', 'text:xywh', []],
    ['classname_abs_xyx2y2', 'text:xyxy', []],
    ['classname_rel_xcycwh', 'text:cxcywh:relative:round', []],
    ['classid_abs_xywh', 'text:xywh', named],
    ['classid_abs_xyx2y2', 'text:xyxy', named],
    ['classid_rel_xcycwh', 'text:cxcywh:relative:round', named],
    ['coco_format', 'coco', []],
  ])('gives the known APs for the layout %s', async (layout, format, more) => {
    const isCoco = layout === 'coco_format';
    const path = toy(`toyexample/dets_${layout}`, isCoco ? 'coco_dets.json' : '');
    for (const [protocol, iou, expected] of known) {
      const { data } = await runEval(
        ...['-a', toy('toyexample/gts_vocpascal_format'), '-d', path],
        ...['--detections-format', format, '--detections-pixels', 'voc', ...more],
        ...['-p', protocol, '--iou', iou],
      );
      expect(Math.abs(data.metrics.mAP! - expected), protocol).toBeLessThan(1e-9);
      expect(data.inputs.annotations.format).toBe('voc');
      expect(data.inputs.detections.pixels).toBe('pixels from 1, last pixel included');
    }
  });

  it('does not take text with the score before the box for YOLO text', async () => {
    const { code, stderr } = await runCli([
      ...['eval', '-a', toy('toyexample/gts_vocpascal_format'), ...named],
      ...['-d', toy('toyexample/dets_classid_rel_xcycwh')],
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/score before the box \(text:cxcywh:relative\)/);
  });

  it.each([
    ['voc2007', '0.1', 0.3333333333],
    ['voc2007', '0.3', 0.2683982683],
    ['voc2007', '0.5', 0.0303030303],
    ['voc2010', '0.1', 0.3371980676],
    ['voc2010', '0.3', 0.2456866804],
    ['voc2010', '0.5', 0.0222222222],
  ])('gives the known APs of text on both sides, %s at IoU %s', async (p, iou, ap) => {
    const text = [
      '--annotations-format',
      'text:xywh',
      '--detections-format',
      'text:xywh',
    ];
    const { data } = await runEval(
      ...['-a', toy('test_case_1/gts'), '-d', toy('test_case_1/dets'), ...text],
      ...['--annotations-pixels', 'ilsvrc', '--detections-pixels', 'ilsvrc'],
      ...['-p', p, '--iou', iou],
    );
    expect(Math.abs(data.metrics.mAP! - ap)).toBeLessThan(1e-9);
  });
});

/** One photo 100 × 80, a cat found rightly and a dog found as nothing that is there. */
const coco = (extra: object = {}) => ({
  images: [{ id: 7, file_name: 'in/a.jpg', width: 100, height: 80, weather: 'rain' }],
  categories: [
    { id: 3, name: 'aeroplane' },
    { id: 5, name: 'dog' },
  ],
  annotations: [{ id: 1, image_id: 7, category_id: 3, bbox: [10, 10, 40, 20] }],
  ...extra,
});

const results = (rows: [number, number, number[], number][]) =>
  JSON.stringify(
    rows.map(([image_id, category_id, bbox, score]) => ({
      ...{ image_id, category_id, bbox, score },
    })),
  );

describe('rcnn eval reads every format', () => {
  const truth = JSON.stringify(coco());
  const perfect: Record<string, [files: Record<string, string>, path: string]> = {
    csv: [
      { 'd.csv': 'file,label,x1,y1,x2,y2,score\na.jpg,aeroplane,10,10,50,30,.9\n' },
      'd.csv',
    ],
    'voc-text': [{ 'r/comp4_det_test_aeroplane.txt': 'a .9 11 11 50 30\n' }, 'r'],
    voc: [
      {
        'v/a.xml':
          '<annotation><filename>a.jpg</filename><object><name>aeroplane</name><score>.9</score><bndbox><xmin>11</xmin><ymin>11</ymin><xmax>50</xmax><ymax>30</ymax></bndbox></object></annotation>',
      },
      'v',
    ],
    yolo: [
      {
        'y/labels/a.txt': '1 0.3 0.25 0.4 0.25 0.9\n',
        'y/data.yaml': 'names: [dog, aeroplane]\n',
      },
      'y',
    ],
    openimages: [
      {
        'o.csv':
          'ImageID,LabelName,XMin,XMax,YMin,YMax,Score\na,aeroplane,0.1,0.5,0.125,0.375,0.9\n',
      },
      'o.csv',
    ],
    'ilsvrc-text': [
      { 'i.txt': '12 1 0.9 10 10 49 29\n', 'n.txt': 'aeroplane\n', 'l.txt': 'a 12\n' },
      'i.txt',
    ],
  };
  it.each(Object.keys(perfect))('%s, which it tells by itself', async (format) => {
    const [files, path] = perfect[format];
    const folder = writeFolder({ ...files, 'truth.json': truth });
    const more =
      format === 'ilsvrc-text'
        ? ['--names', join(folder, 'n.txt'), '--image-list', join(folder, 'l.txt')]
        : [];
    const { data } = await runEval(
      ...['-a', join(folder, 'truth.json'), '-d', join(folder, path), ...more],
    );
    expect(data.inputs.detections.format).toBe(format);
    expect(data.metrics.AP).toBe(1);
  });

  it('LabelMe, YOLO and ILSVRC ground truth; sizes come from the photos', async () => {
    const labelMe = {
      imagePath: 'a.jpg',
      shapes: [
        {
          label: 'cat',
          points: [
            [10, 10],
            [50, 30],
          ],
          shape_type: 'rectangle',
        },
      ],
    };
    const sharp = (await import('sharp')).default;
    const folder = writeFolder({
      'labelme/a.json': JSON.stringify(labelMe),
      'yolo/a.txt': '0 0.3 0.25 0.4 0.25\n',
      'yolo/classes.txt': 'cat\n',
      'ilsvrc/a.xml':
        '<annotation><filename>a</filename><source><database>ILSVRC_2013</database></source><object><name>cat</name><bndbox><xmin>10</xmin><xmax>49</xmax><ymin>10</ymin><ymax>29</ymax></bndbox></object></annotation>',
      'd.csv': 'file,label,x1,y1,x2,y2,score\na.jpg,cat,10,10,50,30,.9\n',
      'photos/x': '',
    });
    // On its side by EXIF: upright it is 100 × 80.
    await sharp({ create: { width: 80, height: 100, channels: 3, background: '#888' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(join(folder, 'photos/a.jpg'));
    for (const format of ['labelme', 'yolo', 'ilsvrc']) {
      const { data } = await runEval(
        ...['-a', join(folder, format), '-d', join(folder, 'd.csv')],
        ...['--images', join(folder, 'photos')],
      );
      expect(data.inputs.annotations.format).toBe(format);
      expect(data.metrics.AP, format).toBe(1);
    }
    const sizeless = await runCli([
      ...['eval', '-a', join(folder, 'yolo'), '-d', join(folder, 'd.csv')],
    ]);
    expect(sizeless.code).toBe(2);
    expect(sizeless.stderr).toMatch(/a\.txt: .*--images/);
  });
});

describe('rcnn eval matches photos and classes', () => {
  it('by the images.json beside results whose ids are others', async () => {
    const folder = writeFolder({
      'truth.json': JSON.stringify(coco()),
      'found/detections.json': results([[1, 1, [10, 10, 40, 20], 0.9]]),
      'found/images.json': JSON.stringify({
        images: [{ id: 1, file_name: 'a.jpg' }],
        categories: [{ id: 1, name: 'aeroplane' }],
      }),
    });
    const { data, stderr } = await runEval(
      ...['-a', join(folder, 'truth.json')],
      ...['-d', join(folder, 'found/detections.json')],
    );
    expect(data.metrics.AP).toBe(1);
    expect(stderr).toMatch(/matched by name/);
  });

  it('after renaming on both sides, which it reports', async () => {
    const folder = writeFolder({
      'truth.json': JSON.stringify(coco()),
      'd.csv':
        'file,label,x1,y1,x2,y2,score\na.jpg,airplane,10,10,50,30,.9\na.jpg,zebra,0,0,9,9,.8\n',
    });
    const paths = ['-a', join(folder, 'truth.json'), '-d', join(folder, 'd.csv')];
    const unmapped = await runCli(['eval', ...paths]);
    expect(unmapped.code).toBe(2);
    expect(unmapped.stderr).toMatch(
      /no class "airplane", "zebra".*--map.*--ignore-unknown/,
    );
    const strict = await runCli(['eval', ...paths, '--map', 'voc-coco']);
    expect(strict.code).toBe(2);
    expect(strict.stderr).toMatch(/no class "zebra", they have "airplane", "dog"/);
    const { data, stderr } = await runEval(
      ...paths,
      '--map',
      'voc-coco',
      '--ignore-unknown',
    );
    expect(data.metrics.AP).toBe(1);
    expect(stderr).toContain('aeroplane → airplane');
    expect(stderr).toMatch(/1 detections left out: .* classes "zebra"/);
  });

  it('and never takes numbers for those of annotations that have none', async () => {
    const folder = writeFolder({
      't/a.xml':
        '<annotation><filename>a.jpg</filename><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>',
      'd.json': results([[1, 1, [0, 0, 9, 9], 1]]),
    });
    const paths = ['-a', join(folder, 't'), '-d', join(folder, 'd.json')];
    const { code, stderr } = await runCli(['eval', ...paths]);
    expect(code).toBe(2);
    expect(stderr).toContain('--detections-ids');
    writeFileSync(
      join(folder, 'ids.json'),
      JSON.stringify({
        images: [{ id: 1, file_name: 'a.png' }],
        categories: [{ id: 1, name: 'cat' }],
      }),
    );
    const { data } = await runEval(
      ...paths,
      '--detections-ids',
      join(folder, 'ids.json'),
    );
    expect(data.metrics.AP).toBe(1);
  });
});

describe('rcnn eval knows the protocols', () => {
  it('ILSVRC’s blacklist, in numbers of the lists', async () => {
    const xml = (name: string) =>
      `<annotation><filename>${name}</filename><source><database>ILSVRC_2013</database></source><object><name>n1</name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>99</xmax><ymax>99</ymax></bndbox></object></annotation>`;
    const folder = writeFolder({
      't/p1.xml': xml('p1'),
      't/p2.xml': xml('p2'),
      'd.txt': '41 1 0.9 0 0 99 99\n',
      'names.txt': 'n1\n',
      'list.txt': 'p2 42\np1 41\np3 43\n',
      'black.txt': '42 1\n43 1\n',
    });
    const args = [
      ...['-a', join(folder, 't'), '-d', join(folder, 'd.txt'), '-p', 'ilsvrc'],
      ...[
        '--names',
        join(folder, 'names.txt'),
        '--image-list',
        join(folder, 'list.txt'),
      ],
    ];
    const all = await runEval(...args);
    expect(all.data.metrics.mAP).toBe(0.5);
    const { data, stdout } = await runEval(
      ...[...args, '--blacklist', join(folder, 'black.txt')],
    );
    expect(data.metrics.mAP).toBe(1);
    expect(stdout).toContain('1 blacklisted pairs');
  });

  it('Open Images’ hierarchy and labels of photos', async () => {
    const folder = writeFolder({
      't.csv':
        'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf\na,x,/m/dog,1,0.1,0.5,0.1,0.5,0,0,0\nb,x,/m/animal,1,0.1,0.5,0.1,0.5,0,0,0\n',
      'd.csv':
        'ImageID,LabelName,XMin,XMax,YMin,YMax,Score\na,/m/dog,0.1,0.5,0.1,0.5,0.5\na,/m/animal,0.1,0.5,0.1,0.5,0.9\nb,/m/dog,0.1,0.5,0.1,0.5,0.8\n',
      'h.json': JSON.stringify({
        LabelName: '/m/root',
        Subcategory: [
          { LabelName: '/m/animal', Subcategory: [{ LabelName: '/m/dog' }] },
        ],
      }),
      'l.csv': 'ImageID,Source,LabelName,Confidence\na,v,/m/dog,1\n',
    });
    const args = [
      '-a',
      join(folder, 't.csv'),
      '-d',
      join(folder, 'd.csv'),
      '-p',
      'openimages',
    ];
    const plain = await runEval(...args);
    // Animal: nothing right. Dog: the false one of b comes first.
    expect(plain.data.metrics.mAP).toBe(0.25);
    const full = await runEval(
      ...[...args, '--hierarchy', join(folder, 'h.json')],
      ...['--image-labels', join(folder, 'l.csv')],
    );
    // Animal: one of two found. Dog: not known for b, so that one doesn't count.
    expect(full.data.metrics.mAP).toBe(0.75);
  });

  it('LVIS, with a remedy where it has nothing to judge by', async () => {
    const folder = writeFolder({
      'plain.json': JSON.stringify(coco()),
      'lvis.json': JSON.stringify(
        coco({
          images: [{ id: 7, neg_category_ids: [5], not_exhaustive_category_ids: [] }],
          categories: [
            { id: 3, name: 'a', frequency: 'r' },
            { id: 5, name: 'b', frequency: 'f' },
          ],
        }),
      ),
      'd.json': results([[7, 3, [10, 10, 40, 20], 0.9]]),
    });
    const d = ['-d', join(folder, 'd.json'), '-p', 'lvis'];
    const { data } = await runEval('-a', join(folder, 'lvis.json'), ...d);
    expect(data.metrics).toMatchObject({ AP: 1, APr: 1, APf: null });
    const refused = await runCli(['eval', '-a', join(folder, 'plain.json'), ...d]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('neg_category_ids');
  });

  it('and refuses options of other ones', async () => {
    const run = (...args: string[]) => runCli(['eval', '-a', 'x', '-d', 'y', ...args]);
    for (const args of [
      ['-p', 'voc2007', '--areas', 'all=0-9'],
      ['-p', 'ilsvrc', '--iou', '0.5'],
      ['--blacklist', 'z'],
      ['-p', 'lvis', '--max-dets', '1,2'],
      ['-p', 'lvis', '--versus', 'coco'],
      ['--iou', '2'],
      ['--areas', 'tiny'],
      ['--advise', 'speed'],
      ['--advise-output', 'z'],
      ['--json', '/nowhere/at/all.json'],
    ]) {
      const { code, stderr } = await run(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr, args.join(' ')).toContain(
        args.find((a) => a.startsWith('--'))!.replace('--json', 'all.json'),
      );
    }
  });
});

it('breaks AP down by any member of the photos', async () => {
  const folder = writeFolder({
    't.json': JSON.stringify(coco()),
    'd.json': results([[7, 3, [10, 10, 40, 20], 0.9]]),
  });
  const paths = ['-a', join(folder, 't.json'), '-d', join(folder, 'd.json')];
  const { stdout } = await runEval(...paths, '--by', 'weather');
  expect(stdout).toMatch(/rain .* 1 .* 1 .* 100\.00/);
  const wrong = await runCli(['eval', ...paths, '--by', 'season']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('no photo has the attribute "season"');
});

it('names the file and the place of a fault, with exit code 2', async () => {
  const annotations = (bbox: number[]) =>
    JSON.stringify(
      coco({ annotations: [{ id: 1, image_id: 7, category_id: 3, bbox }] }),
    );
  const folder = writeFolder({
    'bad.json': annotations([0, 0, -5, 1]),
    'good.json': annotations([0, 0, 5, 1]),
    'd.json': '[]',
    'cut.json': '[{"image_id": 7, "category',
    'bad.json.gz': 'no gzip',
    'odd.txt': 'hello world\n',
    'mixed/a.xml': '<a/>',
    'mixed/b.json': '{}',
  });
  const good = join(folder, 'good.json');
  const cases: [string, string, RegExp][] = [
    [
      join(folder, 'bad.json'),
      join(folder, 'd.json'),
      /bad\.json: annotations\[0\]\.bbox/,
    ],
    [
      join(folder, 'no.json'),
      join(folder, 'd.json'),
      /no\.json: there is no such file/,
    ],
    [good, join(folder, 'cut.json'), /cut\.json: byte \d+.*cut off/],
    [good, join(folder, 'bad.json.gz'), /bad\.json\.gz: cannot be unzipped/],
    [good, join(folder, 'odd.txt'), /odd\.txt: .*--detections-format/],
    [join(folder, 'mixed'), good, /mixed: .*several kinds.*--annotations-format/],
  ];
  for (const [a, d, message] of cases) {
    const { code, stderr, stdout } = await runCli(['eval', '-a', a, '-d', d]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  }
});
