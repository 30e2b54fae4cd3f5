import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import type { Graph, GraphNode } from '../../detectors/graph/types.js';
import { buildOnnx } from '../../detectors/onnx/emitOnnx.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { bruteForce } from './bruteForce.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

const CHANNELS = 32;
const graphOf = (nodes: GraphNode[]): Graph => ({
  name: 'rows',
  input: 'data',
  inputChannels: CHANNELS,
  nodes,
});
const plain = (input: string, name: string, outputs = 16) =>
  ({ op: 'convolution', name, input, outputs, size: 3, pad: 1 }) as const;
const relu = (input: string, name: string) => ({ op: 'relu', name, input }) as const;

const GRAPHS: Record<string, { nodes: GraphNode[]; outputs?: string[] }> = {
  'a convolution': { nodes: [plain('data', 'out')] },
  'without bias': { nodes: [{ ...plain('data', 'out'), bias: false }] },
  'with its ReLU': { nodes: [plain('data', 'a'), relu('a', 'out')] },
  'whose ReLU is one of two readers': {
    nodes: [
      plain('data', 'a'),
      relu('a', 'b'),
      { op: 'concat', name: 'out', inputs: ['a', 'b'] },
    ],
  },
  'asked for beside its ReLU': {
    nodes: [plain('data', 'a'), relu('a', 'out')],
    outputs: ['a', 'out'],
  },
  'with batch normalization, scale and ReLU': {
    nodes: [
      { ...plain('data', 'a'), bias: false },
      { op: 'batchNormalization', name: 'b', input: 'a', epsilon: 1e-3 },
      { op: 'channelScale', name: 'c', input: 'b' },
      relu('c', 'out'),
    ],
  },
  'with bias and batch normalization': {
    nodes: [
      plain('data', 'a'),
      { op: 'batchNormalization', name: 'out', input: 'a', epsilon: 1e-5 },
    ],
  },
  'one after another, and in branches behind a pool': {
    nodes: [
      plain('data', 'a', 32),
      relu('a', 'b'),
      plain('b', 'c', 16),
      { op: 'maxPool', name: 'd', input: 'c', size: 3, stride: 2, pad: 1 },
      plain('d', 'e', 48),
      relu('e', 'f'),
      plain('d', 'g', 16),
      { op: 'concat', name: 'h', inputs: ['f', 'g', 'd'] },
      plain('h', 'out', 32),
    ],
  },
  'of stride 2 before one of stride 1': {
    nodes: [{ ...plain('data', 'a'), stride: 2 }, relu('a', 'b'), plain('b', 'out')],
  },
};

const LEFT: Record<string, GraphNode> = {
  'stride 2': { ...plain('data', 'out'), stride: 2 },
  'no padding': { ...plain('data', 'out'), pad: 0 },
  'uneven padding': { ...plain('data', 'out'), pad: 1, farPad: 2 },
  groups: { ...plain('data', 'out'), groups: 2 },
  'size 5': { ...plain('data', 'out'), size: 5, pad: 2 },
  'channels that fill no block': plain('data', 'out', 24),
};

const isRewritten = (graph: Graph, form: 'fast' | 'moderate') =>
  buildOnnx(graph, randomWeights(graph), ['out'], form).graph.node.some(({ name }) =>
    name.endsWith('#product0'),
  );

describe('3×3 convolutions two rows at a time equal their definition', () => {
  it.each(Object.entries(GRAPHS))('%s', async (_, { nodes, outputs = ['out'] }) => {
    const graph = graphOf(nodes);
    const weights = randomWeights(graph, 5);
    expect(isRewritten(graph, 'fast')).toBe(true);
    const session = await (await onnxEngine()).load(graph, weights, { outputs });
    // One session for all sizes: odd, even, and less than the filter.
    for (const [batch, height, width] of [
      [2, 9, 12],
      [1, 8, 7],
      [3, 3, 3],
      [1, 2, 1],
      [1, 1, 5],
    ]) {
      const input = randomTensor(
        [batch, CHANNELS, height, width],
        randomNumbers(width),
      );
      const results = await session.run(input);
      const activations = bruteForce(graph, weights, input);
      for (const name of outputs) {
        const expected = activations.get(name)!;
        expect(results[name].shape).toEqual(expected.shape);
        const scale = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        expect(scale).toBeGreaterThan(0.01);
        const error = worst(expected, results[name]);
        expect(error / scale, `${name} of ${height}×${width}`).toBeLessThan(2e-6);
      }
    }
    await session.dispose();
  });

  it.each(Object.entries(LEFT))('but not with %s', (_, node) => {
    expect(isRewritten(graphOf([node]), 'fast')).toBe(false);
  });

  it('but not when the weights have to stay as they are', () => {
    const graph = graphOf([plain('data', 'out')]);
    expect(isRewritten(graph, 'moderate')).toBe(false);
    const { tensors, metadata } = randomWeights(graph);
    const inFile = new Map<string, Tensor>();
    for (const [name, tensor] of tensors) {
      inFile.set(name, { ...tensor, place: { file: '/weights', offset: 0 } });
    }
    const { node } = buildOnnx(
      graph,
      { tensors: inFile, metadata },
      ['out'],
      'fast',
    ).graph;
    expect(node.map(({ opType }) => opType)).toEqual(['Conv']);
  });
});

describe('local response normalisation in groups of channels equals its definition', () => {
  it.each([
    [64, 5],
    [192, 5],
    [48, 3],
    [40, 4],
    [34, 2],
    [17, 5],
    [16, 7],
    [2, 9],
  ])('%i channels, window of %i', async (channels, size) => {
    const graph: Graph = {
      ...graphOf([
        {
          ...{ op: 'localResponseNormalization', name: 'out', input: 'data' },
          ...{ size, alpha: 0.5, beta: 0.75, k: 2 },
        } as const,
      ]),
      inputChannels: channels,
    };
    const weights = randomWeights(graph);
    const session = await (
      await onnxEngine()
    ).load(graph, weights, { outputs: ['out'] });
    const input = randomTensor([2, channels, 3, 5], randomNumbers(size));
    const { out } = await session.run(input);
    await session.dispose();
    expect(worst(bruteForce(graph, weights, input).get('out')!, out)).toBeLessThan(
      1e-6,
    );
  });
});

function worst(expected: { data: Float64Array }, actual: Tensor): number {
  return expected.data.reduce(
    (most, x, i) => Math.max(most, Math.abs(x - actual.data[i])),
    0,
  );
}
