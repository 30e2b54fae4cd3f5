import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  clusterUnits,
  CoMoments,
  cutClusters,
  effectiveUnits,
  findSites,
  gatherClusterSignals,
  gatherMoments,
  gridPositions,
  layerTopology,
  leafOrder,
  mergeUnits,
  proposeCombinations,
  proposeMerges,
  roundWidths,
  type SiteMerges,
} from '../../detectors/correlation/index.js';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { googlenetRcnn } from '../../detectors/graph/googlenet.js';
import { narrowGraph } from '../../detectors/graph/narrowGraph.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

interface Golden {
  samples: number[][];
  correlations: number[][];
  covariances: number[][];
  heights: number[];
  sizes: number[];
  cut: number;
  labels: number[];
}
const golden = JSON.parse(
  readFileSync(
    new URL('../fixtures/detectors/correlations.json', import.meta.url),
    'utf8',
  ),
) as Golden;
const units = golden.samples.length;

/** The golden's samples from `start` to before `end`, unit after unit. */
const part = (start: number, end: number) =>
  golden.samples.flatMap((row) => row.slice(start, end));

function gathered(bounds: readonly number[]): CoMoments {
  const moments = new CoMoments(units);
  for (let i = 0; i + 1 < bounds.length; i++) {
    moments.add(part(bounds[i], bounds[i + 1]), bounds[i + 1] - bounds[i]);
  }
  return moments;
}

describe('co-moments against numpy, with means of 1e7', () => {
  const count = golden.samples[0].length;
  it.each([
    ['in one batch', [0, count]],
    ['in batches of many sizes', [0, 1, 2, 9, 9, 30, count]],
    ['sample by sample', Array.from({ length: count + 1 }, (_, i) => i)],
  ])('%s', (_, bounds) => {
    const moments = gathered(bounds);
    expect(moments.count).toBe(count);
    const r = moments.correlations();
    for (let i = 0; i < units; i++) {
      for (let j = 0; j < units; j++) {
        expect(Math.abs(r[i * units + j] - golden.correlations[i][j])).toBeLessThan(
          1e-8,
        );
        const scale = Math.sqrt(golden.covariances[i][i] * golden.covariances[j][j]);
        const error = moments.covariance(i, j) - golden.covariances[i][j];
        expect(Math.abs(error)).toBeLessThan(1e-8 * scale);
      }
    }
  });

  it('refuses what is not finite or does not fit', () => {
    const moments = new CoMoments(2);
    expect(() => moments.add([1, NaN], 1)).toThrow('variable 1 has numbers that are');
    expect(() => moments.add([1, 2, 3], 2)).toThrow('are not 2 samples of 2 variables');
  });

  it('gives 0 with what never changes', () => {
    const moments = new CoMoments(2);
    moments.add([0.1, 0.1, 0.1, 1, 2, 3], 3);
    expect([...moments.correlations()]).toEqual([1, 0, 0, 1]);
  });
});

describe('average linkage against SciPy', () => {
  const joins = clusterUnits(Float64Array.from(golden.correlations.flat()), units);

  it('joins at the same heights, groups of the same sizes', () => {
    joins.forEach(({ height, size }, k) => {
      expect(Math.abs(height - golden.heights[k])).toBeLessThan(1e-10);
      expect(size).toBe(golden.sizes[k]);
    });
  });

  it('cuts the tree into the same groups', () => {
    const groups = cutClusters(joins, units, golden.cut);
    const expected = new Map<number, number[]>();
    golden.labels.forEach((label, unit) =>
      expected.set(label, [...(expected.get(label) ?? []), unit]),
    );
    const text = (all: number[][]) => all.map((group) => group.join()).sort();
    expect(text(groups)).toEqual(text([...expected.values()]));
    expect(groups.length).toBeGreaterThan(2);
  });

  it('orders every unit once, and the units of each group side by side', () => {
    const order = leafOrder(joins, units);
    expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
    for (const group of cutClusters(joins, units, golden.cut)) {
      const places = group.map((unit) => order.indexOf(unit));
      expect(Math.max(...places) - Math.min(...places)).toBe(group.length - 1);
    }
  });

  it('takes a layer of one unit', () => {
    expect(clusterUnits(Float64Array.of(1), 1)).toEqual([]);
    expect(leafOrder([], 1)).toEqual([0]);
    expect(cutClusters([], 1, 0.5)).toEqual([[0]]);
  });
});

