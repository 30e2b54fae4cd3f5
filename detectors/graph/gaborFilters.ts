import type { Tensor } from '../weights/weights.js';
import type { FixedConvolution } from './types.js';

/**
 * The weights of a `fixedConvolution`, which are a formula: cos(2π·u / λ) ·
 * exp(−(u² + γ²·v²) / 2σ²) with u across the filter's stripes (Serre et al. 2007,
 * eq. 1) within the inscribed circle and zero outside, less the mean over the
 * circle, divided by the norm. Each input channel has its part of the mean of all.
 *
 * @returns [orientations, channels, size, size]
 */
export function gaborFilters(node: FixedConvolution, channels: number): Tensor {
  const { orientations, size, wavelength, sigma, aspect } = node;
  const area = size * size;
  const reach = (size - 1) / 2;
  const data = new Float32Array(orientations * channels * area);
  for (let k = 0; k < orientations; k++) {
    const cosine = Math.cos((k * Math.PI) / orientations);
    const sine = Math.sin((k * Math.PI) / orientations);
    const filter = new Float64Array(area);
    const inside: number[] = [];
    for (let i = 0; i < area; i++) {
      const x = (i % size) - reach;
      const y = Math.floor(i / size) - reach;
      if (x * x + y * y > (size / 2) ** 2) continue;
      inside.push(i);
      const u = x * cosine + y * sine;
      const v = y * cosine - x * sine;
      const envelope = Math.exp(
        -(u * u + aspect * aspect * v * v) / (2 * sigma * sigma),
      );
      filter[i] = envelope * Math.cos((2 * Math.PI * u) / wavelength);
    }
    const mean = inside.reduce((sum, i) => sum + filter[i], 0) / inside.length;
    for (const i of inside) filter[i] -= mean;
    const norm = Math.hypot(...filter);
    for (let channel = 0; channel < channels; channel++) {
      const to = (k * channels + channel) * area;
      for (let i = 0; i < area; i++) data[to + i] = filter[i] / norm / channels;
    }
  }
  return { data, shape: [orientations, channels, size, size] };
}
