import type { NodeList } from './nodeList.js';

/** Filters of 7×7 to 37×37 pixels in steps of 2. */
const SCALES = Array.from({ length: 16 }, (_, i) => 7 + 2 * i);

/** Serre et al. 2007, table 1: filters of one size, at 0°, 45°, 90° and 135°. */
function filters(
  list: NodeList,
  input: string,
  name: string,
  { size, stride }: { size: number; stride: number },
): string {
  const sigma = 0.0036 * size * size + 0.35 * size + 0.18;
  return list.add({
    op: 'fixedConvolution',
    name,
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
}

/**
 * The S1 layer of Serre et al. 2007 (table 1): 16 scales and 4 orientations, rectified.
 * The 64 channels are scale by scale, each with its orientations 0°, 45°, 90° and 135°.
 */
export function serreBank(list: NodeList, input: string, stride: number): string {
  const inputs = SCALES.map((size) =>
    filters(list, input, `s1/gabor_${size}x${size}`, { size, stride }),
  );
  return list.relu(list.add({ op: 'concat', name: 's1', inputs }));
}

/**
 * The S1 and C1 layers of Serre et al. 2007 (table 1): neighbouring scales are a band,
 * 8 in all; a C1 unit is the maximum of the rectified S1 units of its orientation over
 * both scales of its band and over N×N places, N from 8 to 22, half of which the next
 * unit sees too. Each band has a map of its own size, [batch, 4, height, width].
 *
 * @returns the names of the bands, finest first
 */
export function serreBands(list: NodeList, input: string): string[] {
  return Array.from({ length: SCALES.length / 2 }, (_, i) => {
    const band = `band_${i + 1}`;
    // Band by band, so that two maps are there at a time and not sixteen.
    const inputs = [SCALES[2 * i], SCALES[2 * i + 1]].map((size) =>
      list.relu(
        filters(list, input, `${band}/s1_${size}x${size}`, { size, stride: 1 }),
      ),
    );
    // The order of the maxima is all one, and pooling costs more.
    const scales = list.add({ op: 'maximum', name: `${band}/scales`, inputs });
    const size = 8 + 2 * i;
    const stride = size / 2;
    return list.add({ op: 'maxPool', name: `${band}/c1`, input: scales, size, stride });
  });
}
