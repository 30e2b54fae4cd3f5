import { DetectorError } from '../errors.js';

/**
 * Means and sums of products about the means of several variables, gathered in
 * batches and in one pass: each batch is summed about its own means, and batches are
 * joined by their means' difference (Chan, Golub and LeVeque 1983, eq. 2.1), so that
 * a large mean costs no digits. Memory: variables² doubles.
 */
export class CoMoments {
  #count = 0;
  readonly mean: Float64Array;
  /** Row-major; only i ≤ j is kept up. */
  readonly #products: Float64Array;

  constructor(readonly variables: number) {
    this.mean = new Float64Array(variables);
    this.#products = new Float64Array(variables * variables);
  }

  /** Samples so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds samples.
   *
   * @param samples [variables, count], one variable after the other
   * @throws DetectorError INVALID_ARGUMENT when the length does not fit, or a
   *   number is not finite
   */
  add(samples: ArrayLike<number>, count: number): void {
    const { variables } = this;
    if (samples.length !== variables * count) {
      throw new DetectorError(
        'INVALID_ARGUMENT',
        `${samples.length} numbers are not ${count} samples of ${variables} variables`,
      );
    }
    if (count === 0) return;
    const centred = new Float64Array(variables * count);
    const shift = new Float64Array(variables);
    for (let i = 0; i < variables; i++) {
      let sum = 0;
      for (let s = 0; s < count; s++) sum += samples[i * count + s];
      const mean = sum / count;
      if (!Number.isFinite(mean)) {
        throw new DetectorError(
          'INVALID_ARGUMENT',
          `variable ${i} has numbers that are not finite`,
        );
      }
      for (let s = 0; s < count; s++) {
        centred[i * count + s] = samples[i * count + s] - mean;
      }
      shift[i] = mean - this.mean[i];
    }
    addProducts(this.#products, centred, variables, count);
    const total = this.#count + count;
    const weight = (this.#count * count) / total;
    for (let i = 0; i < variables; i++) {
      const scaled = weight * shift[i];
      if (scaled !== 0) {
        for (let j = i; j < variables; j++) {
          this.#products[i * variables + j] += scaled * shift[j];
        }
      }
      this.mean[i] += (count / total) * shift[i];
    }
    this.#count = total;
  }

  /** Covariance of two variables over all samples (divided by their number). */
  covariance(i: number, j: number): number {
    const at = i <= j ? i * this.variables + j : j * this.variables + i;
    return this.#count > 0 ? this.#products[at] / this.#count : 0;
  }

  /** Standard deviation of a variable; 0 when it never changes. */
  deviation(i: number): number {
    return Math.sqrt(this.covariance(i, i));
  }

  /**
   * Pearson's correlations, [variables, variables]: 1 on the diagonal, 0 with a
   * variable that never changes.
   */
  correlations(): Float64Array {
    const { variables } = this;
    const r = new Float64Array(variables * variables);
    const inverse = Float64Array.from({ length: variables }, (_, i) => {
      const deviation = this.deviation(i);
      // What is left of a constant by rounding is no deviation.
      return deviation > 1e-12 * Math.abs(this.mean[i]) ? 1 / deviation : 0;
    });
    for (let i = 0; i < variables; i++) {
      r[i * variables + i] = 1;
      for (let j = i + 1; j < variables; j++) {
        const raw = this.covariance(i, j) * inverse[i] * inverse[j];
        const value = Math.max(-1, Math.min(1, raw));
        r[i * variables + j] = value;
        r[j * variables + i] = value;
      }
    }
    return r;
  }
}

/** products += centred · centredᵀ for i ≤ j, four variables by two at a time. */
function addProducts(
  products: Float64Array,
  centred: Float64Array,
  variables: number,
  count: number,
): void {
  for (let i = 0; i < variables; i += 2) {
    const isPair = i + 1 < variables;
    const a = i * count;
    // Without a second row the first is worked out twice, and used once.
    const b = isPair ? a + count : a;
    let j = i;
    for (; j + 4 <= variables; j += 4) {
      const c = j * count;
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      for (let s = 0; s < count; s++) {
        const u = centred[a + s];
        const v = centred[b + s];
        const x0 = centred[c + s];
        const x1 = centred[c + count + s];
        const x2 = centred[c + 2 * count + s];
        const x3 = centred[c + 3 * count + s];
        a0 += u * x0;
        a1 += u * x1;
        a2 += u * x2;
        a3 += u * x3;
        b0 += v * x0;
        b1 += v * x1;
        b2 += v * x2;
        b3 += v * x3;
      }
      const to = i * variables + j;
      products[to] += a0;
      products[to + 1] += a1;
      products[to + 2] += a2;
      products[to + 3] += a3;
      if (!isPair) continue;
      // At j = i this also writes one number below the diagonal, which nobody reads.
      products[to + variables] += b0;
      products[to + variables + 1] += b1;
      products[to + variables + 2] += b2;
      products[to + variables + 3] += b3;
    }
    for (; j < variables; j++) {
      const c = j * count;
      let sumA = 0;
      let sumB = 0;
      for (let s = 0; s < count; s++) {
        sumA += centred[a + s] * centred[c + s];
        sumB += centred[b + s] * centred[c + s];
      }
      products[i * variables + j] += sumA;
      if (isPair) products[(i + 1) * variables + j] += sumB;
    }
  }
}
