import type { BoxArray } from '../../geometry/index.js';
import type { CellGeometry } from '../graph/cellGeometry.js';
import type { Tensor } from '../weights/weights.js';

/** The head's form: bins × bins position-sensitive maps for each output. */
export interface HeadLayout {
  bins: number;
  outputs: number;
  /** Where the maps' cells lie in the image; in GoogLeNet stride 16, offset 6.5. */
  cells: CellGeometry;
}

/** Of a summed-area table in the making: their numbers of a cell are a line of the cache. */
const CHANNELS_AT_ONCE = 8;

/**
 * Position-sensitive score maps of one image (R-FCN, Dai et al. 2016, §3), ready
 * to be averaged over any number of boxes.
 *
 * Cell m of the map spans a stride of image pixels from stride · m + offset on in each
 * axis. A box becomes u = (x − offset) / stride held to [0, n], is widened about its
 * centre to at least one cell and shifted back inside, and is cut into bins × bins
 * equal parts. Each part is the area-weighted mean of its own map; the parts are
 * averaged. Sums over parts come from a summed-area table in double precision,
 * interpolated linearly, which is exact for maps that are constant in each cell.
 */
export class PositionSensitiveMaps {
  readonly #height: number;
  readonly #width: number;
  /** [height + 1, width + 1, bins² · outputs] sums of all cells above and to the left. */
  readonly #sums: Float64Array;

  /**
   * @param maps [1, bins² · outputs, height, width], channels laid out
   *   [bin row, bin column, output]
   */
  constructor(
    maps: Tensor,
    readonly layout: HeadLayout,
  ) {
    const [, channels, height, width] = maps.shape;
    this.#height = height;
    this.#width = width;
    const rowLength = (width + 1) * channels;
    const sums = new Float64Array((height + 1) * rowLength);
    const planeSize = height * width;
    const { data } = maps;
    // Running sums along the rows first, a few channels at a time, whose cells follow each
    // other in memory; the row above is added below.
    for (let y = 0; y < height; y++) {
      const row = (y + 1) * rowLength;
      for (let first = 0; first < channels; first += CHANNELS_AT_ONCE) {
        const end = Math.min(first + CHANNELS_AT_ONCE, channels);
        for (let x = 0; x < width; x++) {
          const to = row + (x + 1) * channels;
          const cell = y * width + x;
          for (let c = first; c < end; c++) {
            sums[to + c] = sums[to - channels + c] + data[c * planeSize + cell];
          }
        }
      }
    }
    for (let y = 1; y <= height; y++) {
      const row = y * rowLength;
      for (let i = 0; i < rowLength; i++) sums[row + i] += sums[row - rowLength + i];
    }
    this.#sums = sums;
  }

