import type { Tensor } from '../weights/weights.js';

/**
 * Units' activations at an even grid of positions, as samples of variables.
 *
 * @param activation [batch, channels, height, width] or [batch, channels]
 * @param limit at most so many positions of each image of the batch
 * @returns samples [channels, count]
 */
export function samplePositions(
  { data, shape }: Tensor,
  limit: number,
): { samples: Float32Array; count: number } {
  const [batch, channels, height = 1, width = 1] = shape;
  const cells = height * width;
  const positions = gridPositions(height, width, limit);
  const count = batch * positions.length;
  const samples = new Float32Array(channels * count);
  for (let image = 0; image < batch; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = (image * channels + channel) * cells;
      const to = channel * count + image * positions.length;
      positions.forEach((cell, i) => (samples[to + i] = data[from + cell]));
    }
  }
  return { samples, count };
}

/** Cells of a grid of at most `limit` positions, spread evenly over a map. */
export function gridPositions(
  height: number,
  width: number,
  limit: number,
): Int32Array {
  const scale = Math.min(1, Math.sqrt(limit / (height * width)));
  const rows = Math.max(1, Math.min(limit, Math.floor(height * scale)));
  const columns = Math.max(1, Math.min(width, Math.floor(limit / rows)));
  return Int32Array.from({ length: rows * columns }, (_, i) => {
    const y = Math.floor(((Math.floor(i / columns) + 0.5) * height) / rows);
    const x = Math.floor((((i % columns) + 0.5) * width) / columns);
    return y * width + x;
  });
}
