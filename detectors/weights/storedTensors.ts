import type { Tensor } from './weights.js';

/**
 * A tensor of a foreign file. Its numbers are unpacked only when they are asked
 * for, so that what a file says of sizes costs nothing before it is checked.
 */
export interface StoredTensor {
  shape: readonly number[];
  /** How the file stores it, e.g. "Float" or "float16". */
  type: string;
  /**
   * The numbers in single precision, row-major.
   * @throws DetectorError INVALID_WEIGHTS when the type has no fractions
   */
  read: () => Float32Array;
}

/** Numbers that a shape has room for. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** A stored tensor as one in memory. */
export function unpack({ shape, read }: StoredTensor): Tensor {
  return { shape: [...shape], data: read() };
}
