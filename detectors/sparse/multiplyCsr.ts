import { checkLength, type CsrMatrix } from './csr.js';

/**
 * Sparse times dense, in plain typed arrays: `out` = `matrix` · `dense`. A strip of
 * eight columns of the product is kept in registers while the nonzeros of its row
 * pass by, so that nothing is written twice. The matrix is taken as sound
 * (`checkCsr`).
 *
 * @param dense [matrix.columns, width], row-major
 * @param out [matrix.rows, width], overwritten
 * @throws DetectorError INVALID_ARGUMENT when a length does not fit
 */
export function multiplyCsr(
  matrix: CsrMatrix,
  dense: Float32Array,
  width: number,
  out: Float32Array,
): void {
  const { rows, columns, offsets, indices, values } = matrix;
  checkLength('the dense factor', dense, columns * width);
  checkLength('the product', out, rows * width);
  const whole = width - (width % 8);
  for (let row = 0; row < rows; row++) {
    const start = offsets[row];
    const end = offsets[row + 1];
    const to = row * width;
    for (let column = 0; column < whole; column += 8) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let s4 = 0;
      let s5 = 0;
      let s6 = 0;
      let s7 = 0;
      for (let k = start; k < end; k++) {
        const from = indices[k] * width + column;
        const value = values[k];
        s0 += value * dense[from];
        s1 += value * dense[from + 1];
        s2 += value * dense[from + 2];
        s3 += value * dense[from + 3];
        s4 += value * dense[from + 4];
        s5 += value * dense[from + 5];
        s6 += value * dense[from + 6];
        s7 += value * dense[from + 7];
      }
      const at = to + column;
      out[at] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
      out[at + 4] = s4;
      out[at + 5] = s5;
      out[at + 6] = s6;
      out[at + 7] = s7;
    }
    for (let column = whole; column < width; column++) {
      let sum = 0;
      for (let k = start; k < end; k++) {
        sum += values[k] * dense[indices[k] * width + column];
      }
      out[to + column] = sum;
    }
  }
}
