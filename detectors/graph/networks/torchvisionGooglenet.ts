import type { Graph } from '../types.js';
import { INCEPTION_CHANNELS } from './inception.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/** torchvision's BasicConv2d: convolution without bias, batch normalization, ReLU. */
function convolve(
  list: NodeList,
  input: string,
  name: string,
  shape: { outputs: number; size?: number; stride?: number },
): string {
  const { outputs, size = 1, stride = 1 } = shape;
  const window = { size, stride, pad: (size - 1) / 2 };
  const convolution = `${name}/conv`;
  list.add({
    op: 'convolution',
    name: convolution,
    input,
    outputs,
    bias: false,
    ...window,
  });
  const normalized = `${name}/bn`;
  const epsilon = 1e-3;
  list.add({ op: 'batchNormalization', name: normalized, input: convolution, epsilon });
  return list.add({ op: 'relu', name: `${name}/relu`, input: normalized });
}

function inception(list: NodeList, input: string, module: string): string {
  const channels = INCEPTION_CHANNELS[module];
  const name = (branch: string) => `inception${module}/${branch}`;
  const one = convolve(list, input, name('branch1'), { outputs: channels['1x1'] });
  const chain = (branch: string, reduced: number, outputs: number) => {
    const x = convolve(list, input, name(`${branch}/0`), { outputs: reduced });
    return convolve(list, x, name(`${branch}/1`), { outputs, size: 3 });
  };
  const three = chain('branch2', channels['3x3_reduce'], channels['3x3']);
  // A 3×3 where the paper has 5×5: a known slip of torchvision's, kept for its weights
  // (github.com/pytorch/vision/issues/906).
  const five = chain('branch3', channels['5x5_reduce'], channels['5x5']);
  const pool = name('branch4/0');
  list.add({ op: 'maxPool', name: pool, input, size: 3, stride: 1, pad: 1 });
  const outputs = channels.pool_proj;
  const projected = convolve(list, pool, name('branch4/1'), { outputs });
  return list.add({
    op: 'concat',
    name: name('output'),
    inputs: [one, three, five, projected],
  });
}

/**
 * GoogLeNet as torchvision has it: batch normalization, no response normalization, a
 * 2×2 pool before 5a. Nodes are called as torchvision's parameters, with "/" for ".".
 *
 * Input: RGB scaled to −1 … 1 by (x / 255 − ½) / ½; that is what the option
 * `transform_input` turns ImageNet's own normalization into.
 *
 * The auxiliary heads' parameters are torchvision's. Their pool is the paper's, 5×5 at
 * every third pixel; torchvision's has windows of 4×4 pixels at uneven places.
 */
function torchvisionGooglenet(
  name: string,
  classes: number,
  hasAuxiliaryHeads: boolean,
): Graph {
  const list = new NodeList();
  const auxiliaryHead = (input: string, head: string) => {
    if (!hasAuxiliaryHeads) return;
    const pool = `${head}/pool`;
    list.add({ op: 'averagePool', name: pool, input, size: 5, stride: 3 });
    const convolved = convolve(list, pool, `${head}/conv`, { outputs: 128 });
    list.add({ op: 'flatten', name: `${head}/flatten`, input: convolved });
    const first = `${head}/fc1`;
    list.add({ op: 'linear', name: first, input: `${head}/flatten`, outputs: 1024 });
    const dropped = `${head}/dropout`;
    list.add({ op: 'dropout', name: dropped, input: list.relu(first), rate: 0.7 });
    list.add({ op: 'linear', name: `${head}/fc2`, input: dropped, outputs: classes });
  };

  let x = convolve(list, 'data', 'conv1', { outputs: 64, size: 7, stride: 2 });
  x = list.halve(x, 'maxpool1');
  x = convolve(list, x, 'conv2', { outputs: 64 });
  x = convolve(list, x, 'conv3', { outputs: 192, size: 3 });
  x = list.halve(x, 'maxpool2');
  for (const module of ['3a', '3b']) x = inception(list, x, module);
  x = list.halve(x, 'maxpool3');
  x = inception(list, x, '4a');
  auxiliaryHead(x, 'aux1');
  for (const module of ['4b', '4c', '4d']) x = inception(list, x, module);
  auxiliaryHead(x, 'aux2');
  x = inception(list, x, '4e');
  x = list.add({ op: 'maxPool', name: 'maxpool4', input: x, size: 2, stride: 2 });
  for (const module of ['5a', '5b']) x = inception(list, x, module);
  list.add({ op: 'globalAveragePool', name: 'avgpool', input: x });
  list.add({ op: 'dropout', name: 'dropout', input: 'avgpool', rate: 0.2 });
  list.add({ op: 'linear', name: 'fc', input: 'dropout', outputs: classes });
  list.add({ op: 'softmax', name: 'prob', input: 'fc' });
  return {
    name,
    input: 'data',
    inputChannels: 3,
    inputSize: [224, 224],
    nodes: list.nodes,
  };
}

const paper =
  'torchvision.models.googlenet, after Szegedy et al. 2014 and Ioffe and Szegedy 2015';
const backbone = { features: 'inception5b/output', pool: 'maxpool4' };

export const TORCHVISION_GOOGLENETS = {
  'googlenet-torchvision': {
    title: 'GoogLeNet as torchvision has it',
    paper,
    classes: 1000,
    build: (classes = 1000) =>
      torchvisionGooglenet('googlenet-torchvision', classes, false),
    backbone,
    published: [
      {
        what: 'trainable parameters',
        printed: '6,624,904',
        value: 6_624_904,
        unit: 1,
        source: 'torchvision, GoogLeNet_Weights.IMAGENET1K_V1, num_params',
      },
      {
        what: 'multiply-adds',
        printed: '1.498 billion',
        value: 1.498e9,
        unit: 1e6,
        source: 'torchvision, GoogLeNet_Weights.IMAGENET1K_V1, _ops',
      },
    ],
  },
  'googlenet-torchvision-aux': {
    title: 'GoogLeNet as torchvision has it, with auxiliary heads',
    paper,
    classes: 1000,
    build: (classes = 1000) =>
      torchvisionGooglenet('googlenet-torchvision-aux', classes, true),
    backbone,
    published: [
      {
        what: 'trainable parameters',
        printed: '13,004,888',
        value: 13_004_888,
        unit: 1,
        source: 'torchvision, googlenet(aux_logits=True)',
      },
    ],
  },
} satisfies Record<string, Network>;
