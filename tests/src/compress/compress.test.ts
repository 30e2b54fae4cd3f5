import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadClassifier } from '../../../detectors/classify/loadClassifier.js';
import { readClassifier } from '../../../detectors/classify/readClassifier.js';
import { onnxEngine } from '../../../detectors/engines/onnxEngine.js';
import { MAPS } from '../../../detectors/graph/detectorGraph.js';
import { networkNamed } from '../../../detectors/graph/networks/index.js';
import { defaultModelFile } from '../../../detectors/loadDetector.js';
import { classifierMetadata } from '../../../detectors/weights/classifierMetadata.js';
import { readModel } from '../../../detectors/model.js';
import {
  readWeights,
  writeSafetensors,
} from '../../../detectors/weights/safetensors.js';
import type { CorrelationReport } from '../../../src/inspect/runCorrelations.js';
import type { CompressReport } from '../../../src/compress/runCompress.js';
import { decodeImage } from '../../../src/images/decodeImage.js';
import { describeShared, sharedPath } from '../../shared.js';
import { describeEngines } from '../../detectors/engines.js';
import {
  randomNumbers,
  randomTensor,
  randomWeights,
} from '../../detectors/randomNetwork.js';
import { writePlantedDetector } from '../plantedDetector.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

const folder = temporaryFolder();
const planted = join(folder, 'planted.safetensors');
const narrow = join(folder, 'narrow.safetensors');
const correlations = join(folder, 'correlations.json');

const inspect = (weights: string, ...more: string[]) =>
  runCli([
    'inspect',
    'correlations',
    samples,
    ...['--weights', weights, '--layers', 'inception_3b*', '--side', '256'],
    ...['--json', correlations, '--quiet', ...more],
  ]);

/** Twelve digits of each class as photos, "CLASS-NUMBER.png". */
async function digitPhotos(): Promise<string> {
  const photos = join(folder, 'digits');
  if (existsSync(photos)) return photos;
  mkdirSync(photos);
  const sheet = sharp(
    fileURLToPath(new URL('../../fixtures/detectors/digits.png', import.meta.url)),
  );
  for (let digit = 0; digit < 10; digit++) {
    for (let i = 0; i < 12; i++) {
      const place = { left: 28 * i, top: 28 * digit, width: 28, height: 28 };
      await sheet
        .clone()
        .extract(place)
        .toFile(join(photos, `${digit}-${i}.png`));
    }
  }
  return photos;
}

/** COCO annotations for the sample photos: one cat. */
function writeAnnotations(): string {
  const file = join(folder, 'annotations.json');
  const model = readModel(readWeights(readFileSync(planted), planted), planted);
  const { names, ids } = model.classes;
  const categories = names.slice(1).map((name, i) => ({ id: ids[i + 1], name }));
  const images = [{ id: 1, file_name: 'chelsea.jpg', width: 451, height: 300 }];
  const bbox = [20, 10, 400, 280];
  const category = categories.find(({ name }) => name === 'cat')!.id;
  const annotation = {
    id: 1,
    image_id: 1,
    category_id: category,
    bbox,
    area: 112e3,
    iscrowd: 0,
  };
  writeFileSync(
    file,
    JSON.stringify({ images, categories, annotations: [annotation] }),
  );
  return file;
}

beforeAll(async () => {
  writePlantedDetector(planted);
  const { code } = await inspect(planted, '--threshold', '0.99999');
  expect(code).toBe(0);
}, 120_000);

