import type { Engine } from '../engines/engine.js';
import type { Graph } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';
import { CoMoments } from './coMoments.js';
import { gridPositions } from './samplePositions.js';

/** A layer whose units have been clustered. */
export interface ClusteredSite {
  name: string;
  /** The layer below, if it is among those looked at. */
  previous?: string;
  clusters: readonly number[][];
  /** Of each unit. */
  means: Float64Array;
  /** Standard deviation of each unit; 0 when it never changes. */
  deviations: Float64Array;
}

/** How the activity of a layer's clusters is spread, and what it goes with. */
export interface ClusterSignals {
  /**
   * Of each cluster: mean correlation of its units with those one and two cells
   * away. (The activity's covariance is this mean, since each unit has variance 1.)
   */
  spread: [number, number][];
  /** [clusters of the layer below][clusters of this]: correlations. Empty without one. */
  feeds: number[][];
}

/**
 * A second pass over the images: the activity of each cluster (the mean of its
 * units, each about its mean and by its standard deviation) against itself at
 * neighbouring positions, and against the clusters of the layer below at the same
 * place of the image.
 */
export async function gatherClusterSignals(
  network: { graph: Graph; weights: Weights },
  engine: Engine,
  sites: readonly ClusteredSite[],
  images: () => AsyncIterable<Tensor>,
  positions = 256,
): Promise<Map<string, ClusterSignals>> {
  const gathered = new Map(
    sites.map((site) => [site.name, new SiteSignals(site, sites)]),
  );
  const session = await engine.load(network.graph, network.weights, {
    outputs: sites.map(({ name }) => name),
  });
  try {
    for await (const image of images()) {
      const activations = await session.run(image);
      const signals = new Map(
        sites.map((site) => [site.name, clusterActivity(activations[site.name], site)]),
      );
      for (const [name, own] of gathered) own.add(name, signals, positions);
    }
  } finally {
    await session.dispose();
  }
  return new Map([...gathered].map(([name, own]) => [name, own.result()]));
}

/** [batch, clusters, height, width] */
interface Activity {
  data: Float64Array;
  shape: [batch: number, clusters: number, height: number, width: number];
}

function clusterActivity(activation: Tensor, site: ClusteredSite): Activity {
  const [batch, channels, height = 1, width = 1] = activation.shape;
  const { clusters, means, deviations } = site;
  const cells = height * width;
  const data = new Float64Array(batch * clusters.length * cells);
  for (let image = 0; image < batch; image++) {
    clusters.forEach((units, k) => {
      const to = (image * clusters.length + k) * cells;
      for (const unit of units) {
        if (!(deviations[unit] > 0)) continue;
        const from = (image * channels + unit) * cells;
        const factor = 1 / (deviations[unit] * units.length);
        for (let cell = 0; cell < cells; cell++) {
          data[to + cell] += (activation.data[from + cell] - means[unit]) * factor;
        }
      }
    });
  }
  return { data, shape: [batch, clusters.length, height, width] };
}

/** Sums over one layer. */
class SiteSignals {
  readonly #own: number;
  readonly #below: number;
  readonly #previous?: string;
  readonly #joint: CoMoments;
  /** Of each cluster: Σ s(p)·s(p + 1) and Σ s(p)·s(p + 2), and the numbers of terms. */
  readonly #shifted: [Float64Array, Float64Array];
  readonly #terms: [number, number] = [0, 0];

  constructor(site: ClusteredSite, sites: readonly ClusteredSite[]) {
    const previous = sites.find(({ name }) => name === site.previous);
    this.#own = site.clusters.length;
    this.#below = previous?.clusters.length ?? 0;
    this.#previous = previous?.name;
    this.#joint = new CoMoments(this.#below === 0 ? 0 : this.#own + this.#below);
    this.#shifted = [new Float64Array(this.#own), new Float64Array(this.#own)];
  }

