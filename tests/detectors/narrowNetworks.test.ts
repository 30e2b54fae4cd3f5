import { describe, expect, it } from 'vitest';
import {
  findSites,
  gatherMoments,
  mergeUnits,
  proposeMerges,
  type Site,
  type SiteMerges,
} from '../../detectors/correlation/index.js';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { narrowGraph } from '../../detectors/graph/narrowGraph.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import { bruteForce } from './bruteForce.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

/*
 * What merging does to batch normalization between a convolution and its ReLU, to maps
 * that are laid flat before a linear layer, and to units of linear layers: networks with
 * duplicates put into them give the same outputs without them.
 */

/** Makes one row, or one number, of a tensor a multiple of another. */
function copy(tensor: Tensor | undefined, to: number, from: number, scale: number) {
  if (!tensor) return;
  const size = tensor.data.length / tensor.shape[0];
  const row = tensor.data.subarray(from * size, (from + 1) * size);
  tensor.data.set(
    row.map((value) => scale * value),
    to * size,
  );
}

/** Makes a unit of a site `scale` times another one that the same layer makes. */
function plant(
  weights: Weights,
  site: Site,
  unit: number,
  into: number,
  scale: number,
) {
  const { tensors } = weights;
  const [one, other] = [site.units[unit], site.units[into]];
  expect(one.node).toBe(other.node);
  const [last] = one.scales.slice(-1);
  for (const parameter of ['weight', 'bias']) {
    const tensor = tensors.get(`${one.node}/${parameter}`);
    copy(tensor, one.output, other.output, last ? 1 : scale);
  }
  one.scales.forEach(({ node, channel }, i) => {
    const from = other.scales[i].channel;
    for (const parameter of ['weight', 'bias', 'mean', 'variance']) {
      const isScaled = node === last.node && ['weight', 'bias'].includes(parameter);
      const tensor = tensors.get(`${node}/${parameter}`);
      copy(tensor, channel, from, isScaled ? scale : 1);
    }
  });
}

function images(graph: Graph, size: readonly [number, number], count: number) {
  return async function* () {
    const next = randomNumbers(11);
    for (let i = 0; i < count; i++) {
      await Promise.resolve();
      yield randomTensor([1, graph.inputChannels, ...size], next);
    }
  };
}

/** The merges that activations ask for in some sites. */
async function planOf(
  graph: Graph,
  weights: Weights,
  sites: readonly Site[],
  inputs: () => AsyncIterable<Tensor>,
): Promise<SiteMerges[]> {
  const plan: SiteMerges[] = [];
  const network = { graph, weights };
  const engine = await onnxEngine();
  for await (const { site, moments } of gatherMoments(network, engine, sites, inputs, {
    // All of them, so that what is found holds everywhere on these images.
    positions: 2 ** 16,
  })) {
    const merges = proposeMerges(moments, moments.correlations(), 0.999999);
    plan.push({ site, merges });
  }
  return plan;
}

/** The greatest difference of two networks' outputs, as a part of the largest. */
async function difference(
  networks: readonly { graph: Graph; weights: Weights }[],
  output: string,
  input: Tensor,
): Promise<number> {
  const engine = await onnxEngine();
  const [first, second] = await Promise.all(
    networks.map(async ({ graph, weights }) => {
      const session = await engine.load(graph, weights, { outputs: [output] });
      const { [output]: found } = await session.run(input);
      await session.dispose();
      return found;
    }),
  );
  expect(second.shape).toEqual(first.shape);
  let [scale, most] = [0, 0];
  first.data.forEach((value, i) => {
    scale = Math.max(scale, Math.abs(value));
    most = Math.max(most, Math.abs(value - second.data[i]));
  });
  expect(scale).toBeGreaterThan(0);
  return most / scale;
}

