import type { NodeList } from './nodeList.js';

/** Filters of 7×7 to 37×37 pixels in steps of 2. */
const SCALES = Array.from({ length: 16 }, (_, i) => 7 + 2 * i);

/**
 * The S1 layer of Serre et al. 2007 (table 1): 16 scales and 4 orientations, rectified.
 * The 64 channels are scale by scale, each with its orientations 0°, 45°, 90° and 135°.
 *
 * The C1 layer's maximum over two scales has no node of its own; the maximum over
 * neighbouring places is the max-pool that follows.
 */
export function serreBank(list: NodeList, input: string, stride: number): string {
  const inputs = SCALES.map((size) => {
    const sigma = 0.0036 * size * size + 0.35 * size + 0.18;
    return list.add({
      op: 'fixedConvolution',
      name: `s1/gabor_${size}x${size}`,
      input,
      filters: 'gabor',
      orientations: 4,
      size,
      wavelength: sigma / 0.8,
      sigma,
      aspect: 0.3,
      stride,
      pad: (size - 1) / 2,
    });
  });
  return list.relu(list.add({ op: 'concat', name: 's1', inputs }));
}
