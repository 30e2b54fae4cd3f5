import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ClassScore } from '../../../detectors/classify/loadClassifier.js';
import { onnxEngine } from '../../../detectors/engines/onnxEngine.js';
import { networkNamed } from '../../../detectors/graph/networks/index.js';
import type { Graph, Softmax } from '../../../detectors/graph/types.js';
import {
  readWeights,
  writeSafetensors,
} from '../../../detectors/weights/safetensors.js';
import type { Tensor, Weights } from '../../../detectors/weights/weights.js';
import { caffeParts, writeCaffemodel } from '../../detectors/caffeWriter.js';
import { randomNumbers, randomWeights } from '../../detectors/randomNetwork.js';
import { writeTorchZip } from '../../detectors/torchWriter.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

const CLASSES = 10;

async function run(
  graph: Graph,
  weights: Weights,
  output: string,
  inputs: Tensor[],
): Promise<Float32Array[]> {
  const engine = await onnxEngine();
  const session = await engine.load(graph, weights, { outputs: [output] });
  const answers: Float32Array[] = [];
  for (const input of inputs) answers.push((await session.run(input))[output].data);
  await session.dispose();
  return answers;
}

/** Random weights whose logits of `input` lie 2 apart: each class has its chance. */
async function evenWeights(graph: Graph, input: Tensor): Promise<Weights> {
  const weights = randomWeights(graph);
  const logits = graph.nodes.find((node) => node.name === 'prob') as Softmax;
  const [values] = await run(graph, weights, logits.input, [input]);
  const spread = Math.max(...values) - Math.min(...values);
  const last = graph.nodes.findLast((node) => 'outputs' in node)!;
  for (const parameter of ['weight', 'bias']) {
    const { data } = weights.tensors.get(`${last.name}/${parameter}`)!;
    data.forEach((value, i) => (data[i] = (2 * value) / spread));
  }
  return weights;
}

/** The names of PyTorch for ours. */
const torchName = (name: string) =>
  name
    .replaceAll('/', '.')
    .replace(/\.mean$/, '.running_mean')
    .replace(/\.variance$/, '.running_var');

/** A photo of noise, and as the network's input by what its paper or its maker says. */
function madePhoto(graph: Graph): {
  pixels: Uint8Array;
  photoSide: number;
  input: Tensor;
} {
  const { inputChannels: channels, inputSize } = graph;
  const [side] = inputSize!;
  const photoSide = channels === 1 ? side : 256;
  const next = randomNumbers(11);
  const pixels = new Uint8Array(3 * photoSide * photoSide);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] =
      channels === 1 && i % 3 > 0 ? pixels[i - 1] : Math.abs(next() * 1e6) % 256;
  }
  const first = Math.floor((photoSide - side) / 2);
  const data = new Float32Array(channels * side * side);
  const wanted = (rgb: readonly number[], c: number): number => {
    if (channels === 1) return rgb[0] / 256;
    if (graph.name.includes('torchvision')) return (rgb[c] / 255 - 0.5) / 0.5;
    return rgb[2 - c] - [104, 117, 123][c];
  };
  for (let c = 0, to = 0; c < channels; c++) {
    for (let y = first; y < first + side; y++) {
      for (let x = first; x < first + side; x++, to++) {
        const at = 3 * (y * photoSide + x);
        data[to] = wanted([pixels[at], pixels[at + 1], pixels[at + 2]], c);
      }
    }
  }
  return { pixels, photoSide, input: { shape: [1, channels, side, side], data } };
}

const TORCH = 'googlenet-torchvision';

it.each([
  'googlenet',
  'googlenet-bn',
  'googlenet-wide',
  'gabor-googlenet',
  'nin',
  'lenet',
  'alexnet',
  'caffenet',
  TORCH,
])(
  '%s: a foreign file is imported, and classifies as the engine does',
  async (name) => {
    const graph = networkNamed(name).build(CLASSES);
    const { pixels, photoSide, input } = madePhoto(graph);
    const weights = await evenWeights(graph, input);
    const folder = temporaryFolder();
    const at = (file: string) => join(folder, file);
    const bytes =
      name === TORCH
        ? writeTorchZip(
            new Map([...weights.tensors].map(([key, t]) => [torchName(key), t])),
          )
        : writeCaffemodel(caffeParts(graph, weights), { form: 'layer' });
    writeFileSync(at('foreign'), bytes);
    const raw = { width: photoSide, height: photoSide, channels: 3 as const };
    await sharp(pixels, { raw }).png().toFile(at('photo.png'));

    const imported = at('w.safetensors');
    const made = await runCli(['weights', 'import', at('foreign'), '-o', imported]);
    expect(made.stderr).toBe('');
    const classified = await runCli([
      ...['classify', at('photo.png'), '--weights', imported],
      ...['--json', at('r.json'), '--top', String(CLASSES)],
    ]);
    expect(classified.stderr).toBe('');
    const [{ classes }] = readJson<{ results: { classes: ClassScore[] }[] }>(
      at('r.json'),
    ).results;

    const { shape, data } = input;
    const plane = data.length / shape[1];
    const brighter = data.map((value) => 1.1 * value);
    const swapped = data.map((_, i) => data[(i + plane) % data.length]);
    const [expected, ...others] = await run(graph, weights, 'prob', [
      input,
      { shape, data: brighter },
      // Gabor's filters see the mean of the channels, LeNet's have but one.
      ...(/^(gabor|lenet)/.test(name) ? [] : [{ shape, data: swapped }]),
    ]);
    const difference = (answer: Float32Array) =>
      Math.max(...classes.map(({ index, score }) => Math.abs(score - answer[index])));
    expect(classes).toHaveLength(CLASSES);
    expect(difference(expected)).toBeLessThan(2e-6);
    // Another scale or order of channels would show.
    for (const other of others) expect(difference(other)).toBeGreaterThan(2e-5);
  },
  60_000,
);