describe('batch normalization, a flat map and linear layers', () => {
  const graph: Graph = {
    name: 'normalized',
    input: 'data',
    inputChannels: 2,
    inputSize: [11, 9],
    nodes: [
      {
        ...{ op: 'convolution', name: 'a', input: 'data', outputs: 6 },
        ...{ size: 3, bias: false },
      },
      { op: 'batchNormalization', name: 'a/bn', input: 'a', epsilon: 1e-3 },
      { op: 'relu', name: 'a/relu', input: 'a/bn' },
      { op: 'maxPool', name: 'pool', input: 'a/relu', size: 2, stride: 2 },
      {
        ...{ op: 'convolution', name: 'b', input: 'pool', outputs: 5 },
        ...{ size: 3, bias: false },
      },
      { op: 'batchNormalization', name: 'b/bn', input: 'b', epsilon: 1e-5 },
      { op: 'relu', name: 'b/relu', input: 'b/bn' },
      { op: 'flatten', name: 'flat', input: 'b/relu' },
      { op: 'linear', name: 'c', input: 'flat', outputs: 7 },
      { op: 'relu', name: 'c/relu', input: 'c' },
      { op: 'dropout', name: 'drop', input: 'c/relu', rate: 0.5 },
      { op: 'linear', name: 'out', input: 'drop', outputs: 4 },
    ],
  };
  const weights = randomWeights(graph, 3);
  const at = (name: string) => weights.tensors.get(name)!.data;
  const sites = findSites(graph);
  const inputs = images(graph, graph.inputSize!, 30);
  // Off the ReLU's corner, so that units say more than nothing.
  for (const name of ['a/bn/bias', 'b/bn/bias']) at(name).fill(0.4);
  at('c/bias').fill(4);
  plant(weights, sites[0], 4, 1, 0.5);
  plant(weights, sites[1], 3, 0, 0.25);
  plant(weights, sites[2], 6, 2, 0.5);
  // Units that are always 0.7, whatever comes in.
  for (const [node, unit] of [
    ['a/bn', 5],
    ['b/bn', 2],
  ] as const) {
    at(`${node}/weight`)[unit] = 0;
    at(`${node}/bias`)[unit] = 0.7;
  }

  it('have units where nothing more is done to a channel for itself', () => {
    expect(sites.map(({ name, fixed }) => [name, fixed])).toEqual([
      ['a/relu', undefined],
      ['b/relu', undefined],
      ['c/relu', undefined],
    ]);
    expect(sites[1].previous).toBe('a/relu');
    expect(sites[1].units[3]).toEqual({
      node: 'b',
      output: 3,
      scales: [{ node: 'b/bn', channel: 3 }],
    });
    expect(sites[0].consumers).toMatchObject([{ node: 'b', normalization: 'b/bn' }]);
    // Of 11×9 pixels 9×7 are left, of these 5×4, of these 3×2.
    expect(sites[1].consumers).toMatchObject([{ node: 'c', offset: 0, cells: 6 }]);
  });

  it('give the same outputs when what is put in is merged', async () => {
    const plan = await planOf(graph, weights, sites, inputs);
    const found = plan.map(({ site, merges }) => [
      site.name,
      ...merges.map(({ unit, terms, offset }) => [
        unit,
        ...terms.flatMap(({ into, scale }) => [into, +scale.toFixed(5)]),
        +Math.abs(offset).toFixed(5),
      ]),
    ]);
    expect(found).toEqual([
      ['a/relu', [4, 1, 0.5, 0], [5, 0.7]],
      ['b/relu', [2, 0.7], [3, 0, 0.25, 0]],
      ['c/relu', [6, 2, 0.5, 0]],
    ]);
    const narrow = mergeUnits(graph, weights, plan, 't');
    expect(JSON.parse(narrow.weights.metadata.channels)).toEqual({ a: 4, b: 3, c: 6 });
    expect(narrow.weights.tensors.get('b/bn/mean')!.shape).toEqual([3]);
    expect(narrow.weights.tensors.get('c/weight')!.shape).toEqual([6, 18]);
    expect(narrowGraph(graph, narrow.weights.metadata, 't')).toEqual(narrow.graph);
    for await (const input of inputs()) {
      const expected = bruteForce(graph, weights, input).get('out')!;
      const actual = bruteForce(narrow.graph, narrow.weights, input).get('out')!;
      expected.data.forEach((value, i) =>
        expect(Math.abs(actual.data[i] - value)).toBeLessThan(1e-5),
      );
    }
  });
});

