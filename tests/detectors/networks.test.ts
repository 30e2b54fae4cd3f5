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
import { parameterShapes } from '../../detectors/graph/parameterShapes.js';
import { peakMemory } from '../../detectors/graph/peakMemory.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import { bruteForce } from './bruteForce.js';
import { describeEngines } from './engines.js';
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

  it('TensorFlow-Slim’s own count, which leaves out classifier and unused scales', () => {
    // tf_slim/nets/inception_v1_test.py: testModelHasExpectedNumberOfParameters.
    const graph = networks['googlenet-slim'].build(10);
    const scales = [...parameterShapes(graph)].flatMap(([name, [channels]]) =>
      name.endsWith('/BatchNorm/weight') ? [channels] : [],
    );
    const unused = scales.reduce((a, b) => a + b, 0);
    expect(count(graph, 'parameters') - unused - 1025 * 10).toBe(5_607_184);
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

describeEngines((loadEngine) => {
  it.each(names)('%s runs and gives what its shapes say', async (name) => {
    // A few classes keep the largest layers' random weights cheap.
    const graph = networkNamed(name).build(10);
    expect(graph.name).toBe(name);
    const outputs = graph.nodes
      .filter(({ op }) => op !== 'dropout')
      .map((node) => node.name);
    const session = await (
      await loadEngine()
    ).load(graph, randomWeights(graph), { outputs });
    const input = randomTensor(
      [1, graph.inputChannels, ...graph.inputSize!],
      randomNumbers(5),
    );
    const activations = await session.run(input);
    await session.dispose();
    const shapes = activationShapes(graph);
    for (const output of outputs) {
      expect(activations[output].shape, output).toEqual(shapes.get(output));
      expect(activations[output].data.every(Number.isFinite), output).toBe(true);
    }
    const last = activations[outputs[outputs.length - 1]];
    expect(last.shape).toEqual([1, 10]);
    expect(new Set(last.data).size).toBeGreaterThan(1);
  });

  it.each(['lenet', 'lenet5', 'lenet5-linear'])(
    '%s is what its definition says, number by number',
    async (name) => {
      const graph = networkNamed(name).build();
      const weights = randomWeights(graph, 7);
      const input = randomTensor([2, 1, ...graph.inputSize!], randomNumbers(9));
      const outputs = graph.nodes.map((node) => node.name);
      const session = await (await loadEngine()).load(graph, weights, { outputs });
      const computed = await session.run(input);
      await session.dispose();
      const expected = bruteForce(graph, weights, input);
      for (const output of outputs) {
        const { data } = expected.get(output)!;
        const scale = Math.max(...data.map(Math.abs));
        data.forEach((value, i) => {
          if (Math.abs(computed[output].data[i] - value) > 1e-5 * scale) {
            expect.fail(`${output}[${i}]: ${computed[output].data[i]}, not ${value}`);
          }
        });
      }
    },
  );
});

it('a network is refused by a wrong name with the names that there are', () => {
  for (const name of ['resnet', 'constructor', '']) {
    expect(() => networkNamed(name)).toThrow(/there is no network.*googlenet, .*lenet/);
  }
});

describe('detectors', () => {
  const backbones = names.filter((name) => networkNamed(name).backbone);

  it('has 15 backbones, and says which when another is named', () => {
    expect(backbones).toHaveLength(15);
    for (const name of names) {
      expect(backboneOf(`${name}-rcnn`)).toBe(
        backbones.includes(name) ? name : undefined,
      );
      expect(backboneOf(name)).toBeUndefined();
    }
    expect(() => detectorGraph('serre-c1', 3, 6)).toThrow(
      /no map that a detector could stand on.*googlenet, /,
    );
  });

  it('puts GoogLeNet’s cells at [16m + 6.5, 16m + 22.5)', () => {
    const graph = detectorGraph('googlenet', 3, 6);
    expect(cellGeometry(graph, MAPS)).toEqual({ stride: 16, offset: 6.5 });
    expect(() => cellGeometry(graph, 'nothing')).toThrow(/no activation/);
    expect(() => cellGeometry(networks.googlenet.build(), 'prob')).toThrow(/no height/);
  });

  /*
   * With weights that are the same left and right, a mirrored photo must give mirrored
   * maps at a width whose cells lie symmetrically in it: stride · (cells − 1) + 2 ·
   * centre + 1 pixels. At another width no such symmetry exists.
   */
  const UNMIRRORED = [
    // Its slanted filters trade places in a mirror.
    'gabor-googlenet',
    // Their windows are GoogLeNet's; they are only larger.
    'googlenet-naive',
    'googlenet-wide',
  ];
  it.each(backbones.filter((name) => !UNMIRRORED.includes(name)))(
    'has the cells of %s where a mirror shows them to be',
    async (name) => {
      const graph = detectorGraph(name, 1, 2);
      const { stride, offset } = cellGeometry(graph, MAPS);
      expect(stride).toBe(name.startsWith('lenet') ? 4 : 16);
      const weights = mirrorSymmetric(randomWeights(graph, 3));
      const session = await (
        await onnxEngine()
      ).load(graph, weights, { outputs: [MAPS] });
      const centre = offset + stride / 2 - 0.5;
      const asymmetry = async (side: number) => {
        const input = randomTensor(
          [1, graph.inputChannels, 160, side],
          randomNumbers(side),
        );
        const maps = (await session.run(input))[MAPS];
        const mirrored = (await session.run(mirror(input)))[MAPS];
        expect(maps.shape).toEqual(activationShapes(graph, [160, side]).get(MAPS));
        const back = mirror(mirrored);
        let difference = 0;
        let scale = 0;
        maps.data.forEach((value, i) => {
          difference = Math.max(difference, Math.abs(value - back.data[i]));
          scale = Math.max(scale, Math.abs(value));
        });
        expect(maps.shape[3] % 2).toBe(0);
        return difference / scale;
      };
      const symmetric = stride * 5 + 2 * centre + 1;
      expect(await asymmetry(symmetric)).toBeLessThan(1e-4);
      expect(await asymmetry(symmetric - 3)).toBeGreaterThan(1e-3);
      await session.dispose();
    },
  );
});

function mirror({ shape, data }: Tensor): Tensor {
  const width = shape[shape.length - 1];
  return {
    shape,
    data: data.map((_, i) => data[i - (i % width) + width - 1 - (i % width)]),
  };
}

function mirrorSymmetric(weights: Weights): Weights {
  const tensors = new Map(
    [...weights.tensors].map(([name, tensor]) => {
      if (tensor.shape.length !== 4) return [name, tensor];
      const other = mirror(tensor);
      const data = tensor.data.map((value, i) => (value + other.data[i]) / 2);
      return [name, { shape: tensor.shape, data }];
    }),
  );
  return { ...weights, tensors };
}

describe('peak memory', () => {
  it('of a chain and of a branch, by hand', () => {
    const graph = (nodes: Graph['nodes']): Graph => ({
      name: 'test',
      input: 'data',
      inputChannels: 2,
      inputSize: [4, 4],
      nodes,
    });
    const convolution = (name: string, input: string, outputs: number) =>
      ({ op: 'convolution', name, input, outputs, size: 1 }) as const;
    // data 32 numbers, a 48, b 16: data + a, then a + b; the ReLU is in place.
    const chain = [
      convolution('a', 'data', 3),
      { op: 'relu', name: 'r', input: 'a' } as const,
      convolution('b', 'r', 1),
    ];
    expect(peakMemory(graph(chain))).toEqual({ bytes: 4 * 80, node: 'a' });
    // Wanted at the end too, `a` stays, and so the ReLU needs a place of its own.
    expect(peakMemory(graph(chain), ['a', 'b'])).toEqual({ bytes: 4 * 112, node: 'b' });
    // data stays for b: 32 + 48 + 16, then without it 48 + 16 + 64.
    const branch = [
      convolution('a', 'data', 3),
      convolution('b', 'data', 1),
      { op: 'concat', name: 'c', inputs: ['a', 'b'] } as const,
    ];
    expect(peakMemory(graph(branch))).toEqual({ bytes: 4 * 128, node: 'c' });
  });

  it.each(names)('of %s is between its largest step and everything', (name) => {
    const graph = networkNamed(name).build();
    const shapes = activationShapes(graph);
    const size = (node: string) => 4 * shapes.get(node)!.reduce((a, b) => a * b, 1);
    const steps = graph.nodes
      .filter((node) => node.op === 'convolution' || node.op === 'maxPool')
      .map((node) => size(node.name) + size(node.input));
    const { bytes } = peakMemory(graph);
    expect(bytes).toBeGreaterThanOrEqual(Math.max(...steps));
    const all = [...shapes.keys()].reduce((sum, node) => sum + size(node), 0);
    expect(bytes).toBeLessThan(all);
  });
});
