import { checkLength } from './csr.js';

/** Side of the blocks of a {@link BlockMatrix}. */
export const BLOCK = 4;

/**
 * A matrix by its blocks of 4×4 numbers that are not all zero, block row after
 * block row. A matrix whose sides are no multiples of 4 has zeros at its end.
 */
export interface BlockMatrix {
  rows: number;
  columns: number;
  blockRows: number;
  blockColumns: number;
  /** blockRows + 1 numbers, as in a `CsrMatrix`. */
  offsets: Int32Array;
  /** The block column of each block, rising within a block row. */
  indices: Int32Array;
  /** 16 numbers a block, column by column. */
  values: Float32Array;
}

/** The blocks of a dense matrix in row-major order that have a nonzero. */
export function blocksFromDense(
  dense: Float32Array,
  rows: number,
  columns: number,
): BlockMatrix {
  checkLength('the dense matrix', dense, rows * columns);
  const blockRows = Math.ceil(rows / BLOCK);
  const blockColumns = Math.ceil(columns / BLOCK);
  const offsets = new Int32Array(blockRows + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < blockRows; i++) {
    for (let j = 0; j < blockColumns; j++) {
      const block = new Float32Array(BLOCK * BLOCK);
      for (let x = 0; x < BLOCK && j * BLOCK + x < columns; x++) {
        for (let y = 0; y < BLOCK && i * BLOCK + y < rows; y++) {
          block[x * BLOCK + y] = dense[(i * BLOCK + y) * columns + j * BLOCK + x];
        }
      }
      if (block.every((value) => value === 0)) continue;
      indices.push(j);
      values.push(...block);
    }
    offsets[i + 1] = indices.length;
  }
  return {
    rows,
    columns,
    blockRows,
    blockColumns,
    offsets,
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
  };
}