describe('the digits of models/digits', () => {
  const weightsOf = (name: string) =>
    fileURLToPath(
      new URL(`../../../models/digits/${name}.safetensors`, import.meta.url),
    );

  it.each(['lenet', 'lenet5'])('%s reads drawn digits', async (name) => {
    const folder = temporaryFolder();
    const strokes = {
      0: 'M70 30 C35 30 35 110 70 110 C105 110 105 30 70 30',
      1: 'M70 28 L70 112',
      4: 'M50 30 L46 72 L96 72 M90 30 L88 112',
      7: 'M42 34 L98 34 L66 112',
    };
    for (const [digit, path] of Object.entries(strokes)) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="140" height="140"><rect width="140" height="140"/><path d="${path}" fill="none" stroke="#fff" stroke-width="12" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
      await sharp(Buffer.from(svg))
        .png()
        .toFile(join(folder, `${digit}.png`));
    }
    const { code, stdout } = await runCli([
      ...['classify', folder, '--weights', weightsOf(name), '--top', '1', '--quiet'],
    ]);
    expect(code).toBe(0);
    const found = [...stdout.matchAll(/^(\d)\.png\n {2}(\d\.\d{4}) {2}(\d)$/gm)];
    expect(found.map(([, drawn, , digit]) => [drawn, digit])).toEqual(
      Object.keys(strokes).map((digit) => [digit, digit]),
    );
    for (const [, , score] of found) expect(Number(score)).toBeGreaterThan(0.5);
  });

  it('are seen whole: other crops are refused before any photo', async () => {
    const { code, stderr } = await runCli([
      ...['classify', samples, '--weights', weightsOf('lenet'), '--crops', '10'],
    ]);
    expect(stderr).toMatch(
      /crops must be 1, not 10: "lenet" .* photos whole, at 28×28 pixels/,
    );
    expect(code).toBe(2);
  });

  it('names what is wrong with a file', async () => {
    const weights = readWeights(readFileSync(weightsOf('lenet')), 'x');
    const file = join(temporaryFolder(), 'w.safetensors');
    const grey = { channels: 'grey', mean: [0], range: [0, 255], scale: 1 };
    const refusals: [Record<string, string>, RegExp][] = [
      [{ preprocessing: JSON.stringify({ ...grey, range: [0, 1] }) }, /preprocessing/],
      [{ preprocessing: JSON.stringify({ ...grey, mean: [1, 2, 3] }) }, /\[1 number\]/],
      [{ preprocessing: JSON.stringify({ ...grey, channels: 'RGB' }) }, /"grey"/],
      [{ preprocessing: JSON.stringify({ ...grey, scale: 'half' }) }, /"scale"/],
      [{ preprocessing: '{' }, /preprocessing/],
      [{ classes: '[0,1,2,3,4,5,6,7,8,9]' }, /"classes" is no list of 10 names/],
      [{ classes: '11' }, /not the weights of "lenet"/],
      [{ graph: 'vgg' }, /"vgg", which there is not/],
    ];
    for (const [change, problem] of refusals) {
      const metadata = { ...weights.metadata, ...change };
      writeFileSync(file, writeSafetensors({ ...weights, metadata }));
      const args = ['classify', samples, '--weights', file];
      const { code, stderr } = await runCli(args);
      expect(stderr, JSON.stringify(change)).toMatch(problem);
      expect(stderr).toContain(file);
      expect(code).toBe(2);
    }
  }, 30_000);

  it('says what to do with a file of another form', async () => {
    const file = join(temporaryFolder(), 'w.onnx');
    const exported = await runCli([
      'weights',
      'export',
      weightsOf('lenet'),
      '-o',
      file,
    ]);
    expect(exported.code).toBe(0);
    const { code, stderr } = await runCli(['classify', samples, '--weights', file]);
    expect(stderr).toMatch(/w\.onnx: .*"onnx".*rcnn weights import/);
    expect(code).toBe(2);
  });
});
