import type { Graph } from '../types.js';
import { INCEPTION_CHANNELS } from './inception.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/** TensorFlow-Slim counts its modules after its pools: Mixed_3b is the paper's 3a. */
const MODULES: Readonly<Record<string, string>> = {
  Mixed_3b: '3a',
  Mixed_3c: '3b',
  Mixed_4b: '4a',
  Mixed_4c: '4b',
  Mixed_4d: '4c',
  Mixed_4e: '4d',
  Mixed_4f: '4e',
  Mixed_5b: '5a',
  Mixed_5c: '5b',
};

interface Window {
  outputs: number;
  size?: number;
  stride?: number;
  pad?: number;
  farPad?: number;
}

/** A convolution without bias, batch normalization, ReLU. */
function convolve(list: NodeList, input: string, name: string, window: Window): string {
  const { outputs, size = 1, stride = 1, pad = (size - 1) / 2, farPad } = window;
  const sides = { size, stride, pad, ...(farPad === undefined ? {} : { farPad }) };
  list.add({ op: 'convolution', name, input, outputs, bias: false, ...sides });
  const normalized = `${name}/BatchNorm`;
  list.add({ op: 'batchNormalization', name: normalized, input: name, epsilon: 1e-3 });
  return list.add({ op: 'relu', name: `${name}/Relu`, input: normalized });
}

function inception(list: NodeList, input: string, module: string): string {
  const channels = INCEPTION_CHANNELS[MODULES[module]];
  const chain = (branch: string, reduced: number, outputs: number, last: string) => {
    const name = `${module}/${branch}`;
    const x = convolve(list, input, `${name}/Conv2d_0a_1x1`, { outputs: reduced });
    return convolve(list, x, `${name}/${last}`, { outputs, size: 3 });
  };
  const outputs = channels['1x1'];
  const one = convolve(list, input, `${module}/Branch_0/Conv2d_0a_1x1`, { outputs });
  const three = chain(
    'Branch_1',
    channels['3x3_reduce'],
    channels['3x3'],
    'Conv2d_0b_3x3',
  );
  // A 3×3 where the paper has 5×5; torchvision took it over.
  const five = chain(
    'Branch_2',
    channels['5x5_reduce'],
    channels['5x5'],
    // The one name of Slim's that is out of line.
    module === 'Mixed_5b' ? 'Conv2d_0a_3x3' : 'Conv2d_0b_3x3',
  );
  const pool = `${module}/Branch_3/MaxPool_0a_3x3`;
  list.add({ op: 'maxPool', name: pool, input, size: 3, stride: 1, pad: 1 });
  const projected = convolve(list, pool, `${module}/Branch_3/Conv2d_0b_1x1`, {
    outputs: channels.pool_proj,
  });
  const name = `${module}/concat`;
  return list.add({ op: 'concat', name, inputs: [one, three, five, projected] });
}

/**
 * GoogLeNet as TensorFlow-Slim has it (`inception_v1`): torchvision's network, which
 * was made after it, but for the first convolution. TensorFlow's "same" padding puts
 * 2 zeros before and 3 behind the sides of an image of even size, where the others
 * have 3 and 3. Nodes are called as Slim's scopes.
 *
 * Input: RGB scaled to −1 … 1 by (x / 255 − ½) · 2. The published weights have 1001
 * classes, of which the first is the background.
 */
function slimGooglenet(classes: number): Graph {
  const list = new NodeList();
  let x = convolve(list, 'data', 'Conv2d_1a_7x7', {
    outputs: 64,
    size: 7,
    stride: 2,
    pad: 2,
    farPad: 3,
  });
  x = list.halve(x, 'MaxPool_2a_3x3');
  x = convolve(list, x, 'Conv2d_2b_1x1', { outputs: 64 });
  x = convolve(list, x, 'Conv2d_2c_3x3', { outputs: 192, size: 3 });
  x = list.halve(x, 'MaxPool_3a_3x3');
  for (const module of Object.keys(MODULES)) {
    if (module === 'Mixed_4b') x = list.halve(x, 'MaxPool_4a_3x3');
    if (module === 'Mixed_5b') {
      const name = 'MaxPool_5a_2x2';
      x = list.add({ op: 'maxPool', name, input: x, size: 2, stride: 2 });
    }
    x = inception(list, x, module);
  }
  list.add({ op: 'globalAveragePool', name: 'Logits/AvgPool_0a_7x7', input: x });
  x = 'Logits/Dropout_0b';
  list.add({ op: 'dropout', name: x, input: 'Logits/AvgPool_0a_7x7', rate: 0.2 });
  const logits = 'Logits/Conv2d_0c_1x1';
  list.add({ op: 'linear', name: logits, input: x, outputs: classes });
  list.add({ op: 'softmax', name: 'Predictions', input: logits });
  return {
    name: 'googlenet-slim',
    input: 'data',
    inputChannels: 3,
    inputSize: [224, 224],
    nodes: list.nodes,
  };
}

export const SLIM_GOOGLENETS = {
  'googlenet-slim': {
    title: 'GoogLeNet as TensorFlow-Slim has it, Inception v1',
    paper:
      'tf_slim.nets.inception_v1, after Szegedy et al. 2014 and Ioffe and Szegedy 2015',
    classes: 1001,
    build: (classes = 1001) => slimGooglenet(classes),
    backbone: { features: 'Mixed_5c/concat', pool: 'MaxPool_5a_2x2' },
    published: [],
  },
} satisfies Record<string, Network>;
