import type { Graph } from '../types.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/**
 * Network in Network (Lin et al. 2013) in its authors' form for ImageNet: four stages
 * of a convolution and two 1×1 ones, and the mean of each class's own map in place of
 * fully connected layers. Input: BGR, 0–255 minus the mean, 224×224.
 */
function networkInNetwork(classes: number): Graph {
  const list = new NodeList();
  const convolve = (input: string, name: string, outputs: number, window = {}) =>
    list.relu(
      list.add({ op: 'convolution', name, input, outputs, size: 1, ...window }),
    );

  let x = convolve('data', 'conv1', 96, { size: 11, stride: 4 });
  x = convolve(convolve(x, 'cccp1', 96), 'cccp2', 96);
  x = convolve(list.halve(x, 'pool0'), 'conv2', 256, { size: 5, pad: 2 });
  x = convolve(convolve(x, 'cccp3', 256), 'cccp4', 256);
  x = convolve(list.halve(x, 'pool2'), 'conv3', 384, { size: 3, pad: 1 });
  x = convolve(convolve(x, 'cccp5', 384), 'cccp6', 384);
  x = list.halve(x, 'pool3');
  x = list.add({ op: 'dropout', name: 'drop', input: x, rate: 0.5 });
  x = convolve(x, 'conv4-1024', 1024, { size: 3, pad: 1 });
  x = convolve(x, 'cccp7-1024', 1024);
  x = convolve(x, 'cccp8-1024', classes);
  list.add({ op: 'globalAveragePool', name: 'pool4', input: x });
  list.add({ op: 'softmax', name: 'prob', input: 'pool4' });
  return {
    name: 'nin',
    input: 'data',
    inputChannels: 3,
    inputSize: [224, 224],
    nodes: list.nodes,
  };
}

export const NETWORKS_IN_NETWORK = {
  nin: {
    title: 'Network in Network in its form for ImageNet',
    paper: 'Lin et al. 2013, "Network in network" (arXiv:1312.4400)',
    classes: 1000,
    build: (classes = 1000) => networkInNetwork(classes),
    backbone: { features: 'cccp7-1024/relu', pool: 'pool3' },
    published: [
      {
        what: 'bytes of weights',
        printed: '29 MB',
        value: 29 * 2 ** 20,
        unit: 2 ** 20,
        source:
          'the authors’ model page (gist d802a5849de39225bcc6), "a snapshot of size 29MB"',
      },
    ],
  },
} satisfies Record<string, Network>;
