import { beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../detectors/engines/engine.js';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { loadTensorFlow } from '../../detectors/engines/tensorflow/loadTensorflow.js';
import { tensorflowEngine } from '../../detectors/engines/tensorflowEngine.js';
import { googlenetRcnn, MAPS } from '../../detectors/graph/googlenet.js';
import type { GraphNode } from '../../detectors/graph/types.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { describeTensorFlow } from '../tensorflow.js';
import { bruteForce } from './bruteForce.js';
import { CHANNELS, graphOf, KINDS } from './kinds.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

/** Kinds that this engine computes in a way of its own. */
const MORE_KINDS: Record<string, GraphNode[]> = {
  'convolution in groups, with stride': [
    {
      op: 'convolution',
      name: 'out',
      input: 'data',
      outputs: 4,
      size: 3,
      stride: 2,
      pad: 1,
      groups: 4,
    },
  ],
  'maxPool whose windows leave gaps': [
    { op: 'maxPool', name: 'out', input: 'data', size: 2, stride: 3 },
  ],
  'grids of three': [
    { op: 'spaceToBatch', name: 'grids', input: 'data', block: 3 },
    { op: 'maxPool', name: 'inner', input: 'grids', size: 3, stride: 1, pad: 1 },
    { op: 'batchToSpace', name: 'out', input: 'inner', block: 3, like: 'data' },
  ],
};

function largestDifference(actual: Tensor, expected: Tensor<ArrayLike<number>>) {
  expect(actual.shape).toEqual(expected.shape);
  let largest = 0;
  for (let i = 0; i < actual.data.length; i++) {
    largest = Math.max(largest, Math.abs(actual.data[i] - expected.data[i]));
  }
  return largest;
}

describeTensorFlow('the tensorflow engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tensorflowEngine();
  });

  it('says what it is', () => {
    expect(engine.name).toBe('tensorflow');
    expect(engine.version).toMatch(
      /^tfjs-node(-gpu)? \d+\.\d+\.\d+ on TensorFlow \d+\.\d+/,
    );
    expect(engine.device).toMatch(/^(cpu|gpu)$/);
  });

  it.each(Object.entries({ ...KINDS, ...MORE_KINDS }))(
    'computes by definition, and as the onnx engine: %s',
    async (_, nodes) => {
      const onnx = await onnxEngine();
      for (const [height, width] of [
        [9, 12],
        [8, 7],
        [10, 11],
        [13, 14],
      ]) {
        const size = [height, width] as const;
        const graph = graphOf(nodes, size);
        const weights = randomWeights(graph, height);
        const input = randomTensor([2, CHANNELS, ...size], randomNumbers(width));
        const run = async (one: Engine) => {
          const session = await one.load(graph, weights, { outputs: ['out'] });
          const { out } = await session.run(input);
          await session.dispose();
          return out;
        };
        const out = await run(engine);
        const expected = bruteForce(graph, weights, input).get('out')!;
        expect(largestDifference(out, expected), `${height}×${width}`).toBeLessThan(
          1e-5,
        );
        expect(expected.data.some((x) => Math.abs(x) > 0.01)).toBe(true);
        expect(largestDifference(out, await run(onnx))).toBeLessThan(1e-5);
      }
    },
  );

  it('gives several activations of one run, the input’s among them', async () => {
    const graph = googlenetRcnn(1, 2);
    const weights = randomWeights(graph);
    const outputs = ['data', 'pool1/3x3_s2', 'inception_4e/output', MAPS];
    const input = randomTensor([1, 3, 65, 97], randomNumbers(3));
    const session = await engine.load(graph, weights, { outputs });
    const found = await session.run(input);
    await session.dispose();
    expect(Object.keys(found)).toEqual(outputs);
    expect(largestDifference(found.data, input)).toBe(0);
    const onnx = await (
      await onnxEngine()
    ).load(graph, weights, {
      outputs: outputs.slice(1),
    });
    for (const [name, tensor] of Object.entries(await onnx.run(input))) {
      const scale = Math.max(...tensor.data.map(Math.abs));
      expect(largestDifference(found[name], tensor)).toBeLessThan(1e-5 * scale);
    }
  });

  it('says which activation or which input does not fit', async () => {
    const graph = graphOf([{ op: 'relu', name: 'out', input: 'data' }]);
    const weights = randomWeights(graph);
    await expect(
      engine.load(graph, weights, { outputs: ['nothing'] }),
    ).rejects.toMatchObject({ code: 'INVALID_GRAPH' });
    const session = await engine.load(graph, weights, { outputs: ['out'] });
    await expect(
      session.run({ shape: [1, 3, 2, 2], data: new Float32Array(12) }),
    ).rejects.toThrow(/"test" takes \[batch, 4, height, width\], not \[1, 3, 2, 2\]/);
    await session.dispose();
    await session.dispose();
    await expect(
      session.run({ shape: [1, 4, 1, 1], data: new Float32Array(4) }),
    ).rejects.toThrow(/disposed/);
  });

  it('computes in single precision alone, and says so', async () => {
    const graph = graphOf([{ op: 'relu', name: 'out', input: 'data' }]);
    await expect(
      engine.load(graph, randomWeights(graph), { outputs: ['out'], precision: 'int8' }),
    ).rejects.toThrow(/fp32 alone, not in int8; the engine onnx does/);
  });

  it('leaves no tensor behind, whatever happens', async () => {
    const { tf } = loadTensorFlow();
    const before = tf.memory().numTensors;
    for (const nodes of Object.values(KINDS)) {
      const graph = graphOf(nodes, [9, 9]);
      const session = await engine.load(graph, randomWeights(graph), {
        outputs: ['out'],
      });
      await session.run(randomTensor([1, CHANNELS, 9, 9], randomNumbers(1)));
      await session.dispose();
    }
    // A run that fails half-way: the linear layer meets another number of inputs.
    const graph = graphOf(KINDS['linear after flatten'], [9, 9]);
    const session = await engine.load(graph, randomWeights(graph), {
      outputs: ['out'],
    });
    await expect(
      session.run(randomTensor([1, CHANNELS, 8, 9], randomNumbers(1))),
    ).rejects.toThrow();
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
