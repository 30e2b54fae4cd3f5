import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { networkCosts } from '../../detectors/graph/networkCosts.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { readWeights } from '../../detectors/weights/safetensors.js';

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/*
 * tests/fixtures/detectors/digits.png: 30 digits of MNIST a class, none of which was
 * trained on; a row a class (scripts/train-lenet.mjs --digits).
 */
const ROW = 30;

it.each([
  ['lenet5', 'output', -1],
  ['lenet', 'prob', 1],
])('%s reads digits that it has not seen', async (name, output, sign) => {
  const { data: pixels, info } = await sharp(
    path('tests/fixtures/detectors/digits.png'),
  )
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([28 * ROW, 280, 1]);
  const file = path(`models/digits/${name}.safetensors`);
  const weights = readWeights(readFileSync(file), file);
  const graph = graphOfWeights(weights, file);
  expect(networkCosts(graph).size).toBe(graph.nodes.length);
  const { mean, scale } = JSON.parse(weights.metadata.preprocessing) as {
    mean: number[];
    scale: number;
  };
  const [side] = graph.inputSize!;
  const margin = (side - 28) / 2;
  const data = new Float32Array(300 * side * side).fill(-mean[0] * scale);
  for (let digit = 0; digit < 300; digit++) {
    const [row, column] = [Math.floor(digit / ROW), digit % ROW];
    for (let y = 0; y < 28; y++) {
      for (let x = 0; x < 28; x++) {
        const pixel = pixels[(row * 28 + y) * info.width + column * 28 + x];
        const to = (digit * side + y + margin) * side + x + margin;
        data[to] = (pixel - mean[0]) * scale;
      }
    }
  }
  const engine = await onnxEngine();
  const session = await engine.load(graph, weights, { outputs: [output] });
  const answers = (await session.run({ data, shape: [300, 1, side, side] }))[output];
  await session.dispose();
  let right = 0;
  for (let digit = 0; digit < 300; digit++) {
    const scores = [...answers.data.subarray(10 * digit, 10 * digit + 10)];
    const best = Math.max(...scores.map((score) => sign * score));
    if (
      scores.findIndex((score) => sign * score === best) === Math.floor(digit / ROW)
    ) {
      right++;
    }
  }
  expect(right).toBeGreaterThanOrEqual(0.96 * 300);
});
