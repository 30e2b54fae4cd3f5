import type { Graph } from '../types.js';
import { serreBands } from './gaborBank.js';
import type { Network } from './network.js';
import { NodeList } from './nodeList.js';

/**
 * Serre et al.'s C1 features, all 12,148 of a grey crop of 128×128 pixels, below a linear
 * classifier, the only part with weights. Theirs is a support vector machine or boosting.
 */
function serreC1(classes: number): Graph {
  const list = new NodeList();
  const inputs = serreBands(list, 'data').map((input, i) =>
    list.add({ op: 'flatten', name: `c1/band_${i + 1}`, input }),
  );
  const input = list.add({ op: 'concat', name: 'c1', inputs });
  list.add({ op: 'linear', name: 'classifier', input, outputs: classes });
  list.add({ op: 'softmax', name: 'prob', input: 'classifier' });
  return {
    name: 'serre-c1',
    input: 'data',
    inputChannels: 1,
    inputSize: [128, 128],
    nodes: list.nodes,
  };
}

export const SERRE = {
  'serre-c1': {
    title:
      'Serre’s S1 and C1 layers, untrained, and a linear classifier on all C1 units',
    paper:
      'Serre et al. 2007, "Robust object recognition with cortex-like mechanisms", table 1 and §3.2',
    classes: 2,
    build: (classes = 2) => serreC1(classes),
    photoSide: 128,
    published: [],
  },
} satisfies Record<string, Network>;
