import type { ColourImage } from './convertColour.js';
import { fetchTile, type Partition, type SortedEdges } from './mergeGraph.js';
import type { TextureBins } from './gradientTexture.js';
import { ReusedArrays } from './reusedArrays.js';

/** What each histogram row sums to. */
export const HISTOGRAM_TOTAL = 2 ** 22;
/** Colour bins a channel, as in the paper. */
const COLOUR_BINS = 25;

/** Up to where bins can be looked at eight by eight. */
const padded = (bins: number) => Math.ceil(bins / 8) * 8;

/** Superpixels with all that grouping needs; shared by every strategy on them. */
export interface Regions {
  count: number;
  sizes: Int32Array;
  /** count × 4, half-open, whole pixels */
  boxes: Int32Array;
  /**
   * count × (colourBins + textureBins); the bins of each kind sum to about
   * HISTOGRAM_TOTAL, and bins after those of a kind that only pad it stay 0. One row for
   * both, since what grouping waits for is memory.
   */
  histograms: Int32Array;
  colourBins: number;
  textureBins: number;
  /** How many histograms these bins are of, which share the sum evenly. */
  colourHistograms: number;
  textureHistograms: number;
  /** Neighbouring regions, 2 a pair, each pair once. */
  pairs: Int32Array;
}

/**
 * Sizes, boxes, histograms and neighbours of superpixels.
 *
 * @param arrays of earlier regions, to be used again; their histograms are lost
 */
export function measureRegions(
  partition: Partition,
  image: ColourImage,
  texture: TextureBins,
  graph: SortedEdges,
  arrays = new ReusedArrays(),
): Regions {
  const { labels, count } = partition;
  const { width, height } = image;
  const sizes = new Int32Array(count);
  const boxes = new Int32Array(4 * count);
  for (let i = 0; i < count; i++) {
    boxes[4 * i] = width;
    boxes[4 * i + 1] = height;
  }
  for (let y = 0; y < height; y++) {
    const row = y * width;
    // Runs of one label count as one step.
    for (let x = 0; x < width;) {
      const label = labels[row + x];
      const start = x;
      do x++;
      while (x < width && labels[row + x] === label);
      sizes[label] += x - start;
      const b = 4 * label;
      if (start < boxes[b]) boxes[b] = start;
      if (y < boxes[b + 1]) boxes[b + 1] = y;
      if (x > boxes[b + 2]) boxes[b + 2] = x;
      boxes[b + 3] = y + 1;
    }
  }
  const colourBins = padded(COLOUR_BINS * image.channels);
  const textureBins = padded(texture.histograms * texture.binsPerHistogram);
  const rowLength = colourBins + textureBins;
  const histograms = arrays.take('histograms', count * rowLength).fill(0);
  countColours(labels, sizes, image, histograms, rowLength);
  countTexture(labels, sizes, texture, histograms, rowLength, colourBins);
  return {
    ...{ count, sizes, boxes, histograms, colourBins, textureBins },
    colourHistograms: image.channels,
    textureHistograms: texture.histograms,
    pairs: neighbours(partition, graph),
  };
}

function countColours(
  labels: Int32Array,
  sizes: Int32Array,
  { data, channels }: ColourImage,
  histograms: Int32Array,
  rowLength: number,
): void {
  const pixels = labels.length;
  if (channels === 3) {
    for (let i = 0, p = 0; i < pixels; i++, p += 3) {
      const row = labels[i] * rowLength;
      histograms[row + ((data[p] * COLOUR_BINS) >> 8)]++;
      histograms[row + COLOUR_BINS + ((data[p + 1] * COLOUR_BINS) >> 8)]++;
      histograms[row + 2 * COLOUR_BINS + ((data[p + 2] * COLOUR_BINS) >> 8)]++;
    }
  } else {
    for (let i = 0, p = 0; i < pixels; i++) {
      const row = labels[i] * rowLength;
      for (let c = 0; c < channels; c++, p++) {
        histograms[row + c * COLOUR_BINS + ((data[p] * COLOUR_BINS) >> 8)]++;
      }
    }
  }
  for (let region = 0; region < sizes.length; region++) {
    const scale = HISTOGRAM_TOTAL / (channels * sizes[region]);
    let i = region * rowLength;
    for (const end = i + COLOUR_BINS * channels; i < end; i++) histograms[i] *= scale;
  }
}

/** @param first of each row's bins */
function countTexture(
  labels: Int32Array,
  sizes: Int32Array,
  { bins, counts, histograms: perRegion, binsPerHistogram }: TextureBins,
  histograms: Int32Array,
  rowLength: number,
  first: number,
): void {
  const listed = binsPerHistogram - 1;
  const pixels = labels.length;
  for (let i = 0, n = 0; i < pixels; i++) {
    const some = counts[i];
    if (some === 0) continue;
    const row = labels[i] * rowLength + first + perRegion;
    for (const end = n + some; n < end; n++) histograms[row + bins[n]]++;
  }
  // The zero bins come first in a row: what the listed bins left over.
  for (let region = 0; region < sizes.length; region++) {
    const row = region * rowLength + first;
    const size = sizes[region];
    const scale = HISTOGRAM_TOTAL / (perRegion * size);
    for (let h = 0, i = row + perRegion; h < perRegion; h++) {
      let zeros = size;
      for (const end = i + listed; i < end; i++) {
        zeros -= histograms[i];
        histograms[i] *= scale;
      }
      histograms[row + h] = zeros * scale;
    }
  }
}

/** Pairs of neighbouring regions, in the order in which the edges first join them. */
function neighbours(partition: Partition, { tiles, offsets }: SortedEdges): Int32Array {
  const { labels, leftovers, ends } = partition;
  let capacity = 1024;
  let table = new Float64Array(capacity).fill(-1);
  let pairs = new Int32Array(1024);
  let n = 0;
  const { count } = partition;
  let e = 0;
  for (let part = 0; part < ends.length; part++) {
    if (part < tiles.length) fetchTile(labels, tiles[part], offsets[1]);
    for (const end = ends[part]; e < end; e++) {
      const edge = leftovers[e];
      let a = labels[edge >> 2];
      let b = labels[(edge >> 2) + offsets[edge & 3]];
      if (a === b) continue;
      if (a > b) {
        const swap = a;
        a = b;
        b = swap;
      }
      const key = a * count + b;
      let slot = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)) >>> 0;
      slot = (slot ^ (slot >>> 15)) & (capacity - 1);
      while (table[slot] !== key && table[slot] >= 0)
        slot = (slot + 1) & (capacity - 1);
      if (table[slot] === key) continue;
      table[slot] = key;
      if (2 * n === pairs.length) {
        const longer = new Int32Array(2 * pairs.length);
        longer.set(pairs);
        pairs = longer;
      }
      pairs[2 * n] = a;
      pairs[2 * n + 1] = b;
      n++;
      if (2 * n > capacity) {
        capacity *= 4;
        table = new Float64Array(capacity).fill(-1);
        for (let i = 0; i < n; i++) {
          const a = pairs[2 * i];
          const b = pairs[2 * i + 1];
          let slot = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)) >>> 0;
          slot = (slot ^ (slot >>> 15)) & (capacity - 1);
          while (table[slot] >= 0) slot = (slot + 1) & (capacity - 1);
          table[slot] = a * count + b;
        }
      }
    }
  }
  return pairs.slice(0, 2 * n);
}
