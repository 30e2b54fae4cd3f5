import { checkLength } from './csr.js';

/** Columns that are worked on at once: their part of the dense factor stays in cache. */
const STRIP = 64;

/**
 * Dense times dense, in plain typed arrays: `out` = `left` · `right`. Blocks of two
 * rows by four columns of the product are kept in registers.
 *
 * @param left [rows, inner], row-major
 * @param right [inner, width]
 * @param out [rows, width], overwritten
 * @throws DetectorError INVALID_ARGUMENT when a length does not fit
 */
export function multiplyDense(
  left: Float32Array,
  right: Float32Array,
  rows: number,
  inner: number,
  width: number,
  out: Float32Array,
): void {
  checkLength('the left factor', left, rows * inner);
  checkLength('the right factor', right, inner * width);
  checkLength('the product', out, rows * width);
  const wholeRows = rows - (rows % 2);
  const wholeColumns = width - (width % 4);
  for (let strip = 0; strip < wholeColumns; strip += STRIP) {
    const stripEnd = Math.min(strip + STRIP, wholeColumns);
    for (let row = 0; row < wholeRows; row += 2) {
      const a = row * inner;
      const b = a + inner;
      for (let column = strip; column < stripEnd; column += 4) {
        let a0 = 0;
        let a1 = 0;
        let a2 = 0;
        let a3 = 0;
        let b0 = 0;
        let b1 = 0;
        let b2 = 0;
        let b3 = 0;
        for (let k = 0, from = column; k < inner; k++, from += width) {
          const u = left[a + k];
          const v = left[b + k];
          const x0 = right[from];
          const x1 = right[from + 1];
          const x2 = right[from + 2];
          const x3 = right[from + 3];
          a0 += u * x0;
          a1 += u * x1;
          a2 += u * x2;
          a3 += u * x3;
          b0 += v * x0;
          b1 += v * x1;
          b2 += v * x2;
          b3 += v * x3;
        }
        const to = row * width + column;
        out[to] = a0;
        out[to + 1] = a1;
        out[to + 2] = a2;
        out[to + 3] = a3;
        out[to + width] = b0;
        out[to + width + 1] = b1;
        out[to + width + 2] = b2;
        out[to + width + 3] = b3;
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let column = row < wholeRows ? wholeColumns : 0; column < width; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += left[row * inner + k] * right[k * width + column];
      }
      out[row * width + column] = sum;
    }
  }
}