  /**
   * @param boxes n×4, in pixels of the network's input
   * @returns n × outputs
   */
  pool(boxes: BoxArray): Float32Array {
    const { bins, outputs, cells } = this.layout;
    const channels = bins * bins * outputs;
    const count = boxes.length / 4;
    const pooled = new Float32Array(count * outputs);
    const sums = this.#sums;
    const xTaps = new AxisTaps(bins, cells, this.#width, channels);
    const yTaps = new AxisTaps(bins, cells, this.#height, (this.#width + 1) * channels);
    const accumulator = new Float64Array(outputs);

    for (let i = 0; i < count; i++) {
      xTaps.place(boxes[4 * i], boxes[4 * i + 2]);
      yTaps.place(boxes[4 * i + 1], boxes[4 * i + 3]);
      accumulator.fill(0);
      for (let binRow = 0; binRow < bins; binRow++) {
        for (let binColumn = 0; binColumn < bins; binColumn++) {
          const channel = (binRow * bins + binColumn) * outputs;
          const tx = 4 * binColumn;
          const o0 = channel + xTaps.offset[tx];
          const o1 = channel + xTaps.offset[tx + 1];
          const o2 = channel + xTaps.offset[tx + 2];
          const o3 = channel + xTaps.offset[tx + 3];
          for (let ty = 4 * binRow; ty < 4 * binRow + 4; ty++) {
            const rowWeight = yTaps.weight[ty];
            if (rowWeight === 0) continue;
            const row = yTaps.offset[ty];
            const w0 = rowWeight * xTaps.weight[tx];
            const w1 = rowWeight * xTaps.weight[tx + 1];
            const w2 = rowWeight * xTaps.weight[tx + 2];
            const w3 = rowWeight * xTaps.weight[tx + 3];
            for (let o = 0; o < outputs; o++) {
              accumulator[o] +=
                w0 * sums[row + o0 + o] +
                w1 * sums[row + o1 + o] +
                w2 * sums[row + o2 + o] +
                w3 * sums[row + o3 + o];
            }
          }
        }
      }
      // Each part's sum is divided by its area, and the parts are averaged.
      const scale = 1 / (xTaps.binSize * yTaps.binSize * bins * bins);
      for (let o = 0; o < outputs; o++)
        pooled[i * outputs + o] = accumulator[o] * scale;
    }
    return pooled;
  }
}

/**
 * One axis of a box: for each bin, four places in the summed-area table and
 * their weights, such that the weighted sum is the sum over the bin.
 */
class AxisTaps {
  readonly offset: Int32Array;
  readonly weight: Float64Array;
  binSize = 0;

  constructor(
    private readonly bins: number,
    private readonly geometry: CellGeometry,
    private readonly cells: number,
    private readonly step: number,
  ) {
    this.offset = new Int32Array(4 * bins);
    this.weight = new Float64Array(4 * bins);
  }

  place(low: number, high: number): void {
    const { bins, geometry, cells, step, offset, weight } = this;
    const [start, end] = boxInCells(low, high, cells, geometry);
    this.binSize = (end - start) / bins;
    let previousCell = Math.min(Math.floor(start), cells - 1);
    let previousFraction = start - previousCell;
    for (let bin = 0; bin < bins; bin++) {
      const edge = bin === bins - 1 ? end : start + (bin + 1) * this.binSize;
      const cell = Math.min(Math.floor(edge), cells - 1);
      const fraction = edge - cell;
      const t = 4 * bin;
      offset[t] = previousCell * step;
      offset[t + 1] = (previousCell + 1) * step;
      offset[t + 2] = cell * step;
      offset[t + 3] = (cell + 1) * step;
      weight[t] = previousFraction - 1;
      weight[t + 1] = -previousFraction;
      weight[t + 2] = 1 - fraction;
      weight[t + 3] = fraction;
      previousCell = cell;
      previousFraction = fraction;
    }
  }
}

/** One axis of a box in units of cells: held to the map, and at least one cell long. */
function boxInCells(
  low: number,
  high: number,
  cells: number,
  { stride, offset }: CellGeometry,
): [number, number] {
  const hold = (u: number) => Math.min(Math.max(u, 0), cells);
  const start = hold((low - offset) / stride);
  const end = hold((high - offset) / stride);
  if (end - start >= 1) return [start, end];
  const shifted = Math.min(Math.max((start + end) / 2 - 0.5, 0), cells - 1);
  return [shifted, shifted + 1];
}

/**
 * The same pooling for one box at the same place in many maps, as a matrix:
 * what each cell of each part's map adds to the output.
 *
 * @param box in pixels of the network's input
 * @returns [bins² , height · width]; each output is the sum, over parts and
 *   cells, of weight times map
 */
export function poolingWeights(
  box: readonly number[],
  { bins, cells: geometry }: Pick<HeadLayout, 'bins' | 'cells'>,
  height: number,
  width: number,
): Float32Array {
  const coverage = (low: number, high: number, cells: number) => {
    const [start, end] = boxInCells(low, high, cells, geometry);
    const size = (end - start) / bins;
    return Array.from({ length: bins }, (_, bin) =>
      Array.from({ length: cells }, (_, cell) => {
        const from = Math.max(start + bin * size, cell);
        const to = Math.min(start + (bin + 1) * size, cell + 1);
        return Math.max(0, to - from) / size / bins;
      }),
    );
  };
  const columns = coverage(box[0], box[2], width);
  const rows = coverage(box[1], box[3], height);
  const weights = new Float32Array(bins * bins * height * width);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      for (let y = 0; y < height; y++, to += width) {
        // Most cells lie outside of a part.
        if (row[y] === 0) continue;
        for (let x = 0; x < width; x++) weights[to + x] = row[y] * column[x];
      }
    }
  }
  return weights;
}
