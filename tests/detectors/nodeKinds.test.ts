import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { DetectorError } from '../../detectors/errors.js';
import { activationShapes } from '../../detectors/graph/activationShapes.js';
import { gaborFilters } from '../../detectors/graph/gaborFilters.js';
import type { GraphNode } from '../../detectors/graph/types.js';
import { checkWeights } from '../../detectors/weights/weights.js';
import { gaborFilter } from '../../proposals/gaborTexture.js';
import { bruteForce } from './bruteForce.js';
import { CHANNELS, graphOf, KINDS } from './kinds.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

const on = { name: 'out', input: 'data' };
const flat = { op: 'globalAveragePool', name: 'flat', input: 'data' } as const;

describe('every kind of node on the onnx engine equals its definition', () => {
  it.each(Object.entries(KINDS))('%s', async (_, nodes) => {
    const engine = await onnxEngine();
    for (const [height, width] of [
      [9, 12],
      [8, 7],
      [10, 11],
      [13, 14],
    ]) {
      const size = [height, width] as const;
      const graph = graphOf(nodes, size);
      const weights = randomWeights(graph, height);
      const input = randomTensor([2, CHANNELS, ...size], randomNumbers(width));
      const session = await engine.load(graph, weights, { outputs: ['out'] });
      const { out } = await session.run(input);
      await session.dispose();
      const expected = bruteForce(graph, weights, input).get('out')!;
      expect(out.shape).toEqual(expected.shape);
      expect(out.shape.slice(1)).toEqual(activationShapes(graph).get('out')!.slice(1));
      let error = 0;
      expected.data.forEach(
        (x, i) => (error = Math.max(error, Math.abs(x - out.data[i]))),
      );
      expect(error, `${height}×${width}`).toBeLessThan(1e-5);
      expect(expected.data.some((x) => Math.abs(x) > 0.01)).toBe(true);
    }
  });
});

it('has the Gabor bank of the proposals’ texture, but for its scale', () => {
  for (let size = 7; size <= 37; size += 2) {
    const sigma = 0.0036 * size * size + 0.35 * size + 0.18;
    const { data } = gaborFilters(
      {
        op: 'fixedConvolution',
        ...on,
        filters: 'gabor',
        orientations: 4,
        size,
        wavelength: sigma / 0.8,
        sigma,
        aspect: 0.3,
      },
      1,
    );
    for (let k = 0; k < 4; k++) {
      const { values } = gaborFilter(size, k);
      const norm = Math.hypot(...values);
      const own = data.subarray(k * size * size, (k + 1) * size * size);
      values.forEach((value, i) => expect(own[i]).toBeCloseTo(value / norm, 6));
    }
  }
});

describe('what is unsound is said', () => {
  const message = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return error instanceof DetectorError ? `${error.code}: ${error.message}` : error;
    }
    return 'no error';
  };
  const shapes = (nodes: GraphNode[], size?: [number, number]) => () =>
    activationShapes(graphOf(nodes), size);
  const convolution = { op: 'convolution', ...on, outputs: 4, size: 3 } as const;

  it.each<[string, () => unknown, RegExp]>([
    ['no size', shapes([convolution]), /INVALID_GRAPH.*made for no size/],
    ['too small', shapes([convolution], [2, 9]), /"out" gives nothing.*2×9/],
    [
      'an unknown input',
      shapes([{ op: 'relu', name: 'a', input: 'b' }], [9, 9]),
      /"a" reads "b"/,
    ],
    [
      'a name twice',
      shapes([{ op: 'relu', name: 'data', input: 'data' }], [9, 9]),
      /two nodes are called "data"/,
    ],
    ['groups', shapes([{ ...convolution, groups: 3 }], [9, 9]), /3 groups/],
    [
      'a table',
      shapes([{ ...convolution, connections: [[0], [1], [2], [4]] }], [9, 9]),
      /connections/,
    ],
    ['no plane', shapes([flat, { ...convolution, input: 'flat' }], [9, 9]), /height/],
    ['no vector', shapes([{ op: 'linear', ...on, outputs: 1 }], [9, 9]), /flat input/],
    [
      'sizes that differ',
      shapes(
        [convolution, { op: 'concat', name: 'c', inputs: ['data', 'out'] }],
        [9, 9],
      ),
      /sizes differ/,
    ],
    [
      'shapes that differ',
      shapes(
        [convolution, { op: 'maximum', name: 'm', inputs: ['data', 'out'] }],
        [9, 9],
      ),
      /compares "data" .* whose shapes differ/,
    ],
    [
      'flat at another size',
      () => activationShapes(graphOf([{ op: 'flatten', ...on }], [8, 9]), [9, 8]),
      /takes 8×9 pixels alone/,
    ],
    [
      'flat without a size',
      () => randomWeights(graphOf([{ op: 'flatten', ...on }])),
      /input size of its own/,
    ],
  ])('%s', (_, work, expected) => {
    expect(message(work)).toMatch(expected);
  });

  it('weights where the table has no connection, and negative variances', () => {
    const table = graphOf([{ ...convolution, connections: [[0], [1], [2], [0, 3]] }]);
    const weights = randomWeights(table);
    expect(message(() => checkWeights(table, weights, 'file'))).toBe('no error');
    weights.tensors.get('out/weight')!.data[9 * (4 * 2 + 1) + 5] = 0.1;
    expect(message(() => checkWeights(table, weights, 'file'))).toMatch(
      /WEIGHTS_MISMATCH.*connects input 1 to output 2/,
    );

    const normalized = graphOf([{ op: 'batchNormalization', ...on, epsilon: 1e-3 }]);
    const statistics = randomWeights(normalized);
    expect(message(() => checkWeights(normalized, statistics, 'file'))).toBe(
      'no error',
    );
    statistics.tensors.get('out/variance')!.data[1] = -1;
    expect(message(() => checkWeights(normalized, statistics, 'file'))).toMatch(
      /"out\/variance"/,
    );
  });
});
