/**
 * Cholesky's factor of a symmetric positive definite matrix, in place: the lower
 * triangle of the result, [n, n] row-major; what is above the diagonal is left.
 *
 * @returns false when the matrix is not positive definite
 */
export function choleskyFactor(matrix: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j];
      const a = i * n;
      const b = j * n;
      for (let k = 0; k < j; k++) sum -= matrix[a + k] * matrix[b + k];
      if (i > j) matrix[a + j] = sum / matrix[b + j];
      else if (sum > 0) matrix[b + j] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves L · Lᵀ · x = b by a factor of `choleskyFactor`, in place of b. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * b[k];
    b[i] = sum / factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = b[i] / factor[i * n + i];
    b[i] = value;
    for (let k = 0; k < i; k++) b[k] -= factor[i * n + k] * value;
  }
}

/** The inverse of a symmetric positive definite matrix, or undefined. */
export function invertMatrix(
  matrix: Float64Array,
  n: number,
): Float64Array | undefined {
  const factor = matrix.slice();
  if (!choleskyFactor(factor, n)) return undefined;
  const inverse = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    column.fill(0);
    column[j] = 1;
    choleskySolve(factor, n, column);
    inverse.set(column, j * n);
  }
  return inverse;
}