it('counts alike units as one, unrelated ones each', () => {
  const r = Float64Array.of(1, 1, 0, 1, 1, 0, 0, 0, 1);
  expect(effectiveUnits(r, 3, [0, 1])).toBe(1);
  expect(effectiveUnits(r, 3, [0, 2])).toBe(2);
});

it('spreads positions over a map and stays in it', () => {
  expect([...gridPositions(2, 3, 10)]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...gridPositions(4, 4, 4)]).toEqual([5, 7, 13, 15]);
  for (const [height, width, limit] of [
    [7, 13, 20],
    [100, 3, 16],
    [1, 50, 7],
  ]) {
    const cells = gridPositions(height, width, limit);
    expect(cells.length).toBeLessThanOrEqual(limit);
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...cells)).toBeLessThan(height * width);
  }
});

/** Two layers with branches, a pool between, a linear layer on top. */
const branched: Graph = {
  name: 'branched',
  input: 'data',
  inputChannels: 3,
  nodes: [
    { op: 'convolution', name: 'a', input: 'data', outputs: 9, size: 3, pad: 1 },
    { op: 'relu', name: 'a/relu', input: 'a' },
    { op: 'maxPool', name: 'pool', input: 'a/relu', size: 3, stride: 2 },
    { op: 'convolution', name: 'one', input: 'pool', outputs: 5, size: 1 },
    { op: 'relu', name: 'one/relu', input: 'one' },
    { op: 'convolution', name: 'three', input: 'pool', outputs: 6, size: 3, pad: 1 },
    { op: 'relu', name: 'three/relu', input: 'three' },
    { op: 'concat', name: 'both', inputs: ['one/relu', 'three/relu'] },
    { op: 'spaceToBatch', name: 'grids', input: 'both', block: 2 },
    { op: 'convolution', name: 'b', input: 'grids', outputs: 7, size: 3, pad: 1 },
    { op: 'relu', name: 'b/relu', input: 'b' },
    { op: 'batchToSpace', name: 'whole', input: 'b/relu', block: 2, like: 'both' },
    { op: 'globalAveragePool', name: 'mean', input: 'whole' },
    { op: 'dropout', name: 'drop', input: 'mean', rate: 0.5 },
    { op: 'linear', name: 'out', input: 'drop', outputs: 4 },
  ],
};

/** Makes one output of a convolution `scale` times another's. */
function plant(
  { tensors }: Weights,
  node: string,
  unit: number,
  into: number,
  scale: number,
) {
  for (const name of [`${node}/weight`, `${node}/bias`]) {
    const { shape, data } = tensors.get(name)!;
    const size = data.length / shape[0];
    for (let i = 0; i < size; i++)
      data[unit * size + i] = scale * data[into * size + i];
  }
}

/** Random weights with four units that others can stand for, in all kinds of places. */
function planted(): Weights {
  const weights = randomWeights(branched, 5);
  const at = (name: string) => weights.tensors.get(name)!.data;
  at('a/bias').fill(0.3);
  at('one/bias').fill(0.2);
  at('three/bias').fill(0.2);
  at('b/bias').fill(1);
  plant(weights, 'a', 6, 2, 0.5);
  // A unit that never fires.
  at('a/bias')[8] = -1e3;
  // The 3×3 filter that has nothing round its centre, the same as a 1×1 of the other branch.
  for (let input = 0; input < 9; input++) {
    const from = (3 * 9 + input) * 9;
    at('three/weight').fill(0, from, from + 9);
    at('three/weight')[from + 4] = 0.25 * at('one/weight')[1 * 9 + input];
  }
  at('three/bias')[3] = 0.25 * at('one/bias')[1];
  plant(weights, 'b', 4, 0, 0.125);
  return weights;
}

/** Unit that goes; the one that stays, and its scale. */
const EXPECTED: Record<string, number[][]> = {
  'a/relu': [[6, 2, 0.5], [8]],
  // Unit 3 of the second branch is unit 5 + 3 of the two.
  both: [[8, 1, 0.25]],
  'b/relu': [[4, 0, 0.125]],
};

function images(): AsyncIterable<Tensor> {
  const next = randomNumbers(11);
  return (async function* () {
    for (let i = 0; i < 6; i++) {
      await Promise.resolve();
      yield randomTensor([1, 3, 17, 22], next);
    }
  })();
}

