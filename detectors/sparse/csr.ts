import { DetectorError } from '../errors.js';

/** A matrix by its nonzeros, row after row (compressed sparse rows). */
export interface CsrMatrix {
  rows: number;
  columns: number;
  /** rows + 1 numbers: row r has the nonzeros from offsets[r] to before offsets[r + 1]. */
  offsets: Int32Array;
  /** The column of each nonzero, rising within a row. */
  indices: Int32Array;
  values: Float32Array;
}

/** The nonzeros of a dense matrix in row-major order. */
export function csrFromDense(
  dense: Float32Array,
  rows: number,
  columns: number,
): CsrMatrix {
  checkLength('the dense matrix', dense, rows * columns);
  const offsets = new Int32Array(rows + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      if (dense[i] === 0) continue;
      indices.push(column);
      values.push(dense[i]);
    }
    offsets[row + 1] = indices.length;
  }
  return {
    rows,
    columns,
    offsets,
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
  };
}

/**
 * Checks that offsets and indices stay within the matrix: the products read by
 * them without looking.
 *
 * @throws DetectorError INVALID_ARGUMENT
 */
export function checkCsr({ rows, columns, offsets, indices, values }: CsrMatrix): void {
  const fail = (problem: string): never => {
    throw new DetectorError('INVALID_ARGUMENT', `sparse matrix: ${problem}`);
  };
  if (offsets.length !== rows + 1 || offsets[0] !== 0) {
    fail(`${rows} rows need ${rows + 1} offsets from 0 on`);
  }
  for (let row = 0; row < rows; row++) {
    if (offsets[row + 1] < offsets[row]) fail(`the offsets of row ${row} fall`);
  }
  if (offsets[rows] !== indices.length || indices.length !== values.length) {
    fail(
      `the offsets end at ${offsets[rows]}, there are ${indices.length} indices and ${values.length} values`,
    );
  }
  const wrong = indices.findIndex((column) => column < 0 || column >= columns);
  if (wrong >= 0) {
    fail(`index ${wrong} names column ${indices[wrong]} of ${columns}`);
  }
}

/** @throws DetectorError INVALID_ARGUMENT */
export function checkLength(
  what: string,
  { length }: ArrayLike<number>,
  needed: number,
): void {
  if (length !== needed) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `${what} has ${length} numbers where ${needed} are needed`,
    );
  }
}