describe('networks with a duplicate in every layer that can be narrowed', () => {
  /** Sites that something keeps as they are, and how many can lose units. */
  it.each([
    // conv1, conv2 after nothing but a pool; ip1.
    ['lenet', 3, [], 0.5],
    // C1 and C3 are at C3's connection table; F6 at the distances.
    ['lenet5', 1, ['s2/tanh', 's4/tanh', 'f6/tanh'], 1],
    // Batch normalization everywhere and nothing else.
    ['googlenet-bn', 30, [], 0.5],
    // Two heads whose maps are laid flat; and what LRN keeps.
    ['googlenet-aux', 32, ['conv1/7x7_s2/relu', 'conv2/3x3/relu'], 0.5],
  ] as const)('%s', async (name, count, fixed, scale) => {
    const whole = networkNamed(name).build(5);
    const isFlat = whole.nodes.some(({ op }) => op === 'flatten');
    // Smaller pictures are faster where the network takes them.
    const graph = isFlat ? whole : { ...whole, inputSize: [64, 64] as const };
    const weights = randomWeights(graph, 7);
    // Off the ReLUs' corners, that no unit is silent.
    for (const [key, { data }] of weights.tensors) {
      if (key.endsWith('/bias') && !key.includes('classifier')) data.fill(1);
    }
    const sites = findSites(graph);
    expect(sites.filter((site) => site.fixed).map((site) => site.name)).toEqual(fixed);
    const free = sites.filter((site) => !site.fixed);
    expect(free).toHaveLength(count);
    const pairs = new Map(
      free.map((site) => {
        const unit = site.units.length - 1;
        const into = unit - 2;
        plant(weights, site, unit, into, scale);
        return [site.name, { unit, into }];
      }),
    );
    // Enough to tell like from unlike.
    const inputs = images(graph, graph.inputSize!, 12);
    const looked = name === 'googlenet-aux' ? free.filter(isOfHead) : free;
    const plan = await planOf(graph, weights, looked, inputs);
    let found = 0;
    for (const { site, merges } of plan) {
      const { unit, into } = pairs.get(site.name)!;
      const merge = merges.find((one) => one.unit === unit || one.unit === into);
      // Of two that nothing made fire, or that fired for one image alone, others are as good.
      expect(merge, site.name).toBeDefined();
      if (merge!.unit !== unit || merge!.terms[0]?.into !== into) continue;
      expect(merge!.terms[0].scale).toBeCloseTo(scale, 5);
      found++;
    }
    expect(found).toBeGreaterThan(looked.length / 2);
    const narrow = mergeUnits(graph, weights, plan, 't');
    expect(narrow.removed).toBeGreaterThanOrEqual(looked.length);
    const outputs = isFlat && name === 'googlenet-aux' ? ['loss1/classifier'] : [];
    for (const output of [...outputs, graph.nodes.at(-1)!.name]) {
      for await (const input of images(graph, graph.inputSize!, 2)()) {
        const networks = [{ graph, weights }, narrow];
        expect(await difference(networks, output, input)).toBeLessThan(1e-5);
      }
    }
  });

  const isOfHead = ({ name }: Site) => /^loss/.test(name);
});

it('AlexNet can lose units of its fully connected layers, and of no others', async () => {
  const graph = networkNamed('alexnet').build(5);
  const sites = findSites(graph);
  expect(
    sites.map(({ name, fixed }) => [name, /LRN|norm|group/i.exec(fixed ?? '')?.[0]]),
  ).toEqual([
    ['conv1/relu', 'Norm'],
    ['conv2/relu', 'Norm'],
    ['conv3/relu', 'group'],
    ['conv4/relu', 'group'],
    ['conv5/relu', 'group'],
    ['fc6/relu', undefined],
    ['fc7/relu', undefined],
  ]);
  const weights = randomWeights(graph, 9);
  const plan = sites.slice(-2).map((site): SiteMerges => {
    plant(weights, site, 4000, 17, 0.5);
    const merge = { unit: 4000, terms: [{ into: 17, scale: 0.5 }], offset: 0, r: 1 };
    return { site, merges: [merge] };
  });
  const narrow = mergeUnits(graph, weights, plan, 't');
  expect(JSON.parse(narrow.weights.metadata.channels)).toEqual({
    fc6: 4095,
    fc7: 4095,
  });
  const [input] = [randomTensor([1, 3, 227, 227], randomNumbers(5))];
  const networks = [{ graph, weights }, narrow];
  expect(await difference(networks, 'prob', input)).toBeLessThan(1e-5);
});