async function planOf(weights: Weights, memory?: number): Promise<SiteMerges[]> {
  const engine = await onnxEngine();
  const plan: SiteMerges[] = [];
  for await (const { site, moments } of gatherMoments(
    { graph: branched, weights },
    engine,
    findSites(branched),
    images,
    { memory },
  )) {
    const merges = proposeMerges(moments, moments.correlations(), 0.999999);
    plan.push({ site, merges });
  }
  return plan;
}

describe('a network with planted duplicates', () => {
  it('has exactly these found, in one pass or in several', async () => {
    const weights = planted();
    const plan = await planOf(weights);
    expect(plan.map(({ site }) => site.name)).toEqual(Object.keys(EXPECTED));
    for (const { site, merges } of plan) {
      expect(site.fixed).toBeUndefined();
      const found = merges.map(({ unit, terms, offset }) => {
        expect(Math.abs(offset)).toBeLessThan(1e-6);
        return [unit, ...terms.flatMap(({ into, scale }) => [into, +scale.toFixed(5)])];
      });
      expect(found, site.name).toEqual(EXPECTED[site.name]);
    }
    // A matrix at a time.
    expect(await planOf(weights, 1)).toEqual(plan);
  });

  it('gives the same outputs to 1e-5 with them merged', async () => {
    const weights = planted();
    const plan = await planOf(weights);
    const {
      graph,
      weights: narrow,
      removed,
    } = mergeUnits(branched, weights, plan, 't');
    expect(removed).toBe(4);
    expect(JSON.parse(narrow.metadata.channels)).toEqual({ a: 7, three: 5, b: 6 });
    const engine = await onnxEngine();
    const before = await engine.load(branched, weights, { outputs: ['out', 'whole'] });
    const after = await engine.load(graph, narrow, { outputs: ['out'] });
    for await (const image of images()) {
      const { out: expected, whole } = await before.run(image);
      const { out } = await after.run(image);
      expect(Math.max(...whole.data)).toBeGreaterThan(0.1);
      expected.data.forEach((value, i) =>
        expect(Math.abs(out.data[i] - value)).toBeLessThan(1e-5),
      );
    }
    // The file's own words make the same graph again.
    expect(narrowGraph(branched, narrow.metadata, 't')).toEqual(graph);
    await before.dispose();
    await after.dispose();
  });

  it('can be merged once more', () => {
    const weights = planted();
    const [first] = findSites(branched);
    const merge = { unit: 8, terms: [], r: 1, offset: 0 };
    const once = mergeUnits(branched, weights, [{ site: first, merges: [merge] }], 't');
    const [again] = findSites(once.graph);
    const second = { unit: 6, terms: [{ into: 2, scale: 0.5 }], r: 1, offset: 0 };
    const twice = mergeUnits(
      once.graph,
      once.weights,
      [{ site: again, merges: [second] }],
      't',
    );
    expect(JSON.parse(twice.weights.metadata.channels)).toEqual({ a: 7 });
  });
});

