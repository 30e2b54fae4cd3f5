import { checkCount, checkNumber } from './errors.js';
import { checkImage, type PixelImage } from './image.js';
import { mergeGraph, type SortedEdges } from './mergeGraph.js';
import { sortByDistance } from './sortByDistance.js';

export interface FelzenszwalbOptions {
  /**
   * Standard deviation of the Gaussian that smooths the image first, pixels; 0 for none.
   * @default 0.8
   */
  sigma?: number;
  /**
   * Preference for large superpixels, in units of the 0–255 colour difference.
   * @default 100
   */
  k?: number;
  /**
   * Superpixels smaller than this are merged into a neighbour, pixels.
   * @default 50
   */
  minSize?: number;
}

export interface Superpixels {
  /** Label of each pixel, 0 … count − 1 in raster order of first appearance. */
  labels: Int32Array;
  count: number;
}

/**
 * Superpixels by the graph method of Felzenszwalb and Huttenlocher (IJCV 2004):
 * 8-neighbour grid, Euclidean distance of the smoothed colours in double
 * precision.
 *
 * Equals scikit-image's `felzenszwalb(image, scale=k, sigma, min_size=minSize)`,
 * labels included, but for the order of edges with equal weight: here they keep
 * raster order (right, down, down-right, down-left of each pixel), there it is
 * that of an unstable sort. Alpha is ignored, and 16-bit values are taken as
 * value/257.
 *
 * @throws ProposalError INVALID_IMAGE, INVALID_OPTION
 */
export function felzenszwalb(
  image: PixelImage,
  options: FelzenszwalbOptions = {},
): Superpixels {
  const { sigma = 0.8, k = 100, minSize = 50 } = options;
  checkImage(image);
  checkNumber('sigma', sigma, 0);
  checkNumber('k', k, 0);
  checkCount('minSize', minSize, 0);
  const { width, height } = image;
  const pixels = width * height;
  const planes = smoothPlanes(image, sigma);
  const graph = sortedEdges(planes, width, height);
  const scratch = {
    parents: new Int32Array(pixels),
    thresholds: new Float64Array(pixels),
    leftovers: new Int32Array(graph.tiles[0].edges.length),
  };
  const labels = new Int32Array(pixels);
  const { count } = mergeGraph(graph, k, minSize, scratch, labels);
  return { labels, count };
}

/** One plane a colour channel, 0–255, smoothed; the kernel reaches 4 sigma, edges mirrored. */
function smoothPlanes(image: PixelImage, sigma: number): Float64Array[] {
  const { data, width, height, channels } = image;
  const pixels = width * height;
  const scale = data instanceof Uint16Array ? 1 / 257 : 1;
  const planes: Float64Array[] = [];
  const radius = Math.floor(4 * sigma + 0.5);
  const kernel = new Float64Array(radius + 1);
  let sum = 0;
  for (let i = -radius; i <= radius; i++) {
    const value = sigma > 0 ? Math.exp(-(i * i) / (2 * sigma * sigma)) : 1;
    kernel[Math.abs(i)] = value;
    sum += value;
  }
  for (let i = 0; i <= radius; i++) kernel[i] /= sum;
  const line = new Float64Array(Math.max(width, height) + 2 * radius);
  const temporary = new Float64Array(pixels);
  for (let channel = 0; channel < Math.min(channels, 3); channel++) {
    const plane = new Float64Array(pixels);
    for (let i = 0, from = channel; i < pixels; i++, from += channels) {
      plane[i] = data[from] * scale;
    }
    if (radius > 0) {
      smoothColumns(plane, temporary, width, height, kernel);
      smoothRows(temporary, plane, width, height, kernel, line);
    }
    planes.push(plane);
  }
  return planes;
}

/** Index `i` mirrored into 0 … n − 1 with the edge repeated (d c b a | a b c d | d c b a). */
function mirror(i: number, n: number): number {
  const period = 2 * n;
  let m = i % period;
  if (m < 0) m += period;
  return m < n ? m : period - 1 - m;
}

function smoothColumns(
  from: Float64Array,
  to: Float64Array,
  width: number,
  height: number,
  kernel: Float64Array,
): void {
  const radius = kernel.length - 1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) to[row + x] = from[row + x] * kernel[0];
    for (let r = radius; r > 0; r--) {
      const above = mirror(y - r, height) * width;
      const below = mirror(y + r, height) * width;
      const weight = kernel[r];
      for (let x = 0; x < width; x++) {
        to[row + x] += (from[above + x] + from[below + x]) * weight;
      }
    }
  }
}

function smoothRows(
  from: Float64Array,
  to: Float64Array,
  width: number,
  height: number,
  kernel: Float64Array,
  line: Float64Array,
): void {
  const radius = kernel.length - 1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) line[radius + x] = from[row + x];
    for (let r = 1; r <= radius; r++) {
      line[radius - r] = from[row + mirror(-r, width)];
      line[radius + width - 1 + r] = from[row + mirror(width - 1 + r, width)];
    }
    for (let x = 0; x < width; x++) {
      let value = line[radius + x] * kernel[0];
      for (let r = radius; r > 0; r--) {
        value += (line[radius + x - r] + line[radius + x + r]) * kernel[r];
      }
      to[row + x] = value;
    }
  }
}

/** The 8-neighbour grid's edges in ascending order of colour distance, ties in raster order. */
function sortedEdges(
  planes: Float64Array[],
  width: number,
  height: number,
): SortedEdges {
  const offsets = Int32Array.of(1, width, width + 1, width - 1);
  const total =
    (width - 1) * height + width * (height - 1) + 2 * (width - 1) * (height - 1);
  const edges = new Int32Array(total);
  const distances = new Float64Array(total);
  let n = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      for (let direction = 0; direction < 4; direction++) {
        if (direction !== 1 && direction !== 3 && x === width - 1) continue;
        if (direction !== 0 && y === height - 1) continue;
        if (direction === 3 && x === 0) continue;
        const other = pixel + offsets[direction];
        let sum = 0;
        for (const plane of planes) {
          const difference = plane[pixel] - plane[other];
          sum += difference * difference;
        }
        edges[n] = 4 * pixel + direction;
        distances[n++] = Math.sqrt(sum);
      }
    }
  }
  const sorted = sortByDistance({ edges, distances });
  // No more weights than edges have been read when one is written.
  const weights = sorted.distances;
  const starts = new Int32Array(total + 1);
  let levels = 0;
  for (let i = 0; i < total; i++) {
    const weight = sorted.distances[i];
    if (levels === 0 || weights[levels - 1] !== weight) {
      starts[levels] = i;
      weights[levels++] = weight;
    }
  }
  starts[levels] = total;
  const none = { edges: new Int32Array(0), starts: new Int32Array(levels + 1) };
  const tile = { edges: sorted.edges, starts, x1: 0, y1: 0, x2: width, y2: height };
  return { tiles: [tile], seams: none, weights, levels, offsets };
}
