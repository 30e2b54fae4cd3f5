/** Edges in order of weight: edges[starts[b]] … edges[starts[b + 1] − 1] have weight `weights[b]`. */
export interface EdgeList {
  edges: Int32Array;
  starts: Int32Array;
}

/**
 * Edges of the pixel grid. Edge `4 · pixel + direction` joins `pixel` and
 * `pixel + offsets[direction]`.
 */
export interface SortedEdges {
  /** The edges inside each band of rows; a single band unless the image is large. */
  bands: EdgeList[];
  /** The edges between bands. */
  seams: EdgeList;
  /** Ascending. */
  weights: Float64Array;
  /** How many entries of `weights` count. */
  levels: number;
  offsets: Int32Array;
}

/** Arrays that a segmentation needs, so that several can share them. */
export interface MergeScratch {
  /** One a pixel, like the next. */
  parents: Int32Array;
  thresholds: Float64Array;
  /** As long as there are edges. */
  leftovers: Int32Array;
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
 *
 * Large images are merged band by band of rows first and along the seams after that,
 * which differs from the paper's order at the seams alone.
 *
 * Union-find in one array: a pixel points to its parent, a root holds minus the
 * size of its component. Finding halves the path on its way, written out in the
 * loop because it is most of the time.
 */
export function mergeGraph(
  graph: SortedEdges,
  pixels: number,
  k: number,
  minSize: number,
  scratch: MergeScratch,
  labels: Int32Array,
): Partition {
  const { offsets } = graph;
  const { parents, thresholds, leftovers } = scratch;
  parents.fill(-1, 0, pixels);
  thresholds.fill(k, 0, pixels);
  let left = 0;
  for (const band of graph.bands) left = mergeBand(graph, band, k, scratch, left);
  left = mergeSeams(graph, k, scratch, left);
  if (minSize > 1) left = mergeSmall(parents, leftovers, left, offsets, minSize);
  const count = label(parents, labels, pixels);
  return { labels, count, leftovers: leftovers.subarray(0, left) };
}

/** Merges along a band's edges; the rejected ones follow the `left` leftovers. */
function mergeBand(
  graph: SortedEdges,
  band: EdgeList,
  k: number,
  scratch: MergeScratch,
  left: number,
): number {
  const { weights, levels, offsets } = graph;
  const { edges, starts } = band;
  const { parents, thresholds, leftovers } = scratch;
  for (let level = 0; level < levels; level++) {
    const weight = weights[level];
    const end = starts[level + 1];
    for (let e = starts[level]; e < end; e++) {
      const edge = edges[e];
      let a = edge >> 2;
      let b = a + offsets[edge & 3];
      let p = parents[a];
      while (p >= 0) {
        const q = parents[p];
        if (q < 0) {
          a = p;
          p = q;
          break;
        }
        parents[a] = q;
        a = q;
        p = parents[q];
      }
      let r = parents[b];
      while (r >= 0) {
        const q = parents[r];
        if (q < 0) {
          b = r;
          r = q;
          break;
        }
        parents[b] = q;
        b = q;
        r = parents[q];
      }
      if (a === b) continue;
      if (weight < thresholds[a] && weight < thresholds[b]) {
        // p and r are minus the sizes; the smaller component joins the larger.
        // Swapped without a branch, which would be wrong every second time.
        const swap = (a ^ b) & ((r - p) >> 31);
        a ^= swap;
        b ^= swap;
        parents[b] = a;
        parents[a] = p + r;
        thresholds[a] = weight - k / (p + r);
      } else {
        leftovers[left++] = edge;
      }
    }
  }
  return left;
}

/** Share of Int(C) that counts at the seams. */
const SEAM_SHARE = 0.3;

/**
 * Merges along the edges between bands. By now Int(C) may exceed the weight of the
 * edge, which it can't in the paper's order and which would merge too much: a share of
 * it counts, chosen for the recall of photos cut into many narrow bands.
 */
function mergeSeams(
  graph: SortedEdges,
  k: number,
  scratch: MergeScratch,
  left: number,
): number {
  const { weights, levels, offsets } = graph;
  const { edges, starts } = graph.seams;
  const { parents, thresholds, leftovers } = scratch;
  for (let level = 0; level < levels; level++) {
    const weight = weights[level];
    for (let e = starts[level]; e < starts[level + 1]; e++) {
      const edge = edges[e];
      let a = find(parents, edge >> 2);
      let b = find(parents, (edge >> 2) + offsets[edge & 3]);
      if (a === b) continue;
      const p = parents[a];
      const r = parents[b];
      // p and r are minus the sizes, and thresholds are Int(C) + k/|C|.
      const internalA = thresholds[a] + k / p;
      const internalB = thresholds[b] + k / r;
      if (
        weight >= SEAM_SHARE * internalA - k / p ||
        weight >= SEAM_SHARE * internalB - k / r
      ) {
        leftovers[left++] = edge;
        continue;
      }
      if (p > r) {
        const swap = a;
        a = b;
        b = swap;
      }
      parents[b] = a;
      parents[a] = p + r;
      thresholds[a] = Math.max(weight, internalA, internalB) - k / (p + r);
    }
  }
  return left;
}

/**
 * Merges components under `minSize`; an edge inside a component stays inside it,
 * so the leftovers suffice. Keeps those still between components.
 */
function mergeSmall(
  parents: Int32Array,
  leftovers: Int32Array,
  left: number,
  offsets: Int32Array,
  minSize: number,
): number {
  let kept = 0;
  for (let e = 0; e < left; e++) {
    const edge = leftovers[e];
    let a = find(parents, edge >> 2);
    let b = find(parents, (edge >> 2) + offsets[edge & 3]);
    if (a === b) continue;
    const p = parents[a];
    const r = parents[b];
    if (-p < minSize || -r < minSize) {
      if (p > r) {
        const swap = a;
        a = b;
        b = swap;
      }
      parents[b] = a;
      parents[a] = p + r;
    } else {
      leftovers[kept++] = edge;
    }
  }
  return kept;
}

/** Numbers the components by first appearance; roots come to hold ~label. */
function label(parents: Int32Array, labels: Int32Array, pixels: number): number {
  const UNNUMBERED = -0x80000000;
  for (let i = 0; i < pixels; i++) if (parents[i] < 0) parents[i] = UNNUMBERED;
  let count = 0;
  for (let i = 0; i < pixels; i++) {
    let a = i;
    let p = parents[a];
    while (p >= 0) {
      a = p;
      p = parents[a];
    }
    if (p === UNNUMBERED) {
      p = ~count++;
      parents[a] = p;
    }
    // A numbered pixel ends the search of those that point to it.
    parents[i] = p;
    labels[i] = ~p;
  }
  return count;
}

function find(parents: Int32Array, a: number): number {
  let p = parents[a];
  while (p >= 0) {
    const q = parents[p];
    if (q < 0) return p;
    parents[a] = q;
    a = q;
    p = parents[q];
  }
  return a;
}
