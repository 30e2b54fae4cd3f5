import type { Graph } from '../types.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/** LeNet as in Caffe's example: 28×28 grey pixels from 0 to 1, light on dark. */
function caffeLenet(classes: number): Graph {
  const list = new NodeList();
  const stage = (input: string, layer: number, outputs: number) => {
    const name = `conv${layer}`;
    list.add({ op: 'convolution', name, input, outputs, size: 5 });
    const pool = `pool${layer}`;
    return list.add({ op: 'maxPool', name: pool, input: name, size: 2, stride: 2 });
  };
  let x = stage(stage('data', 1, 20), 2, 50);
  x = list.add({ op: 'flatten', name: 'flatten', input: x });
  x = list.relu(list.add({ op: 'linear', name: 'ip1', input: x, outputs: 500 }));
  list.add({ op: 'linear', name: 'ip2', input: x, outputs: classes });
  list.add({ op: 'softmax', name: 'prob', input: 'ip2' });
  return {
    name: 'lenet',
    input: 'data',
    inputChannels: 1,
    inputSize: [28, 28],
    nodes: list.nodes,
  };
}

/** LeCun et al. 1998, Table I: the maps of S2 that each map of C3 reads. */
const C3_CONNECTIONS = [
  ...[
    [0, 1, 2],
    [1, 2, 3],
    [2, 3, 4],
    [3, 4, 5],
    [0, 4, 5],
    [0, 1, 5],
  ],
  ...[
    [0, 1, 2, 3],
    [1, 2, 3, 4],
    [2, 3, 4, 5],
  ],
  ...[
    [0, 3, 4, 5],
    [0, 1, 4, 5],
    [0, 1, 2, 5],
  ],
  ...[
    [0, 1, 3, 4],
    [1, 2, 4, 5],
    [0, 2, 3, 5],
  ],
  [0, 1, 2, 3, 4, 5],
];

/**
 * LeNet-5 (LeCun et al. 1998, §II.B): 32×32 grey pixels, the background −0.1 and ink
 * 1.175; subsampling with one coefficient and one bias a map; C3's connection table;
 * 1.7159·tanh(2x/3); and squared distances to a fixed bitmap of each class, the
 * smallest of which wins, or a linear layer in their place.
 */
function lenet5(name: string, classes: number, output: 'distances' | 'linear'): Graph {
  const list = new NodeList();
  const squash = (input: string) =>
    list.add({
      op: 'tanh',
      name: `${input}/tanh`,
      input,
      amplitude: 1.7159,
      slope: 2 / 3,
    });
  const subsample = (input: string, layer: string) => {
    const pool = `${layer}/pool`;
    list.add({ op: 'averagePool', name: pool, input, size: 2, stride: 2 });
    return squash(list.add({ op: 'channelScale', name: layer, input: pool }));
  };
  const convolve = (
    input: string,
    layer: string,
    outputs: number,
    connections?: number[][],
  ) => {
    const table = { outputs, size: 5, ...(connections && { connections }) };
    return squash(list.add({ op: 'convolution', name: layer, input, ...table }));
  };

  let x = subsample(convolve('data', 'c1', 6), 's2');
  x = subsample(convolve(x, 'c3', 16, C3_CONNECTIONS), 's4');
  x = convolve(x, 'c5', 120);
  x = list.add({ op: 'flatten', name: 'flatten', input: x });
  x = squash(list.add({ op: 'linear', name: 'f6', input: x, outputs: 84 }));
  if (output === 'distances') {
    list.add({ op: 'radialBasis', name: 'output', input: x, outputs: classes });
  } else {
    list.add({ op: 'linear', name: 'output', input: x, outputs: classes });
    list.add({ op: 'softmax', name: 'prob', input: 'output' });
  }
  return {
    name,
    input: 'data',
    inputChannels: 1,
    inputSize: [32, 32],
    nodes: list.nodes,
  };
}

/** MNIST's pictures; LeNet-5 has them in the middle of 32×32 (LeCun et al. 1998, §II.B). */
const photoSide = 28;
/** What C5 reads; C5 is as large as the input. */
const backbone = { features: 's4/tanh' };
const paper =
  'LeCun et al. 1998, "Gradient-based learning applied to document recognition"';

export const LENETS = {
  lenet5: {
    title: 'LeNet-5 as published',
    paper,
    classes: 10,
    build: (classes = 10) => lenet5('lenet5', classes, 'distances'),
    photoSide,
    backbone,
    // "… contains 340,908 connections, but only 60,000 trainable free parameters". The
    // connections printed layer by layer, 122,304, 5,880, 151,600, 2,000, 48,120 and
    // 10,164, sum to that with the output's 840; 345,308, also quoted, is no such sum.
    published: [
      {
        what: 'trainable parameters',
        printed: '60,000',
        value: 60_000,
        unit: 1,
        source: `${paper}, §II.B`,
      },
      {
        what: 'layers',
        printed: '7',
        value: 7,
        unit: 1,
        source: `${paper}, §II.B`,
      },
      {
        what: 'connections',
        printed: '340,908',
        value: 340_908,
        unit: 1,
        source: `${paper}, §II.B`,
      },
    ],
    table: {
      source: `${paper}, §II.B`,
      rows: {
        c1: { depth: 1, parameters: '156' },
        s2: { depth: 1, parameters: '12' },
        c3: { depth: 1, parameters: '1516' },
        s4: { depth: 1, parameters: '32' },
        c5: { depth: 1, parameters: '48120' },
        f6: { depth: 1, parameters: '10164' },
      },
    },
  },
  'lenet5-linear': {
    title: 'LeNet-5 with a linear output layer',
    paper,
    classes: 10,
    build: (classes = 10) => lenet5('lenet5-linear', classes, 'linear'),
    photoSide,
    backbone,
    published: [],
  },
  lenet: {
    title: 'LeNet of Caffe’s example',
    paper: `Caffe, examples/mnist/lenet.prototxt, after ${paper}`,
    classes: 10,
    build: (classes = 10) => caffeLenet(classes),
    photoSide,
    backbone: { features: 'pool2' },
    published: [
      {
        what: 'parameters',
        printed: '431,080',
        value: 431_080,
        unit: 1,
        source: 'Caffe, lenet_iter_10000.caffemodel',
      },
    ],
  },
} satisfies Record<string, Network>;
