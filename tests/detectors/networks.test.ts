import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { activationShapes } from '../../detectors/graph/activationShapes.js';
import { cellGeometry } from '../../detectors/graph/cellGeometry.js';
import {
  backboneOf,
  detectorGraph,
  MAPS,
} from '../../detectors/graph/detectorGraph.js';
import { networkCosts, totalOf } from '../../detectors/graph/networkCosts.js';
import { networkNamed, networks } from '../../detectors/graph/networks/index.js';
import { peakMemory } from '../../detectors/graph/peakMemory.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

const names = Object.keys(networks);
const count = (graph: Graph, key: 'parameters' | 'trainable' | 'multiplyAdds') =>
  totalOf(networkCosts(graph).values(), key);

describe('published counts', () => {
  /*
   * Sources: BVLC's weights (GoogLeNet, AlexNet, CaffeNet, LeNet), torchvision's own
   * counts, LeCun et al. 1998, §II.B. The heads of googlenet-aux by hand: 128·512 + 128
   * and 128·528 + 128 for the convolutions, 1024·2048 + 1024 and 1000·1024 + 1000 each.
   */
  const heads = 128 * 513 + 128 * 529 + 2 * (1024 * 2049 + 1000 * 1025);
  it.each<[string, 'parameters' | 'trainable', number]>([
    ['googlenet', 'parameters', 6_998_552],
    ['googlenet-aux', 'parameters', 6_998_552 + heads],
    ['googlenet-torchvision', 'trainable', 6_624_904],
    ['googlenet-torchvision-aux', 'trainable', 13_004_888],
    ['alexnet', 'parameters', 60_965_224],
    ['caffenet', 'parameters', 60_965_224],
    ['lenet5', 'trainable', 60_000],
    ['lenet', 'parameters', 431_080],
  ])('%s: %s', (name, key, expected) => {
    expect(count(networkNamed(name).build(), key)).toBe(expected);
  });

  it('LeNet-5, layer by layer', () => {
    const costs = networkCosts(networks.lenet5.build());
    const trainable = ['c1', 's2', 'c3', 's4', 'c5', 'f6', 'output'].map(
      (layer) => costs.get(layer)!.trainable,
    );
    expect(trainable).toEqual([156, 12, 1516, 32, 48_120, 10_164, 0]);
  });

  it('multiply-adds', () => {
    expect(count(networks.googlenet.build(), 'multiplyAdds')).toBe(1_582_671_872);
    // torchvision says 1.498 billion.
    const torchvision = count(
      networks['googlenet-torchvision'].build(),
      'multiplyAdds',
    );
    expect((torchvision / 1e9).toFixed(3)).toBe('1.498');
  });
});
