import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { readClassifier } from '../../../detectors/classify/readClassifier.js';
import {
  loadClassifier,
  type ClassScore,
} from '../../../detectors/classify/loadClassifier.js';
import { describeShared, sharedPath } from '../../shared.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

interface Results {
  weights: { sha256: string }[];
  results: { file: string; truth?: number; classes: ClassScore[] }[];
  failures: { file: string; code: string }[];
  score?: { photos: number; top1: number; top5: number };
}

const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(
    readFileSync(
      new URL('../../../schemas/classify.schema.json', import.meta.url),
      'utf8',
    ),
  ) as object,
);

function readResults(path: string): Results {
  const results = readJson<Results>(path);
  expect(validate(results), JSON.stringify(validate.errors)).toBe(true);
  return results;
}

describeShared('rcnn classify', () => {
  const weights = sharedPath('models/bvlc_googlenet/bvlc_googlenet.caffemodel');
  const classify = (...args: string[]) =>
    runCli(['classify', ...args, '--weights', weights]);

  it('says what the sample photos are of', async () => {
    const { code, stdout } = await classify(samples);
    expect(code).toBe(0);
    expect(stdout).toMatch(/chelsea\.jpg\n {2}0\.\d{4} {2}n02124075 Egyptian cat\n/);
    expect(stdout).toMatch(/coffee\.jpg\n {2}0\.\d{4} {2}n07920052 espresso\n/);
    expect(stdout).toMatch(/rocket\.jpg\n {2}0\.\d{4} {2}n03773504 missile\n/);
  });

  it('gives the library’s results alone and among others, whatever the workers', async () => {
    const folder = temporaryFolder();
    const many = join(folder, 'many.json');
    const one = join(folder, 'one.json');
    const photo = join(samples, 'coffee.jpg');
    const options = ['--crops', '10', '--top', '3'];
    expect((await classify(samples, '--json', many, ...options)).code).toBe(0);
    expect((await classify(photo, '--json', one, ...options)).code).toBe(0);
    expect(existsSync(`${many}.partial`)).toBe(false);

    const classifier = await loadClassifier({ weights });
    const { data, info } = await sharp(photo)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image = { data, width: info.width, height: info.height, channels: 3 };
    const scores = await classifier.classify(image, { crops: 10, top: 3 });
    await classifier.dispose();
    const expected = scores.map((found) => ({
      ...found,
      score: Number(found.score.toFixed(6)),
    }));
    expect(readResults(one).results[0].classes).toEqual(expected);
    const among = readResults(many).results.find(({ file }) => file === 'coffee.jpg');
    expect(among?.classes).toEqual(expected);
    expect(readResults(one).weights[0].sha256).toBe(classifier.info.weights[0].sha256);
  });

  it('scores folders named by class, id, or index, and goes on after a bad file', async () => {
    const folder = temporaryFolder();
    const add = (name: string, photo: string) => {
      mkdirSync(join(folder, name), { recursive: true });
      copyFileSync(join(samples, photo), join(folder, name, photo));
    };
    add('Egyptian_cat', 'chelsea.jpg');
    add('n07930864', 'coffee.jpg'); // cup, which comes second
    add('0', 'rocket.jpg'); // tench, which it is not
    writeFileSync(join(folder, '0', 'bad.jpg'), 'no picture');
    const json = join(folder, 'results.json');
    const gone = join(folder, 'gone.jpg');
    const run = await classify(
      ...[folder, gone, '--truth', 'folders', '--json', json, '-k', '1'],
    );
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('0/bad.jpg');
    expect(run.stdout).toContain('3 of 5 photos classified');
    expect(run.stdout).toContain('top-1 33.33 %, top-5 66.67 % of 3 photos');
    const { score, failures, results } = readResults(json);
    expect(score).toMatchObject({ photos: 3, top1: 1, top5: 2 });
    expect(failures.map(({ file }) => file).sort()).toEqual([gone, '0/bad.jpg'].sort());
    expect(results.every(({ classes }) => classes.length === 1)).toBe(true);
  });

  it('scores against a file, and refuses unknown and ambiguous classes', async () => {
    const folder = temporaryFolder();
    const truth = join(folder, 'truth.txt');
    const photo = join(samples, 'chelsea.jpg');
    writeFileSync(truth, 'chelsea.jpg 285\n');
    expect((await classify(photo, '--truth', truth)).stdout).toContain(
      'top-1 100.00 %',
    );
    for (const [name, message] of [
      ['chelsea.jpg\tunicorn', /"unicorn" is none of the classes/],
      ['chelsea.jpg\tcrane', /"crane" is a name of classes 134 and 517/],
      ['other.jpg 3', /no class is given/],
    ] as const) {
      writeFileSync(truth, name);
      const { code, stderr } = await classify(photo, '--truth', truth);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
  });

  it('averages an ensemble: twice the same weights say the same', async () => {
    const folder = temporaryFolder();
    const [one, two] = ['one', 'two'].map((name) => join(folder, `${name}.json`));
    const photo = join(samples, 'chelsea.jpg');
    await classify(photo, '--json', one);
    const run = await runCli(
      ['classify', photo, '--json', two].concat('--weights', `${weights},${weights}`),
    );
    expect(run.code).toBe(0);
    expect(readResults(two).results).toEqual(readResults(one).results);
    expect(readResults(two).weights).toHaveLength(2);
  });

  it('averages 144 crops', async () => {
    const { stdout } = await classify(join(samples, 'chelsea.jpg'), '--crops', '144');
    expect(stdout).toMatch(/n02124075 Egyptian cat/);
    expect(stdout).toContain('144 crops');
  });

  it('takes names of its classes from a file', async () => {
    const labels = join(temporaryFolder(), 'labels.txt');
    const names = Array.from({ length: 1000 }, (_, i) => `class number ${i}`);
    writeFileSync(labels, names.join('\n'));
    const photo = join(samples, 'chelsea.jpg');
    const { stdout } = await classify(photo, '--labels', labels);
    expect(stdout).toContain('class number 285');
    writeFileSync(labels, 'one\ntwo\n');
    const refused = await classify(photo, '--labels', labels);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('2 names');
  });

  describeShared('in 8 bits', () => {
    const folder = temporaryFolder();
    const quantized = join(folder, 'int8.safetensors');
    beforeAll(async () => {
      const run = await runCli(
        ['weights', 'quantize', weights, '-o', quantized].concat(
          '--calibrate',
          samples,
        ),
      );
      expect(run.code).toBe(0);
      expect(run.stdout).toContain('28.0 MB to 10.2 MB');
    }, 60_000);

    it('says nearly what it says in full', async () => {
      const scores: Record<string, ClassScore[]> = {};
      for (const [name, file, precision] of [
        ['full', weights, 'fp32'],
        ['half', weights, 'fp16'],
        ['static', quantized, 'int8'],
        ['dynamic', weights, 'int8'],
        ['restored', quantized, 'fp32'],
      ]) {
        const json = join(folder, `${name}.json`);
        const photo = join(samples, 'coffee.jpg');
        const args = ['classify', photo, '--json', json, '--precision', precision];
        expect((await runCli([...args, '--weights', file])).code).toBe(0);
        scores[name] = readResults(json).results[0].classes;
      }
      for (const [name, [best]] of Object.entries(scores)) {
        expect(best.name, name).toBe('espresso');
        expect(Math.abs(best.score - scores.full[0].score), name).toBeLessThan(0.03);
      }
      // That the precision was another one shows in the numbers.
      for (const name of ['half', 'static', 'dynamic', 'restored']) {
        expect(scores[name][0].score).not.toBe(scores.full[0].score);
      }
    });

    it('stores weights of 7 bits that are read as they were meant', () => {
      const full = readClassifier(readFileSync(weights), weights).weights.tensors;
      const read = readClassifier(readFileSync(quantized), quantized).weights.tensors;
      for (const [name, { data, shape }] of full) {
        const each = data.length / shape[0];
        const other = read.get(name)!.data;
        const isRounded = name.endsWith('/weight') && !/^(conv1|loss3)\//.test(name);
        for (let o = 0; o < shape[0]; o++) {
          const row = data.subarray(o * each, (o + 1) * each);
          const greatest = row.reduce(
            (most, value) => Math.max(most, Math.abs(value)),
            0,
          );
          const step = isRounded ? greatest / 63 : 0;
          const error = row.reduce(
            (most, value, i) => Math.max(most, Math.abs(value - other[o * each + i])),
            0,
          );
          expect(error, name).toBeLessThanOrEqual(step / 2 + 1e-7);
        }
      }
    });
  });

  it('refuses int8 without photos to calibrate with', async () => {
    const output = join(temporaryFolder(), 'x.safetensors');
    const run = await runCli(['weights', 'quantize', weights, '-o', output]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--calibrate');
  });
});

it('names weights that are not there, and a network of another kind', async () => {
  const photo = join(samples, 'coffee.jpg');
  const missing = await runCli(['classify', photo, '--weights', 'nowhere.caffemodel']);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain('nowhere.caffemodel');
  const detector = new URL(
    '../../../models/coco80-r1/weights.safetensors',
    import.meta.url,
  );
  const other = await runCli(['classify', photo, '--weights', detector.pathname]);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('"googlenet-rcnn"');
});
