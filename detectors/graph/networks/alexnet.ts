import type { Graph } from '../types.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/**
 * Krizhevsky's network as Caffe has it: 227×227 pixels (the paper's 224 don't fit its
 * own layers), BGR, 0–255 minus the mean; conv2, conv4 and conv5 in two groups, once
 * the two graphics cards. BVLC's AlexNet normalizes before it pools, as the paper
 * does; CaffeNet pools first.
 */
function alexnet(
  name: string,
  classes: number,
  order: 'norm-pool' | 'pool-norm',
): Graph {
  const list = new NodeList();
  const convolve = (
    input: string,
    node: string,
    [outputs, size, pad]: [number, number, number],
    { groups = 1, stride = 1 } = {},
  ) => {
    const window = { outputs, size, pad, groups, stride };
    return list.relu(list.add({ op: 'convolution', name: node, input, ...window }));
  };
  const shrink = (input: string, layer: number) => {
    const [norm, pool] = [`norm${layer}`, `pool${layer}`];
    return order === 'norm-pool'
      ? list.halve(list.normalize(input, norm), pool)
      : list.normalize(list.halve(input, pool), norm);
  };
  const connect = (input: string, layer: number) => {
    const fc = list.add({ op: 'linear', name: `fc${layer}`, input, outputs: 4096 });
    return list.add({
      op: 'dropout',
      name: `fc${layer}/drop`,
      input: list.relu(fc),
      rate: 0.5,
    });
  };

  let x = shrink(convolve('data', 'conv1', [96, 11, 0], { stride: 4 }), 1);
  x = shrink(convolve(x, 'conv2', [256, 5, 2], { groups: 2 }), 2);
  x = convolve(x, 'conv3', [384, 3, 1]);
  x = convolve(x, 'conv4', [384, 3, 1], { groups: 2 });
  x = convolve(x, 'conv5', [256, 3, 1], { groups: 2 });
  x = list.halve(x, 'pool5');
  x = list.add({ op: 'flatten', name: 'flatten', input: x });
  x = connect(connect(x, 6), 7);
  list.add({ op: 'linear', name: 'fc8', input: x, outputs: classes });
  list.add({ op: 'softmax', name: 'prob', input: 'fc8' });
  return {
    name,
    input: 'data',
    inputChannels: 3,
    inputSize: [227, 227],
    nodes: list.nodes,
  };
}

const paper =
  'Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks"';
const backbone = { features: 'conv5/relu' };
const published: Network['published'] = [
  {
    what: 'bytes of weights',
    printed: '243,862,414',
    value: 243_862_414,
    unit: 2 * 243_862,
    source: 'bvlc_alexnet.caffemodel, which has names and settings beside its numbers',
  },
  {
    what: 'parameters',
    printed: '60 million',
    value: 60e6,
    unit: 1e7,
    source: `${paper}, §3.5`,
  },
  {
    what: 'layers',
    printed: '8',
    value: 8,
    unit: 1,
    source: `${paper}, §3: five convolutional and three fully connected`,
  },
];

export const ALEXNETS = {
  alexnet: {
    title: 'Krizhevsky’s network as BVLC’s AlexNet',
    paper,
    classes: 1000,
    build: (classes = 1000) => alexnet('alexnet', classes, 'norm-pool'),
    backbone,
    published,
  },
  caffenet: {
    title: 'BVLC’s reference CaffeNet, which pools before it normalizes',
    paper,
    classes: 1000,
    build: (classes = 1000) => alexnet('caffenet', classes, 'pool-norm'),
    backbone,
    published,
  },
} satisfies Record<string, Network>;
