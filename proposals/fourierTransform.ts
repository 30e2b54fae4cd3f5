/**
 * Two-dimensional discrete Fourier transform in place, or its inverse. Both
 * sides are powers of two.
 */
export function fourierTransform(
  real: Float64Array,
  imaginary: Float64Array,
  columns: number,
  rows: number,
  inverse: boolean,
): void {
  const lineReal = new Float64Array(rows);
  const lineImaginary = new Float64Array(rows);
  for (let y = 0; y < rows; y++) {
    const from = y * columns;
    transformLine(
      real.subarray(from, from + columns),
      imaginary.subarray(from, from + columns),
      inverse,
    );
  }
  for (let x = 0; x < columns; x++) {
    for (let y = 0, i = x; y < rows; y++, i += columns) {
      lineReal[y] = real[i];
      lineImaginary[y] = imaginary[i];
    }
    transformLine(lineReal, lineImaginary, inverse);
    for (let y = 0, i = x; y < rows; y++, i += columns) {
      real[i] = lineReal[y];
      imaginary[i] = lineImaginary[y];
    }
  }
  if (!inverse) return;
  const scale = 1 / (columns * rows);
  for (let i = 0; i < real.length; i++) {
    real[i] *= scale;
    imaginary[i] *= scale;
  }
}

/** Cooley and Tukey's radix-2 transform of one line. */
function transformLine(
  real: Float64Array,
  imaginary: Float64Array,
  inverse: boolean,
): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const r = real[i];
    real[i] = real[j];
    real[j] = r;
    const m = imaginary[i];
    imaginary[i] = imaginary[j];
    imaginary[j] = m;
  }
  const turns = roots(n);
  for (let half = 1; half < n; half *= 2) {
    const step = n / (2 * half);
    for (let k = 0; k < half; k++) {
      const c = turns[2 * k * step];
      const s = inverse ? -turns[2 * k * step + 1] : turns[2 * k * step + 1];
      for (let i = k; i < n; i += 2 * half) {
        const j = i + half;
        const r = c * real[j] - s * imaginary[j];
        const m = c * imaginary[j] + s * real[j];
        real[j] = real[i] - r;
        imaginary[j] = imaginary[i] - m;
        real[i] += r;
        imaginary[i] += m;
      }
    }
  }
}

const rootsBySize = new Map<number, Float64Array>();

/** cos and −sin of the first half turn in n-ths of a turn, interleaved. */
function roots(n: number): Float64Array {
  let turns = rootsBySize.get(n);
  if (!turns) {
    turns = new Float64Array(Math.max(2, n));
    for (let i = 0; 2 * i < n; i++) {
      turns[2 * i] = Math.cos((2 * Math.PI * i) / n);
      turns[2 * i + 1] = -Math.sin((2 * Math.PI * i) / n);
    }
    rootsBySize.set(n, turns);
  }
  return turns;
}
