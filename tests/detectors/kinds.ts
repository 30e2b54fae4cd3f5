import type { Graph, GraphNode } from '../../detectors/graph/types.js';

/** Input channels of `graphOf`. */
export const CHANNELS = 4;
/** A graph of a few nodes. */
export const graphOf = (
  nodes: readonly GraphNode[],
  inputSize?: readonly [number, number],
): Graph => ({
  name: 'test',
  input: 'data',
  inputChannels: CHANNELS,
  inputSize,
  nodes,
});

const on = { name: 'out', input: 'data' };
const flat = { op: 'globalAveragePool', name: 'flat', input: 'data' } as const;

/** Nodes of every kind, the last of which is "out". */
export const KINDS: Record<string, GraphNode[]> = {
  convolution: [{ op: 'convolution', ...on, outputs: 3, size: 3, pad: 1 }],
  'convolution with stride': [
    { op: 'convolution', ...on, outputs: 3, size: 5, stride: 2, pad: 3 },
  ],
  'convolution padded unevenly': [
    { op: 'convolution', ...on, outputs: 3, size: 7, stride: 2, pad: 2, farPad: 3 },
  ],
  'convolution padded on the far sides alone': [
    { op: 'convolution', ...on, outputs: 3, size: 2, farPad: 1 },
  ],
  'convolution without bias': [
    { op: 'convolution', ...on, outputs: 5, size: 1, bias: false },
  ],
  'convolution in groups': [
    { op: 'convolution', ...on, outputs: 6, size: 3, groups: 2 },
  ],
  'convolution of a table': [
    {
      op: 'convolution',
      ...on,
      outputs: 3,
      size: 3,
      connections: [[0, 1], [3], [0, 1, 2, 3]],
    },
  ],
  fixedConvolution: [
    {
      op: 'fixedConvolution',
      ...on,
      filters: 'gabor',
      orientations: 4,
      size: 7,
      wavelength: 3.5,
      sigma: 2.8,
      aspect: 0.3,
      stride: 2,
      pad: 3,
    },
  ],
  relu: [{ op: 'relu', ...on }],
  tanh: [{ op: 'tanh', ...on }],
  'tanh, scaled': [{ op: 'tanh', ...on, amplitude: 1.7159, slope: 2 / 3 }],
  ...Object.fromEntries(
    (['maxPool', 'averagePool'] as const).flatMap((op) =>
      [
        { size: 2, stride: 2 },
        { size: 3, stride: 2 },
        { size: 3, stride: 1, pad: 1 },
        { size: 3, stride: 2, pad: 1 },
        { size: 5, stride: 3 },
        { size: 5, stride: 3, pad: 2 },
      ].map((window) => [
        `${op} ${JSON.stringify(window)}`,
        [{ op, ...on, ...window }] as GraphNode[],
      ]),
    ),
  ),
  localResponseNormalization: [
    { op: 'localResponseNormalization', ...on, size: 3, alpha: 0.5, beta: 0.75, k: 2 },
  ],
  batchNormalization: [{ op: 'batchNormalization', ...on, epsilon: 1e-3 }],
  'batchNormalization of a vector': [
    flat,
    { op: 'batchNormalization', name: 'out', input: 'flat', epsilon: 1e-5 },
  ],
  channelScale: [{ op: 'channelScale', ...on }],
  'channelScale of a vector': [
    flat,
    { op: 'channelScale', name: 'out', input: 'flat' },
  ],
  concat: [
    { op: 'relu', name: 'positive', input: 'data' },
    { op: 'concat', name: 'out', inputs: ['data', 'positive', 'data'] },
  ],
  maximum: [
    { op: 'convolution', name: 'a', input: 'data', outputs: 3, size: 3, pad: 1 },
    { op: 'convolution', name: 'b', input: 'data', outputs: 3, size: 5, pad: 2 },
    { op: 'convolution', name: 'c', input: 'data', outputs: 3, size: 1 },
    { op: 'maximum', name: 'out', inputs: ['a', 'b', 'c'] },
  ],
  'maximum of vectors': [
    { op: 'globalAveragePool', name: 'flat', input: 'data' },
    { op: 'linear', name: 'a', input: 'flat', outputs: 3 },
    { op: 'linear', name: 'b', input: 'flat', outputs: 3 },
    { op: 'maximum', name: 'out', inputs: ['a', 'b'] },
  ],
  globalAveragePool: [{ op: 'globalAveragePool', ...on }],
  flatten: [{ op: 'flatten', ...on }],
  dropout: [{ op: 'dropout', ...on, rate: 0.4 }],
  linear: [flat, { op: 'linear', name: 'out', input: 'flat', outputs: 5 }],
  'linear after flatten': [
    { op: 'flatten', name: 'flat', input: 'data' },
    { op: 'linear', name: 'out', input: 'flat', outputs: 5 },
  ],
  radialBasis: [flat, { op: 'radialBasis', name: 'out', input: 'flat', outputs: 3 }],
  softmax: [{ op: 'softmax', ...on }],
  'softmax of a vector': [flat, { op: 'softmax', name: 'out', input: 'flat' }],
  'spaceToBatch, convolution, batchToSpace': [
    { op: 'spaceToBatch', name: 'grids', input: 'data', block: 2 },
    { op: 'convolution', name: 'inner', input: 'grids', outputs: 3, size: 3, pad: 1 },
    { op: 'batchToSpace', name: 'out', input: 'inner', block: 2, like: 'data' },
  ],
};