describe('rcnn weights compress', () => {
  it('takes the planted units out of a detector, whose outputs stay', async () => {
    const json = join(folder, 'compressed.json');
    const { code, stdout, stderr } = await runCli([
      'weights',
      'compress',
      planted,
      ...['--from', correlations, '--output', narrow, '--json', json, '--quiet'],
      ...['--photos', samples, '--count', '1', '--side', '192'],
      ...['--annotations', writeAnnotations(), '--images', samples],
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('without 3 of');
    const report = readJson<CompressReport>(json);
    expect(report.removed).toBe(3);
    expect(report.comparison!.difference).toBeLessThan(1e-5);
    expect(report.accuracy!.after).toEqual(report.accuracy!.before);
    expect(report.accuracy!.before.AP50).toBeGreaterThan(0);
    // Rows of three convolutions, and one input of those that read them.
    const gone = 257 + 257 + (9 * 127 + 1) + 9 * 192 + 2 * (192 + 96 + 16 + 64);
    expect(report.before.parameters - report.after.parameters).toBe(gone);
    expect(report.after.multiplyAdds).toBeLessThan(report.before.multiplyAdds);
  });

  it('writes a file that says its widths, and runs as it is', async () => {
    const read = (file: string) =>
      readModel(readWeights(readFileSync(file), file), file);
    const [before, after] = [read(planted), read(narrow)];
    expect(JSON.parse(after.weights.metadata.channels)).toEqual({
      'inception_3b/1x1': 127,
      'inception_3b/3x3_reduce': 127,
      'inception_3b/3x3': 191,
    });
    const engine = await onnxEngine();
    const input = randomTensor([2, 3, 128, 128], randomNumbers(2));
    input.data.forEach((value, i) => (input.data[i] = 100 * value));
    const run = async ({ graph, weights }: typeof before) => {
      const session = await engine.load(graph, weights, { outputs: [MAPS] });
      const { [MAPS]: maps } = await session.run(input);
      await session.dispose();
      return maps;
    };
    const [expected, actual] = [await run(before), await run(after)];
    const scale = expected.data.reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      0,
    );
    expected.data.forEach((value, i) => {
      if (!(Math.abs(actual.data[i] - value) < 1e-5 * scale)) {
        throw new Error(`${i}: ${actual.data[i]} instead of ${value}`);
      }
    });
  });

  it('keeps widths that are multiples when asked to', async () => {
    const output = join(folder, 'even.safetensors');
    const { code, stdout } = await runCli([
      'weights',
      'compress',
      planted,
      ...['--from', correlations, '--output', output, '--multiple', '16', '--quiet'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('without 0 of');
  });

  it('lets combinations of units stand for others, on photos', async () => {
    const output = join(folder, 'combined.safetensors');
    const json = join(folder, 'combined.json');
    const { code } = await runCli([
      'weights',
      'compress',
      planted,
      ...['--photos', samples, '--by', 'combinations', '--multiple', '16'],
      ...['--layers', 'inception_3b/3x3_reduce/relu', '--threshold', '0.5'],
      ...['--side', '256', '--output', output, '--json', json, '--quiet'],
    ]);
    expect(code).toBe(0);
    const report = readJson<CompressReport>(json);
    expect(report.removed).toBeGreaterThan(0);
    const { weights } = readModel(readWeights(readFileSync(output), output), output);
    const channels = JSON.parse(weights.metadata.channels) as Record<string, number>;
    expect(Object.keys(channels)).toEqual(['inception_3b/3x3_reduce']);
    for (const width of Object.values(channels)) expect(width % 16).toBe(0);
    // Other outputs, but not wholly others.
    expect(report.comparison!.difference).toBeGreaterThan(0);
    expect(report.comparison!.difference).toBeLessThan(0.7);
  });

  it.each([
    ['no source of merges', [], /--from/],
    ['a report of other weights', ['--from', correlations], /other weights/],
    [
      'a lower threshold than the report has',
      ['--from', correlations, '-t', '0.5'],
      /other weights|0\.5/,
    ],
    ['a report that is none', ['--from', join(samples, 'README.md')], /no JSON/],
    ['annotations without photos', ['--from', correlations, '-a', 'x'], /go together/],
    [
      'combinations of a report',
      ['--from', correlations, '--by', 'combinations'],
      /pairs/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await runCli([
      'weights',
      'compress',
      defaultModelFile(),
      ...['-o', join(folder, 'x.safetensors'), ...args],
    ]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('refuses to combine more units than the photos have said anything about', async () => {
    const { code, stderr } = await runCli([
      'weights',
      'compress',
      planted,
      ...['--photos', samples, '--count', '1', '--by', 'combinations', '-q'],
      ...['--side', '192', '-o', join(folder, 'x.safetensors')],
    ]);
    expect(stderr).toMatch(/samples for \d+ units.*more photos/);
    expect(code).toBe(2);
  });

  it('refuses merges that the layers do not have', async () => {
    const report = readJson<{ layers: { merges: object[] }[] }>(correlations);
    const wrong = join(folder, 'wrong.json');
    report.layers[0].merges = [{ unit: 1e6, terms: [], offset: 0, r: 1 }];
    writeFileSync(wrong, JSON.stringify(report));
    const { code, stderr } = await runCli([
      'weights',
      'compress',
      planted,
      ...['--from', wrong, '-o', join(folder, 'x.safetensors')],
    ]);
    expect(stderr).toContain('layers[0] has no unit 1000000');
    expect(code).toBe(2);
  });
});

describeEngines((_, engine) => {
  it(`narrows Caffe’s LeNet, whose last map is laid flat, on ${engine}`, async () => {
    const at = (name: string) => join(folder, `${engine}-${name}`);
    const source = fileURLToPath(
      new URL('../../../models/digits/lenet.safetensors', import.meta.url),
    );
    const weights = readWeights(readFileSync(source), source);
    // A filter of each convolution, and a row of the first linear layer, are another's half.
    for (const [node, unit, into] of [
      ['conv1', 3, 11],
      ['conv2', 30, 7],
      ['ip1', 20, 10],
    ] as const) {
      for (const name of [`${node}/weight`, `${node}/bias`]) {
        const { shape, data } = weights.tensors.get(name)!;
        const size = data.length / shape[0];
        const row = data.subarray(into * size, (into + 1) * size);
        data.set(
          row.map((x) => 0.5 * x),
          unit * size,
        );
      }
    }
    writeFileSync(at('lenet.safetensors'), writeSafetensors(weights));
    const report = at('lenet.json');
    const found = await runCli([
      ...['inspect', 'correlations', await digitPhotos(), '--photos', '120'],
      ...['--weights', at('lenet.safetensors'), '--threshold', '0.999999'],
      ...['--json', report, '--engine', engine, '--quiet'],
    ]);
    expect(found.stderr).toBe('');
    expect(found.stdout).toContain('120 photos, their middle at 28×28');
    const merges = readJson<CorrelationReport>(report).layers.map(
      ({ name, merges }) => [
        name,
        ...merges.flatMap(({ unit, terms }) =>
          terms[0] ? [[unit, terms[0].into]] : [],
        ),
      ],
    );
    expect(merges).toEqual([
      ['conv1', [3, 11]],
      ['conv2', [30, 7]],
      ['ip1/relu', [20, 10]],
    ]);
    const { code, stderr } = await runCli([
      ...['weights', 'compress', at('lenet.safetensors'), '--from', report],
      ...['--photos', await digitPhotos(), '--output', at('narrow.safetensors')],
      ...['--json', at('narrow.json'), '--engine', engine, '--quiet'],
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const compressed = readJson<CompressReport>(at('narrow.json'));
    expect(compressed.removed).toBeGreaterThanOrEqual(3);
    expect(compressed.comparison!.difference).toBeLessThan(1e-5);
    // It classifies, with its widths in its header.
    const weightsFile = at('narrow.safetensors');
    const classifier = await loadClassifier({ weights: weightsFile, engine });
    const seven = await decodeImage(join(await digitPhotos(), '7-0.png'));
    expect((await classifier.classify(seven))[0].name).toBe('7');
    await classifier.dispose();
  });
});

it('takes units out of a batch-normalized GoogLeNet, and out of its normalization', async () => {
  const graph = networkNamed('googlenet-bn').build(5);
  const weights = randomWeights(graph, 3, classifierMetadata(graph));
  const node = 'inception_3b/3x3_reduce';
  const tensor = (name: string) => weights.tensors.get(`${node}${name}`)!;
  tensor('/bn/bias').data.fill(1);
  // Unit 100 is half of unit 4 by its normalization's scale and shift.
  const { data, shape } = tensor('/weight');
  data.copyWithin(100 * shape[1], 4 * shape[1], 5 * shape[1]);
  for (const [parameter, scale] of [
    ['weight', 0.5],
    ['bias', 0.5],
    ['mean', 1],
    ['variance', 1],
  ] as const) {
    const numbers = tensor(`/bn/${parameter}`).data;
    numbers[100] = scale * numbers[4];
  }
  const [file, output, json] = ['bn', 'bn-narrow', 'bn-report'].map((name, i) =>
    join(folder, `${name}.${i < 2 ? 'safetensors' : 'json'}`),
  );
  writeFileSync(file, writeSafetensors(weights));
  const { code, stderr } = await runCli([
    ...['weights', 'compress', file, '--photos', samples, '--output', output],
    ...['--layers', `${node}/relu`, '--threshold', '0.99999', '--side', '128'],
    ...['--json', json, '--quiet'],
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const report = readJson<CompressReport>(json);
  expect(report.removed).toBeGreaterThanOrEqual(1);
  expect(report.comparison!.difference).toBeLessThan(1e-5);
  const narrow = readWeights(readFileSync(output), output);
  const width = 128 - report.removed;
  expect(JSON.parse(narrow.metadata.channels)).toEqual({ [node]: width });
  expect(narrow.tensors.get(`${node}/bn/variance`)!.shape).toEqual([width]);
});

it('refuses to narrow a fully connected layer on a few photos, or at another size', async () => {
  const lenet = 'models/digits/lenet.safetensors';
  const run = (...more: string[]) =>
    runCli([
      ...['weights', 'compress', lenet, '--photos', samples],
      ...['-o', join(folder, 'x.safetensors'), '-q', ...more],
    ]);
  const few = await run();
  expect(few.stderr).toMatch(/"ip1\/relu": 4 samples say too little.*--layers/);
  expect(few.code).toBe(2);
  const other = await run('--side', '64');
  expect(other.stderr).toMatch(/--side 64: .* takes 28×28 pixels alone/);
  expect(other.code).toBe(2);
});

describeShared('rcnn weights compress of a classifier', () => {
  it('writes a classifier that classifies, and measures it on labelled folders', async () => {
    const caffemodel = sharedPath('models/bvlc_googlenet/bvlc_googlenet.caffemodel');
    const labeled = join(folder, 'labeled');
    // ImageNet's classes of the sample photos.
    for (const [photo, name] of [
      ['coffee', 'espresso'],
      ['chelsea', 'Egyptian cat'],
    ]) {
      mkdirSync(join(labeled, name), { recursive: true });
      cpSync(join(samples, `${photo}.jpg`), join(labeled, name, `${photo}.jpg`));
    }
    const output = join(folder, 'classifier.safetensors');
    const json = join(folder, 'classifier.json');
    const { code, stderr } = await runCli([
      'weights',
      'compress',
      caffemodel,
      ...['--photos', samples, '--threshold', '0.98', '-o', output, '--json', json],
      ...['--labeled', labeled, '--quiet'],
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report = readJson<CompressReport>(json);
    expect(report.removed).toBeGreaterThan(0);
    expect(report.accuracy!.photos).toBe(2);
    expect(report.accuracy!.before['top-5']).toBe(1);
    expect(report.accuracy!.after['top-5']).toBe(1);
    const { weights } = readClassifier(readFileSync(output), output);
    expect(weights.metadata.channels).toBeDefined();
  }, 120_000);
});