describe('combinations', () => {
  const [, site] = findSites(branched);

  /** Eleven units of the two branches; unit 1 is a combination of others, unit 7 silent. */
  function combined() {
    const next = randomNumbers(21);
    const count = 200;
    const rows = Array.from({ length: 11 }, () => Array.from({ length: count }, next));
    rows[1] = rows[0].map((x, s) => 3 + 2 * x - 0.5 * rows[9][s]);
    rows[7] = rows[7].map(() => 0.75);
    const moments = new CoMoments(11);
    moments.add(rows.flat(), count);
    return { rows, moments, count };
  }

  it('stand for the units that they are, and no others', () => {
    const { rows, moments } = combined();
    const merges = proposeCombinations(moments, moments.correlations(), site, 0.99);
    // Any of the three in the relation may go.
    expect(merges).toHaveLength(2);
    const silent = merges.find(({ terms }) => terms.length === 0)!;
    expect([silent.unit, silent.offset]).toEqual([7, 0.75]);
    const { unit, terms, offset, r } = merges.find(({ terms: t }) => t.length > 0)!;
    expect([0, 1, 9]).toContain(unit);
    expect(terms.map(({ into }) => into)).not.toContain(7);
    expect(r).toBeGreaterThan(0.99);
    let error = 0;
    let spread = 0;
    rows[unit].forEach((value, s) => {
      const sum = terms.reduce(
        (a, { into, scale }) => a + scale * rows[into][s],
        offset,
      );
      error += (value - sum) ** 2;
      spread += (value - moments.mean[unit]) ** 2;
    });
    // The ridge costs a little.
    expect(error / spread).toBeLessThan(1e-4);
  });

  it('leave each convolution a multiple of outputs, and need samples', () => {
    const { moments } = combined();
    const r = moments.correlations();
    // Almost all could go; of 5 and 6 outputs 4 each stay.
    const merges = proposeCombinations(moments, r, site, 0.01, 4);
    const gone = merges.map(({ unit }) => unit);
    expect(gone.filter((unit) => unit < 5)).toHaveLength(1);
    expect(gone.filter((unit) => unit >= 5)).toHaveLength(2);
    const few = new CoMoments(11);
    few.add(new Float64Array(11 * 40).map(Math.random), 40);
    expect(() => proposeCombinations(few, few.correlations(), site, 0.9)).toThrow(
      /40 samples for 11 units are too few/,
    );
  });

  it('round widths from the first that go', () => {
    // Outputs 0 to 4 and 5 to 10.
    expect(roundWidths([2, 6, 0, 7, 8], site, 1)).toEqual([2, 6, 0, 7, 8]);
    expect(roundWidths([2, 6, 0, 7, 8], site, 4)).toEqual([2, 6, 7]);
    expect(roundWidths([0, 1, 2, 3, 4], site, 1)).toEqual([0, 1, 2, 3]);
    expect(roundWidths([0, 5], site, 16)).toEqual([]);
  });
});

describe('sites', () => {
  it('of the detector: 30 layers, two of which LRN fixes', () => {
    const sites = findSites(googlenetRcnn(3, 85));
    expect(sites.length).toBe(30);
    expect(sites.filter(({ fixed }) => fixed).map(({ name }) => name)).toEqual([
      'conv1/7x7_s2/relu',
      'conv2/3x3/relu',
    ]);
    const module = sites.find(({ name }) => name === 'inception_3b/output')!;
    expect(module.units.length).toBe(480);
    expect(module.previous).toBe('inception_3a/output');
    expect(module.consumers.map(({ node }) => node)).toEqual(
      ['1x1', '3x3_reduce', '5x5_reduce', 'pool_proj'].map((b) => `inception_4a/${b}`),
    );
  });

  it('are fixed where something else reads a part of them', () => {
    const graph: Graph = {
      ...branched,
      nodes: [
        ...branched.nodes,
        { op: 'convolution', name: 'side', input: 'one/relu', outputs: 1, size: 1 },
      ],
    };
    const site = findSites(graph).find(({ name }) => name === 'both')!;
    expect(site.fixed).toMatch(/"one\/relu" is read elsewhere too/);
  });
});

describe('merges are refused', () => {
  const site = findSites(branched)[0];
  const weights = planted();
  const merge = { unit: 1, terms: [{ into: 2, scale: 1 }], r: 1, offset: 0 };
  const into = (unit: number, scale = 1) => [{ into: unit, scale }];
  it.each([
    ['of units that are not there', [{ ...merge, unit: 9 }], /no unit 9 among 9/],
    ['into units that are not there', [{ ...merge, terms: into(-1) }], /no unit -1/],
    ['twice', [merge, merge], /goes twice/],
    [
      'into one that goes',
      [merge, { ...merge, unit: 2, terms: into(3) }],
      /unit 2 goes itself/,
    ],
    [
      'with a scale that is none',
      [{ ...merge, terms: into(2, Infinity) }],
      /not finite/,
    ],
    ['with an offset that is none', [{ ...merge, offset: NaN }], /not finite/],
  ])('%s', (_, merges, message) => {
    expect(() => mergeUnits(branched, weights, [{ site, merges }], 't')).toThrow(
      message,
    );
  });

  it('in a fixed layer', () => {
    const fixed = { ...site, fixed: 'because' };
    expect(() =>
      mergeUnits(branched, weights, [{ site: fixed, merges: [merge] }], 't'),
    ).toThrow('because');
  });
});

