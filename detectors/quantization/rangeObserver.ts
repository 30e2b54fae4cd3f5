/**
 * How the range of an activation is taken from what was seen of it. `minmax`: all of
 * it; `percentile`: without the part that is farthest out; `entropy`: the range whose
 * 8-bit histogram tells most of the full one (least Kullback-Leibler divergence;
 * Migacz, "8-bit inference with TensorRT", 2017).
 */
export const CALIBRATION_METHODS = ['minmax', 'percentile', 'entropy'] as const;
export type CalibrationMethod = (typeof CALIBRATION_METHODS)[number];

/** Bins of the histogram of magnitudes. */
const BINS = 2048;
/** Steps of 8 bits over magnitudes. */
const LEVELS = 128;

/**
 * Sees an activation's values, photo by photo, in the memory of one histogram: its
 * range doubles, and its bins are joined in pairs, when a greater magnitude comes.
 */
export class RangeObserver {
  #least = 0;
  #greatest = 0;
  /** Magnitudes by bin; the last bin ends at #reach. */
  #bins = new Float64Array(BINS);
  #reach = 0;

  observe(values: Float32Array): void {
    let least = this.#least;
    let greatest = this.#greatest;
    for (const value of values) {
      if (value < least) least = value;
      else if (value > greatest) greatest = value;
    }
    this.#least = least;
    this.#greatest = greatest;
    const most = Math.max(greatest, -least);
    if (!(most > 0)) return;
    if (this.#reach === 0) this.#reach = most;
    while (this.#reach < most) this.#double();
    const factor = BINS / this.#reach;
    for (const value of values) {
      // Zeros, most of what a ReLU leaves, are exact in any range.
      if (value !== 0) {
        this.#bins[Math.min(BINS - 1, Math.floor(Math.abs(value) * factor))]++;
      }
    }
  }

  /**
   * [least, greatest], 0 included.
   *
   * @param percentile part of the values that aren't 0 to be within, in percent; of
   *   `percentile` alone
   */
  range(method: CalibrationMethod, percentile = 99.99): [number, number] {
    const limit =
      method === 'minmax'
        ? Infinity
        : method === 'percentile'
          ? this.#percentile(percentile)
          : this.#leastDivergence();
    return [Math.max(this.#least, -limit), Math.min(this.#greatest, limit)];
  }

  #double(): void {
    const joined = new Float64Array(BINS);
    for (let i = 0; i < BINS; i += 2) {
      joined[i / 2] = this.#bins[i] + this.#bins[i + 1];
    }
    this.#bins = joined;
    this.#reach *= 2;
  }

  #percentile(percentile: number): number {
    const total = this.#bins.reduce((sum, count) => sum + count, 0);
    let over = (1 - percentile / 100) * total;
    let bin = BINS;
    while (bin > 1 && over >= this.#bins[bin - 1]) over -= this.#bins[--bin];
    return (bin / BINS) * this.#reach;
  }

  #leastDivergence(): number {
    let best = BINS;
    let least = Infinity;
    for (let kept = LEVELS; kept <= BINS; kept += LEVELS / 8) {
      const divergence = divergenceAt(this.#bins, kept);
      if (divergence < least) [least, best] = [divergence, kept];
    }
    return (best / BINS) * this.#reach;
  }
}

/**
 * Divergence of a histogram whose values beyond bin `kept` are held to it, from the
 * same in LEVELS steps, each spread evenly over its bins that aren't empty.
 */
function divergenceAt(bins: Float64Array, kept: number): number {
  const clipped = bins.slice(0, kept);
  for (let i = kept; i < bins.length; i++) clipped[kept - 1] += bins[i];
  let total = 0;
  let coarseTotal = 0;
  for (let i = 0; i < kept; i++) {
    total += clipped[i];
    coarseTotal += bins[i];
  }
  if (total === 0 || coarseTotal === 0) return Infinity;
  let divergence = 0;
  for (let level = 0; level < LEVELS; level++) {
    const start = Math.floor((level * kept) / LEVELS);
    const end = Math.floor(((level + 1) * kept) / LEVELS);
    let sum = 0;
    let filled = 0;
    for (let i = start; i < end; i++) {
      sum += bins[i];
      if (clipped[i] > 0) filled++;
    }
    for (let i = start; i < end; i++) {
      if (clipped[i] === 0) continue;
      const p = clipped[i] / total;
      // A bin that only clipping has filled has nothing in the coarse histogram.
      const q = Math.max(sum / filled / coarseTotal, 1e-9);
      divergence += p * Math.log(p / q);
    }
  }
  return divergence;
}
