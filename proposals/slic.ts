import { convertColour } from './convertColour.js';
import { checkCount, checkNumber } from './errors.js';
import type { Superpixels } from './felzenszwalb.js';
import { toRgb, type PixelImage } from './image.js';

export interface SlicOptions {
  /**
   * About how many superpixels to make.
   * @default 200
   */
  count?: number;
  /**
   * Weight of place against colour; larger makes squarer superpixels.
   * @default 10
   */
  compactness?: number;
  /**
   * Rounds of k-means.
   * @default 10
   */
  iterations?: number;
}

/**
 * Superpixels by simple linear iterative clustering (Achanta et al., "SLIC
 * Superpixels Compared to State-of-the-Art Superpixel Methods", TPAMI 2012):
 * k-means of L*a*b* colour and place, each centre looking at the pixels within
 * one grid step; then pieces smaller than a quarter of a superpixel join a
 * neighbour, so that each superpixel is connected.
 *
 * @throws ProposalError INVALID_IMAGE, INVALID_OPTION
 */
export function slic(image: PixelImage, options: SlicOptions = {}): Superpixels {
  const { count = 200, compactness = 10, iterations = 10 } = options;
  checkCount('count', count, 1);
  checkNumber('compactness', compactness, 0);
  checkCount('iterations', iterations, 1);
  const { data, width, height } = convertColour(toRgb(image), 'lab');
  const step = Math.max(1, Math.sqrt((width * height) / count));
  const columns = Math.max(1, Math.round(width / step));
  const rows = Math.max(1, Math.round(height / step));
  /** Each centre: l, a, b, x, y. */
  const centres = new Float64Array(5 * columns * rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const x = Math.min(width - 1, Math.floor(((c + 0.5) * width) / columns));
      const y = Math.min(height - 1, Math.floor(((r + 0.5) * height) / rows));
      const [cx, cy] = calmest(data, width, height, x, y);
      const p = 3 * (cy * width + cx);
      centres.set([data[p], data[p + 1], data[p + 2], cx, cy], 5 * (r * columns + c));
    }
  }
  const clusters = cluster(data, width, height, centres, step, compactness, iterations);
  return connect(clusters, width, height, (width * height) / (columns * rows) / 4);
}

/** The pixel of a 3×3 neighbourhood with the smallest colour gradient, so that no centre sits on an edge. */
function calmest(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  x: number,
  y: number,
): [number, number] {
  let best: [number, number] = [x, y];
  let least = Infinity;
  for (let v = Math.max(1, y - 1); v <= Math.min(height - 2, y + 1); v++) {
    for (let u = Math.max(1, x - 1); u <= Math.min(width - 2, x + 1); u++) {
      let gradient = 0;
      for (let c = 0; c < 3; c++) {
        const p = 3 * (v * width + u) + c;
        gradient +=
          (data[p + 3] - data[p - 3]) ** 2 +
          (data[p + 3 * width] - data[p - 3 * width]) ** 2;
      }
      if (gradient < least) {
        least = gradient;
        best = [u, v];
      }
    }
  }
  return best;
}

function cluster(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  centres: Float64Array,
  step: number,
  compactness: number,
  iterations: number,
): Int32Array {
  const pixels = width * height;
  const k = centres.length / 5;
  const clusters = new Int32Array(pixels).fill(-1);
  const distances = new Float64Array(pixels);
  const sums = new Float64Array(6 * k);
  // L* in bytes is 2.55 times L*, a* and b* are in their own units.
  const light = 1 / 2.55 ** 2;
  const place = (compactness / step) ** 2;
  // The nearest centres can be more than one step away once all have moved.
  const reach = Math.ceil(2 * step);
  for (let iteration = 0; iteration < iterations; iteration++) {
    distances.fill(Infinity);
    for (let i = 0, c = 0; i < k; i++, c += 5) {
      const centreX = centres[c + 3];
      const centreY = centres[c + 4];
      const x1 = Math.max(0, Math.floor(centreX - reach));
      const x2 = Math.min(width, Math.ceil(centreX + reach) + 1);
      const y2 = Math.min(height, Math.ceil(centreY + reach) + 1);
      for (let y = Math.max(0, Math.floor(centreY - reach)); y < y2; y++) {
        const vertical = place * (y - centreY) * (y - centreY);
        for (let x = x1, j = y * width + x1, p = 3 * j; x < x2; x++, j++, p += 3) {
          const dl = data[p] - centres[c];
          const da = data[p + 1] - centres[c + 1];
          const db = data[p + 2] - centres[c + 2];
          const dx = x - centreX;
          const distance =
            light * dl * dl + da * da + db * db + place * dx * dx + vertical;
          if (distance < distances[j]) {
            distances[j] = distance;
            clusters[j] = i;
          }
        }
      }
    }
    sums.fill(0);
    for (let y = 0, j = 0, p = 0; y < height; y++) {
      for (let x = 0; x < width; x++, j++, p += 3) {
        const s = 6 * clusters[j];
        sums[s] += data[p];
        sums[s + 1] += data[p + 1];
        sums[s + 2] += data[p + 2];
        sums[s + 3] += x;
        sums[s + 4] += y;
        sums[s + 5]++;
      }
    }
    for (let i = 0; i < k; i++) {
      const n = sums[6 * i + 5];
      if (n === 0) continue;
      for (let c = 0; c < 5; c++) centres[5 * i + c] = sums[6 * i + c] / n;
    }
  }
  return clusters;
}

/** Connected pieces of equal cluster, small ones joined to the piece before them in raster order. */
function connect(
  clusters: Int32Array,
  width: number,
  height: number,
  least: number,
): Superpixels {
  const pixels = width * height;
  const labels = new Int32Array(pixels).fill(-1);
  const queue = new Int32Array(pixels);
  let count = 0;
  for (let start = 0; start < pixels; start++) {
    if (labels[start] >= 0) continue;
    let neighbour = -1;
    if (start % width > 0) neighbour = labels[start - 1];
    else if (start >= width) neighbour = labels[start - width];
    let size = 0;
    queue[size++] = start;
    labels[start] = count;
    for (let head = 0; head < size; head++) {
      const i = queue[head];
      const x = i % width;
      for (let side = 0; side < 4; side++) {
        if (side === 0 && x === 0) continue;
        if (side === 1 && x === width - 1) continue;
        const j = i + (side === 0 ? -1 : side === 1 ? 1 : side === 2 ? -width : width);
        if (j < 0 || j >= pixels || labels[j] >= 0) continue;
        if (clusters[j] !== clusters[start]) continue;
        labels[j] = count;
        queue[size++] = j;
      }
    }
    if (size < least && neighbour >= 0) {
      for (let i = 0; i < size; i++) labels[queue[i]] = neighbour;
    } else {
      count++;
    }
  }
  return { labels, count };
}
