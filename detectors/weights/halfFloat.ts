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

/** Numbers of bfloat16, the upper halves of single-precision ones. */
export function brainToSingle(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
