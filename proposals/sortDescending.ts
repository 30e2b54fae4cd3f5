/**
 * Indices of `keys` from the largest key to the smallest, ties in ascending
 * index: a radix sort of the float32 bits, so its time is linear. No key may be NaN.
 */
export function sortDescending(keys: Float32Array): Int32Array {
  const n = keys.length;
  const bits = new Uint32Array(keys.buffer, keys.byteOffset, n);
  const ascending = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    // −0 counts as 0. Positive floats ascend with their bits, negative ones descend.
    const b = bits[i] === 0x80000000 ? 0 : bits[i];
    ascending[i] = b & 0x80000000 ? b : ~b & 0x7fffffff;
  }
  let order = new Int32Array(n);
  let next = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const counts = new Int32Array(2048);
  for (const shift of [0, 11, 22]) {
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[(ascending[i] >>> shift) & 2047]++;
    let start = 0;
    for (let b = 0; b < 2048; b++) {
      const count = counts[b];
      counts[b] = start;
      start += count;
    }
    for (let i = 0; i < n; i++) {
      const from = order[i];
      next[counts[(ascending[from] >>> shift) & 2047]++] = from;
    }
    const swap = order;
    order = next;
    next = swap;
  }
  return order;
}
