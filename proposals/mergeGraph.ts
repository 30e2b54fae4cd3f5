/**
 * Edges of the pixel grid in order of weight. Edge `4 · pixel + direction` joins
 * `pixel` and `pixel + offsets[direction]`.
 */
export interface SortedEdges {
  edges: Int32Array;
  /** Edges starts[b] … starts[b + 1] − 1 have weight weights[b]; weights ascend. */
  starts: Int32Array;
  weights: Float64Array;
  /** How many entries of `weights` count. */
  levels: number;
  offsets: Int32Array;
}

/** Arrays that a segmentation needs, so that several can share them. */
export interface MergeScratch {
  parents: Int32Array;
  sizes: Int32Array;
  thresholds: Float64Array;
  leftovers: Int32Array;
}

export function mergeScratch(pixels: number, edges: number): MergeScratch {
  return {
    parents: new Int32Array(pixels),
    sizes: new Int32Array(pixels),
    thresholds: new Float64Array(pixels),
    leftovers: new Int32Array(edges),
  };
}

export interface Partition {
  /** Label of each pixel, 0 … count − 1 in order of first appearance. */
  labels: Int32Array;
  count: number;
  /**
   * Edges that were between different components when their turn came; all
   * edges between final components are among them. A view of the scratch.
   */
  leftovers: Int32Array;
}

/**
 * The segmentation of Felzenszwalb and Huttenlocher ("Efficient Graph-Based
 * Image Segmentation", IJCV 2004, section 4): edges in ascending order merge two
 * components when their weight is below Int(C) + k/|C| of both; then components
 * under `minSize` pixels are merged along their lightest edges.
 */
export function mergeGraph(
  graph: SortedEdges,
  pixels: number,
  k: number,
  minSize: number,
  scratch: MergeScratch,
  labels: Int32Array,
): Partition {
  const { edges, starts, weights, levels, offsets } = graph;
  const { parents, sizes, thresholds, leftovers } = scratch;
  for (let i = 0; i < pixels; i++) {
    parents[i] = i;
    sizes[i] = 1;
    thresholds[i] = k;
  }
  let left = 0;
  for (let level = 0; level < levels; level++) {
    const weight = weights[level];
    const end = starts[level + 1];
    for (let e = starts[level]; e < end; e++) {
      const edge = edges[e];
      let a = edge >> 2;
      let b = a + offsets[edge & 3];
      // Path halving: each step also shortens the way for the next.
      let p = parents[a];
      while (p !== a) {
        const q = parents[p];
        parents[a] = q;
        a = q;
        p = parents[a];
      }
      p = parents[b];
      while (p !== b) {
        const q = parents[p];
        parents[b] = q;
        b = q;
        p = parents[b];
      }
      if (a === b) continue;
      if (weight < thresholds[a] && weight < thresholds[b]) {
        const size = sizes[a] + sizes[b];
        if (sizes[a] < sizes[b]) {
          const swap = a;
          a = b;
          b = swap;
        }
        parents[b] = a;
        sizes[a] = size;
        thresholds[a] = weight + k / size;
      } else {
        leftovers[left++] = edge;
      }
    }
  }
  // An edge inside a component stays inside it, so the leftovers suffice.
  if (minSize > 1) {
    let kept = 0;
    for (let e = 0; e < left; e++) {
      const edge = leftovers[e];
      let a = find(parents, edge >> 2);
      let b = find(parents, (edge >> 2) + offsets[edge & 3]);
      if (a === b) continue;
      if (sizes[a] < minSize || sizes[b] < minSize) {
        if (sizes[a] < sizes[b]) {
          const swap = a;
          a = b;
          b = swap;
        }
        parents[b] = a;
        sizes[a] += sizes[b];
      } else {
        leftovers[kept++] = edge;
      }
    }
    left = kept;
  }
  // Roots come to hold ~label; a pixel's own parent is only read before that.
  let count = 0;
  for (let i = 0; i < pixels; i++) {
    let a = i;
    let p = parents[a];
    while (p >= 0 && p !== a) {
      a = p;
      p = parents[a];
    }
    if (p === a) {
      p = ~count++;
      parents[a] = p;
    }
    parents[i] = p;
    labels[i] = ~p;
  }
  return { labels, count, leftovers: leftovers.subarray(0, left) };
}

function find(parents: Int32Array, a: number): number {
  let p = parents[a];
  while (p !== a) {
    const q = parents[p];
    parents[a] = q;
    a = q;
    p = parents[a];
  }
  return a;
}
