import type { RgbImage } from './image.js';

/** A step between neighbours counts up to this many grey levels. */
const STRONGEST = 30;

/**
 * How much goes on inside a box: the mean colour step between neighbouring
 * pixels, from a summed-area table of every second pixel of every second row.
 */
export class EdgeDensity {
  private readonly columns: number;
  private readonly rows: number;
  private readonly sums: Float64Array;

  /** @param image smoothed RGB8; its green channel is read */
  constructor(image: RgbImage) {
    const { data, width, height } = image;
    // Sides of one pixel keep one (empty) cell.
    this.columns = Math.max(1, width >> 1);
    this.rows = Math.max(1, height >> 1);
    const stride = this.columns + 1;
    this.sums = new Float64Array(stride * (this.rows + 1));
    const right = width > 1 ? 3 : 0;
    const down = height > 1 ? 3 * width : 0;
    for (let y = 0; y < this.rows; y++) {
      let p = 6 * y * width + 1;
      let to = (y + 1) * stride + 1;
      let line = 0;
      for (let x = 0; x < this.columns; x++, p += 6, to++) {
        const here = data[p];
        const dx = here - data[p + right];
        const dy = here - data[p + down];
        const step = (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy);
        line += step < STRONGEST ? step : STRONGEST;
        this.sums[to] = this.sums[to - stride] + line;
      }
    }
  }

  /** Mean step in the box, grey levels: 0 … 30. */
  mean(x1: number, y1: number, x2: number, y2: number): number {
    const left = Math.min(x1 >> 1, this.columns - 1);
    const top = Math.min(y1 >> 1, this.rows - 1);
    const right = Math.max(left + 1, Math.min((x2 + 1) >> 1, this.columns));
    const bottom = Math.max(top + 1, Math.min((y2 + 1) >> 1, this.rows));
    const stride = this.columns + 1;
    const { sums } = this;
    return (
      (sums[bottom * stride + right] -
        sums[top * stride + right] -
        sums[bottom * stride + left] +
        sums[top * stride + left]) /
      ((right - left) * (bottom - top))
    );
  }
}
