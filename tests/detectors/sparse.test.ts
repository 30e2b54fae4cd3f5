import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import {
  blocksFromDense,
  checkCsr,
  clusteredPattern,
  connectedPattern,
  csrFromDense,
  groupedConnections,
  multiplyCsr,
  multiplyDense,
  SimdProducts,
  sparsityOf,
  uniformPattern,
  type Pattern,
} from '../../detectors/sparse/index.js';
import { SIMD_KERNELS } from '../../detectors/sparse/simdKernels.js';
import { randomNumbers } from '../../proposals/random.js';
import { assembleKernels } from '../../scripts/make-simd-kernels.mjs';

/** The product by its definition, in doubles. */
function product(
  { values, rows, columns }: Pattern,
  dense: Float32Array,
  width: number,
) {
  const out = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < width; j++)
      for (let k = 0; k < columns; k++)
        out[i * width + j] += values[i * columns + k] * dense[k * width + j];
  return out;
}

function expectClose(actual: Float32Array, expected: Float64Array) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThan(
      1e-5 * (1 + Math.abs(expected[i])),
    );
  }
}

const problems = fc.record({
  rows: fc.integer({ min: 1, max: 21 }),
  columns: fc.integer({ min: 1, max: 21 }),
  width: fc.integer({ min: 1, max: 70 }),
  sparsity: fc.constantFrom(0, 0.3, 0.9, 0.99),
  side: fc.constantFrom(1, 4, 8),
  seed: fc.nat(),
});

/** The pattern, and a dense factor, of a problem. */
function make(problem: {
  rows: number;
  columns: number;
  width: number;
  sparsity: number;
  side: number;
  seed: number;
}) {
  const { rows, columns, width, sparsity, side, seed } = problem;
  const random = randomNumbers(seed);
  const pattern = clusteredPattern(rows, columns, sparsity, side, random);
  const dense = Float32Array.from({ length: columns * width }, () => random() - 0.5);
  return { pattern, dense };
}

describe('sparse products equal the dense one', () => {
  it('in typed arrays', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { rows, columns, width } = problem;
        const { pattern, dense } = make(problem);
        const expected = product(pattern, dense, width);
        const out = new Float32Array(rows * width).fill(NaN);
        multiplyCsr(csrFromDense(pattern.values, rows, columns), dense, width, out);
        expectClose(out, expected);
        out.fill(NaN);
        multiplyDense(pattern.values, dense, rows, columns, width, out);
        expectClose(out, expected);
      }),
    );
  });

  it('in SIMD, row by row and block by block', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { rows, columns } = problem;
        const width = SimdProducts.paddedWidth(problem.width);
        const { pattern, dense } = make({ ...problem, width });
        const simd = await SimdProducts.create(1 << 18);
        const expected = product(pattern, dense, width);
        const matrices = [
          simd.storeCsr(csrFromDense(pattern.values, rows, columns)),
          simd.storeBlocks(blocksFromDense(pattern.values, rows, columns)),
        ];
        for (const matrix of matrices) {
          const factor = simd.floats(matrix.columns * width);
          factor.set(dense);
          const out = simd.floats(matrix.rows * width).fill(NaN);
          simd.multiply(matrix, factor, width, out);
          expectClose(out.subarray(0, rows * width), expected);
          // The rows that fill the last block up are zero.
          expect(out.subarray(rows * width).every((value) => value === 0)).toBe(true);
        }
      }),
    );
  });
});

it('carries the kernels that the script assembles', async () => {
  expect(SIMD_KERNELS).toBe(await assembleKernels('detectors/sparse/simdKernels.ts'));
});

describe('patterns', () => {
  it.each([0, 0.5, 0.9, 0.99])('are as sparse as asked for: %d', (sparsity) => {
    const random = randomNumbers(3);
    expect(sparsityOf(uniformPattern(64, 160, sparsity, random))).toBeCloseTo(
      sparsity,
      3,
    );
    expect(sparsityOf(clusteredPattern(64, 160, sparsity, 8, random))).toBeCloseTo(
      sparsity,
      2,
    );
  });

  it('of groups are blocks on the diagonal', () => {
    const connections = groupedConnections(4, 6, 2);
    expect(connections).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [3, 4, 5],
      [3, 4, 5],
    ]);
    expect(sparsityOf(connectedPattern(connections, 6, 9, randomNumbers(1)))).toBe(0.5);
  });

  it('refuse what is no pattern', () => {
    expect(() => uniformPattern(2, 2, 1.5, Math.random)).toThrow(DetectorError);
    expect(() => connectedPattern([[2]], 2, 1, Math.random)).toThrow(
      /reads input 2 of 2/,
    );
  });
});

describe('a sparse matrix is refused', () => {
  const sound = csrFromDense(Float32Array.of(1, 0, 0, 2), 2, 2);
  it.each([
    ['whose index lies outside', { indices: Int32Array.of(0, 2) }],
    ['whose index is negative', { indices: Int32Array.of(-1, 1) }],
    ['whose offsets fall', { offsets: Int32Array.of(0, 3, 2) }],
    ['whose offsets end early', { offsets: Int32Array.of(0, 1, 1) }],
    ['with too few offsets', { offsets: Int32Array.of(0, 2) }],
  ])('%s', async (_, change) => {
    expect(() => checkCsr({ ...sound, ...change })).toThrow(/^sparse matrix:/);
    const simd = await SimdProducts.create(1000);
    expect(() => simd.storeCsr({ ...sound, ...change })).toThrow(DetectorError);
  });

  it('when the dense factor has another length', async () => {
    const out = new Float32Array(4);
    expect(() => multiplyCsr(sound, new Float32Array(3), 2, out)).toThrow(
      'the dense factor has 3 numbers where 4 are needed',
    );
    const simd = await SimdProducts.create(1000);
    const stored = simd.storeCsr(sound);
    expect(() =>
      simd.multiply(stored, new Float32Array(64), 32, simd.floats(64)),
    ).toThrow(/own memory/);
    expect(() => simd.floats(1e6)).toThrow(/do not fit/);
  });
});
