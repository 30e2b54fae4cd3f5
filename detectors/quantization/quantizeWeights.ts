/** Whole numbers and the factor of each output. */
export interface QuantizedWeights {
  values: Int8Array;
  /** By output: weight ≈ value · scale. */
  scales: Float32Array;
}

/**
 * Weights have 7 bits: ±63. Processors without VNNI multiply in pairs and add in 16
 * bits, where 255 · 127 twice overflows and 255 · 64 twice does not; so results are the
 * same on all of them.
 */
export const WEIGHT_LIMIT = 63;

/**
 * Weights as whole numbers from −limit to limit, each output (slowest dimension) with
 * a scale of its own. What was made from such numbers gives the same numbers again.
 */
export function quantizeWeights(
  weights: Float32Array,
  outputs: number,
  limit = WEIGHT_LIMIT,
): QuantizedWeights {
  const each = weights.length / outputs;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const row = weights.subarray(o * each, (o + 1) * each);
    let greatest = 0;
    for (const weight of row) greatest = Math.max(greatest, Math.abs(weight));
    scales[o] = greatest > 0 ? greatest / limit : 1;
    for (let i = 0; i < each; i++)
      values[o * each + i] = Math.round(row[i] / scales[o]);
  }
  return { values, scales };
}
