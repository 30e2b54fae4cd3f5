import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import type { Precision } from '../../detectors/engines/engine.js';
import type { Graph, GraphNode } from '../../detectors/graph/types.js';
import { parameterShapes } from '../../detectors/graph/parameterShapes.js';
import { RANGES_KEY } from '../../detectors/quantization/activationRanges.js';
import { calibrate } from '../../detectors/quantization/calibrate.js';
import { quantizeWeights } from '../../detectors/quantization/quantizeWeights.js';
import { RangeObserver } from '../../detectors/quantization/rangeObserver.js';
import { halfToSingle, singleToHalf } from '../../detectors/weights/halfFloat.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';

let seed = 1;
/** Uniform in [-1, 1). */
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 31 - 1;
};
const randomTensor = (...shape: number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, random),
});

/** All that runs as bytes, and what stands between: LRN, pools, concatenation, groups. */
const nodes: GraphNode[] = [
  { op: 'convolution', name: 'first', input: 'data', outputs: 8, size: 3, pad: 1 },
  { op: 'relu', name: 'first/relu', input: 'first' },
  { op: 'convolution', name: 'a', input: 'first/relu', outputs: 12, size: 3, pad: 1 },
  { op: 'relu', name: 'a/relu', input: 'a' },
  {
    ...{ op: 'localResponseNormalization', name: 'norm', input: 'a/relu' },
    ...{ size: 5, alpha: 0.5, beta: 0.75, k: 1 },
  },
  { op: 'maxPool', name: 'pool', input: 'norm', size: 3, stride: 2 },
  { op: 'convolution', name: 'b', input: 'pool', outputs: 6, size: 1 },
  { op: 'relu', name: 'b/relu', input: 'b' },
  { op: 'maxPool', name: 'c/pool', input: 'pool', size: 3, stride: 1, pad: 1 },
  {
    op: 'convolution',
    name: 'c',
    input: 'c/pool',
    outputs: 6,
    size: 3,
    pad: 1,
    groups: 2,
  },
  { op: 'relu', name: 'c/relu', input: 'c' },
  { op: 'concat', name: 'both', inputs: ['b/relu', 'c/relu'] },
  { op: 'spaceToBatch', name: 'grids', input: 'both', block: 2 },
  { op: 'convolution', name: 'd', input: 'grids', outputs: 10, size: 3, pad: 1 },
  { op: 'relu', name: 'd/relu', input: 'd' },
  { op: 'batchToSpace', name: 'whole', input: 'd/relu', block: 2, like: 'both' },
  { op: 'globalAveragePool', name: 'mean', input: 'whole' },
];
const graph: Graph = { name: 'small', input: 'data', inputChannels: 3, nodes };

describe('8 bits', () => {
  it('stay near full precision, static and dynamic, on every kind of node', async () => {
    const tensors = new Map<string, Tensor>();
    for (const [name, shape] of parameterShapes(graph)) {
      tensors.set(name, randomTensor(...shape));
    }
    const weights: Weights = { tensors, metadata: {} };
    const inputs = Array.from({ length: 4 }, () => randomTensor(2, 3, 21, 18));
    const engine = await onnxEngine();
    const ranges = await calibrate(engine, graph, weights, inputs);
    // Convolutions' inputs and rectified outputs; not the photo.
    expect(ranges.has('pool') && ranges.has('a/relu')).toBe(true);
    expect(ranges.has('data')).toBe(false);

    const calibrated = {
      tensors,
      metadata: { [RANGES_KEY]: JSON.stringify(Object.fromEntries(ranges)) },
    };
    const outputs = ['mean', 'both', 'norm'];
    const run = async (of: Weights, precision: Precision) => {
      const session = await engine.load(graph, of, { outputs, precision });
      const found = await session.run(inputs[0]);
      await session.dispose();
      return found;
    };
    const full = await run(weights, 'fp32');
    for (const [name, of, precision, limit] of [
      ['static', calibrated, 'int8', 0.03],
      ['dynamic', weights, 'int8', 0.03],
      ['half', weights, 'fp16', 0.002],
    ] as const) {
      const found = await run(of, precision);
      for (const output of outputs) {
        const expected = full[output];
        expect(found[output].shape, `${name} ${output}`).toEqual(expected.shape);
        const scale = expected.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        const error =
          expected.data.reduce(
            (sum, v, i) => sum + Math.abs(v - found[output].data[i]),
            0,
          ) / expected.data.length;
        expect(error, `${name} ${output}`).toBeLessThan(limit * scale);
        expect(error, `${name} ${output}`).toBeGreaterThan(0);
      }
    }
  });

  it('round weights by output, and their own results not at all', () => {
    const { data } = randomTensor(5, 40);
    const once = quantizeWeights(data, 5);
    expect(Math.max(...once.values.map(Math.abs))).toBe(63);
    const restored = Float32Array.from(
      once.values,
      (value, i) => value * once.scales[Math.floor(i / 40)],
    );
    expect(quantizeWeights(restored, 5).values).toEqual(once.values);
    expect([...quantizeWeights(new Float32Array(4), 2).values]).toEqual([0, 0, 0, 0]);
  });
});

describe('RangeObserver', () => {
  it('gives all that was seen, in any order of magnitudes', () => {
    const observer = new RangeObserver();
    for (const part of [
      [0.5, 0],
      [-3, 1],
      [8, 100],
    ])
      observer.observe(Float32Array.from(part));
    expect(observer.range('minmax')).toEqual([-3, 100]);
    expect(new RangeObserver().range('entropy')).toEqual([0, 0]);
  });

  it('leaves out what is rare and far out, by either way', () => {
    const observer = new RangeObserver();
    observer.observe(Float32Array.from({ length: 100_000 }, () => Math.abs(random())));
    observer.observe(Float32Array.of(50));
    const [, percentile] = observer.range('percentile', 99);
    expect(percentile).toBeGreaterThan(0.95);
    expect(percentile).toBeLessThan(1.1);
    expect(observer.range('entropy')[1]).toBeLessThan(50);
    expect(observer.range('minmax')[1]).toBe(50);
  });
});

describe('half precision', () => {
  it('gives every half again, and the nearest for what lies between', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter(
      (half) => (half & 0x7fff) <= 0x7c00,
    );
    const singles = halfToSingle(all);
    expect(singleToHalf(singles)).toEqual(all);
    const positive = singles.filter((value, i) => all[i] < 0x7c00 && value >= 0);
    for (let i = 1; i < positive.length; i += 97) {
      const [low, high] = [positive[i - 1], positive[i]];
      const near = (part: number) =>
        halfToSingle(singleToHalf(Float32Array.of(low + part * (high - low))))[0];
      expect(near(0.4)).toBe(low);
      expect(near(0.6)).toBe(high);
      // Ties go to the even fraction.
      expect(near(0.5)).toBe(i % 2 === 1 ? low : high);
    }
    expect([...halfToSingle(singleToHalf(Float32Array.of(1e6, -1e-9, NaN)))]).toEqual([
      Infinity,
      -0,
      NaN,
    ]);
  });
});