describe('a narrower graph is refused when its entry', () => {
  it.each([
    ['is no JSON', '{', /no JSON object/],
    ['is a list', '[]', /no JSON object/],
    ['names another layer', '{"x":1}', /names "x"/],
    ['names what has no outputs', '{"pool":1}', /no linear layer and no plain conv/],
    ['narrows the answer', '{"out":1}', /"out", whose outputs are what the network/],
    ['asks for none', '{"a":0}', /gives "a" 0 outputs; from 1 to 9/],
    ['asks for more', '{"a":10}', /from 1 to 9/],
    ['asks for a part', '{"a":1.5}', /from 1 to 9/],
    ['has a name of all objects', '{"__proto__":1}', /names "__proto__"/],
  ])('%s', (_, channels, message) => {
    expect(() => narrowGraph(branched, { channels }, 'file')).toThrow(message);
  });
});

describe('topology', () => {
  /** `clusters` moving stripes, the channels of each cluster alike but for noise. */
  const layered: Graph = {
    name: 'layered',
    input: 'data',
    inputChannels: 3,
    nodes: [
      { op: 'convolution', name: 'a', input: 'data', outputs: 4, size: 1 },
      { op: 'relu', name: 'a/relu', input: 'a' },
      { op: 'convolution', name: 'b', input: 'a/relu', outputs: 2, size: 1 },
      { op: 'relu', name: 'b/relu', input: 'b' },
      { op: 'convolution', name: 'c', input: 'b/relu', outputs: 1, size: 1 },
    ],
  };
  const tensors = new Map<string, Tensor>([
    // Units 0 and 1 see the first channel, 2 and 3 the second.
    [
      'a/weight',
      {
        shape: [4, 3, 1, 1],
        data: Float32Array.of(1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 3, 0),
      },
    ],
    ['a/bias', { shape: [4], data: new Float32Array(4).fill(5) }],
    // Unit 0 reads units 2 and 3, unit 1 the others.
    [
      'b/weight',
      { shape: [2, 4, 1, 1], data: Float32Array.of(0, 0, 1, 1, 1, 1, 0, 0) },
    ],
    ['b/bias', { shape: [2], data: new Float32Array(2) }],
    ['c/weight', { shape: [1, 2, 1, 1], data: Float32Array.of(1, 1) }],
    ['c/bias', { shape: [1], data: new Float32Array(1) }],
  ]);

  it('feeds clusters from those they fire with, over the patch on which they do', async () => {
    // The first channel is new in every cell, the second alike in squares of 8 cells.
    async function* inputs() {
      const next = randomNumbers(3);
      for (let i = 0; i < 20; i++) {
        await Promise.resolve();
        const image = randomTensor([1, 3, 32, 32], next);
        for (let cell = 0; cell < 1024; cell++) {
          const square = 8 * 32 * (cell >> 8) + 8 * ((cell >> 3) & 3);
          image.data[1024 + cell] = image.data[1024 + square];
        }
        yield image;
      }
    }
    const engine = await onnxEngine();
    const network = { graph: layered, weights: { tensors, metadata: {} } };
    const clustered = [];
    for await (const { site, moments } of gatherMoments(
      network,
      engine,
      findSites(layered),
      inputs,
      { positions: 1024 },
    )) {
      const n = site.units.length;
      const joins = clusterUnits(moments.correlations(), n);
      clustered.push({
        name: site.name,
        previous: site.previous,
        clusters: cutClusters(joins, n, 0.5),
        means: moments.mean,
        deviations: Float64Array.from(moments.mean, (_, i) => moments.deviation(i)),
      });
    }
    expect(clustered[0].clusters).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const signals = await gatherClusterSignals(
      network,
      engine,
      clustered,
      inputs,
      1024,
    );
    const below = layerTopology(
      clustered[0].clusters,
      [1, 1],
      signals.get('a/relu')!,
      0.5,
    );
    expect(below.map(({ patch }) => patch)).toEqual([1, 5]);
    // Of 8 cells in a row, 7 have a neighbour that is alike, and 6 one two cells away.
    expect(below[1].spread[0]).toBeCloseTo(7 / 8, 1);
    expect(below[1].spread[1]).toBeCloseTo(6 / 8, 1);
    const above = layerTopology(
      clustered[1].clusters,
      [1, 1],
      signals.get('b/relu')!,
      0.5,
    );
    expect(above.map(({ fedBy }) => fedBy.map(({ cluster }) => cluster))).toEqual([
      [1],
      [0],
    ]);
    for (const { fedBy } of above) expect(fedBy[0].r).toBeCloseTo(1, 6);
  });
});
