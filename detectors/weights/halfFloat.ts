let table: Float32Array | undefined;

/** All 65,536 half-precision values (IEEE 754 binary16), so that decoding is a look-up. */
function halfTable(): Float32Array {
  if (table) return table;
  table = new Float32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    table[half] =
      exponent === 0
        ? sign * fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? NaN
            : sign * Infinity
          : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/** Half-precision numbers as single-precision ones; every half is exact in a single. */
export function halfToSingle(halves: Uint16Array): Float32Array {
  const values = halfTable();
  const singles = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) singles[i] = values[halves[i]];
  return singles;
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/**
 * Single-precision numbers as half-precision ones, rounded to the nearest, ties to
 * even; what is too large becomes infinite.
 */
export function singleToHalf(singles: Float32Array): Uint16Array {
  const halves = new Uint16Array(singles.length);
  for (let i = 0; i < singles.length; i++) {
    single[0] = singles[i];
    halves[i] = roundToHalf(bits[0]);
  }
  return halves;
}

function roundToHalf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  const exponent = (magnitude >>> 23) - 112;
  if (exponent >= 31) return sign | 0x7c00;
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  // Below the normal range (exponent under 1) the leading one moves right too.
  const shift = exponent >= 1 ? 13 : 14 - exponent;
  if (shift > 24) return sign;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0;
  // A carry out of the fraction runs into the exponent, as it should.
  return sign | ((exponent >= 1 ? (exponent - 1) << 10 : 0) + kept + up);
}
