import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { loadClassifier } from '../../detectors/classify/loadClassifier.js';
import type { Engine } from '../../detectors/engines/engine.js';
import { networkCosts } from '../../detectors/graph/networkCosts.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { readWeights } from '../../detectors/weights/safetensors.js';
import { describeEngines } from './engines.js';

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/*
 * tests/fixtures/detectors/digits.png: 30 digits of MNIST a class, none of which was
 * trained on; a row a class (scripts/train-lenet.mjs --digits).
 */
const ROW = 30;
/** 28×28 bytes each, class by class. */
const digits: Uint8Array[] = [];

beforeAll(async () => {
  const { data: pixels, info } = await sharp(
    path('tests/fixtures/detectors/digits.png'),
  )
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([28 * ROW, 280, 1]);
  for (let digit = 0; digit < 10 * ROW; digit++) {
    const [row, column] = [Math.floor(digit / ROW), digit % ROW];
    const bytes = new Uint8Array(28 * 28);
    for (let y = 0; y < 28; y++) {
      const from = (row * 28 + y) * info.width + column * 28;
      bytes.set(pixels.subarray(from, from + 28), 28 * y);
    }
    digits.push(bytes);
  }
});

const weightsOf = (name: string) => path(`models/digits/${name}.safetensors`);

/** What a network of models/digits answers to each digit, ten numbers each. */
async function answersOf(
  engine: Engine,
  name: string,
  output: string,
): Promise<number[][]> {
  const file = weightsOf(name);
  const weights = readWeights(readFileSync(file), file);
  const graph = graphOfWeights(weights, file);
  expect(networkCosts(graph).size).toBe(graph.nodes.length);
  const { mean, scale } = JSON.parse(weights.metadata.preprocessing) as {
    mean: number[];
    scale: number;
  };
  const [side] = graph.inputSize!;
  const margin = (side - 28) / 2;
  const count = digits.length;
  const data = new Float32Array(count * side * side).fill(-mean[0] * scale);
  digits.forEach((bytes, digit) => {
    bytes.forEach((pixel, i) => {
      const [y, x] = [Math.floor(i / 28) + margin, (i % 28) + margin];
      data[(digit * side + y) * side + x] = (pixel - mean[0]) * scale;
    });
  });
  const session = await engine.load(graph, weights, { outputs: [output] });
  const answers = (await session.run({ data, shape: [count, 1, side, side] }))[output];
  await session.dispose();
  return digits.map((_, i) => [...answers.data.subarray(10 * i, 10 * i + 10)]);
}

describeEngines((loadEngine, name) => {
  it.each([
    ['lenet5', 'output', -1],
    ['lenet', 'prob', 1],
  ])('%s reads digits that it has not seen', async (network, output, sign) => {
    const answers = await answersOf(await loadEngine(), network, output);
    const right = answers.filter((scores, digit) => {
      const best = Math.max(...scores.map((score) => sign * score));
      return (
        scores.findIndex((score) => sign * score === best) === Math.floor(digit / ROW)
      );
    });
    expect(right.length).toBeGreaterThanOrEqual(0.96 * digits.length);
  });

  it('classifies as the engine answers, distances as logarithms of probabilities', async () => {
    const engine = await loadEngine();
    const direct = {
      lenet: await answersOf(engine, 'lenet', 'prob'),
      lenet5: (await answersOf(engine, 'lenet5', 'output')).map((distances) => {
        const powers = distances.map((distance) => Math.exp(-distance));
        const sum = powers.reduce((a, b) => a + b);
        return powers.map((power) => power / sum);
      }),
    };
    // One sees 28×28 pixels, the other 32×32; both of one photo in an ensemble.
    for (const names of [['lenet'], ['lenet5'], ['lenet', 'lenet5']] as const) {
      const classifier = await loadClassifier({
        weights: names.map(weightsOf),
        engine: name,
      });
      expect(classifier.info.engine.name).toBe(name);
      expect(classifier.labels.map(({ name }) => name)).toEqual([...'0123456789']);
      for (let digit = 0; digit < digits.length; digit += 7) {
        const image = { data: digits[digit], width: 28, height: 28, channels: 1 };
        const found = await classifier.probabilities(image);
        found.forEach((value, i) => {
          const each = names.map((one) => direct[one][digit][i]);
          const mean = each.reduce((a, b) => a + b) / names.length;
          expect(Math.abs(value - mean), `digit ${digit}, ${i}`).toBeLessThan(1e-5);
        });
      }
      const [image] = digits;
      await expect(
        classifier.classify(
          { data: image, width: 28, height: 28, channels: 1 },
          { crops: 144 },
        ),
      ).rejects.toThrow(/crops must be 1, not 144/);
      await classifier.dispose();
    }
  });
});