  add(name: string, signals: ReadonlyMap<string, Activity>, positions: number): void {
    const own = signals.get(name)!;
    this.#addSpread(own);
    if (this.#previous === undefined) return;
    this.#addJoint(own, signals.get(this.#previous)!, positions);
  }

  #addSpread({ data, shape: [batch, clusters, height, width] }: Activity): void {
    const cells = height * width;
    for (let image = 0; image < batch; image++) {
      for (let k = 0; k < clusters; k++) {
        const at = (image * clusters + k) * cells;
        [1, 2].forEach((distance, d) => {
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const value = data[at + y * width + x];
              if (x + distance < width) {
                this.#shifted[d][k] += value * data[at + y * width + x + distance];
              }
              if (y + distance < height) {
                this.#shifted[d][k] += value * data[at + (y + distance) * width + x];
              }
            }
          }
        });
      }
    }
    [1, 2].forEach((distance, d) => {
      this.#terms[d] +=
        batch *
        (Math.max(0, width - distance) * height +
          Math.max(0, height - distance) * width);
    });
  }

  #addJoint(own: Activity, below: Activity, positions: number): void {
    const [batch, , height, width] = own.shape;
    const cells = gridPositions(height, width, positions);
    const samples = new Float64Array((this.#own + this.#below) * cells.length);
    for (let image = 0; image < batch; image++) {
      for (let k = 0; k < this.#own; k++) {
        const from = (image * this.#own + k) * height * width;
        cells.forEach((cell, i) => {
          samples[k * cells.length + i] = own.data[from + cell];
        });
      }
      cells.forEach((cell, i) => {
        const y = Math.floor(cell / width);
        const place: [number, number] = [y / height, (cell % width) / width];
        const means = windowMeans(below, image, place, own.shape);
        means.forEach(
          (mean, k) => (samples[(this.#own + k) * cells.length + i] = mean),
        );
      });
      this.#joint.add(samples, cells.length);
    }
  }

  result(): ClusterSignals {
    const mean = (k: number, d: 0 | 1) =>
      this.#terms[d] > 0 ? this.#shifted[d][k] / this.#terms[d] : 0;
    const spread = Array.from({ length: this.#own }, (_, k): [number, number] => [
      mean(k, 0),
      mean(k, 1),
    ]);
    const r = this.#joint.correlations();
    const n = this.#own + this.#below;
    const feeds = Array.from({ length: this.#below }, (_, a) =>
      Array.from({ length: this.#own }, (_, b) => r[b * n + this.#own + a]),
    );
    return { spread, feeds };
  }
}

/**
 * Mean activity of the clusters below over the cells that one cell above covers: the
 * same part of the image. À trous, a grid of the batch stands for the whole map.
 */
function windowMeans(
  { data, shape: [batch, clusters, height, width] }: Activity,
  image: number,
  [top, left]: readonly [number, number],
  [ownBatch, , ownHeight, ownWidth]: Activity['shape'],
): Float64Array {
  const rows = windowOf(top, ownHeight, height);
  const columns = windowOf(left, ownWidth, width);
  const first = batch === ownBatch ? image * clusters : 0;
  const means = new Float64Array(clusters);
  for (let k = 0; k < clusters; k++) {
    const from = (first + k) * height * width;
    let sum = 0;
    for (let y = rows[0]; y < rows[1]; y++) {
      for (let x = columns[0]; x < columns[1]; x++) sum += data[from + y * width + x];
    }
    means[k] = sum / ((rows[1] - rows[0]) * (columns[1] - columns[0]));
  }
  return means;
}

/** Cells, from and to, of a map of `to` cells that one cell of a map of `from` covers. */
function windowOf(start: number, from: number, to: number): [number, number] {
  const low = Math.min(to - 1, Math.floor(start * to + 1e-9));
  return [
    low,
    Math.max(low + 1, Math.min(to, Math.ceil(start * to + to / from - 1e-9))),
  ];
}
