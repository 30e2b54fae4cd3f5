/** Edges in order of weight: edges[starts[b]] … edges[starts[b + 1] − 1] have weight `weights[b]`. */
export interface EdgeList {
  edges: Int32Array;
  starts: Int32Array;
}

/** The edges inside a part of the image: columns x1 … x2 − 1 of rows y1 … y2 − 1. */
export interface Tile extends EdgeList {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/**
 * Edges of the pixel grid. Edge `4 · pixel + direction` joins `pixel` and
 * `pixel + offsets[direction]`.
 */
export interface SortedEdges {
  /** A single one unless the image is large; together they are the image. */
  tiles: Tile[];
  /** The edges between tiles. */
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
  /** Label of each pixel, 0 … count − 1 in order of first appearance, tile by tile. */
  labels: Int32Array;
  count: number;
  /**
   * Edges that were between different components when their turn came; all
   * edges between final components are among them. A view of the scratch.
   */
  leftovers: Int32Array;
  /** Where those of each tile end, and at last those of the seams. */
  ends: number[];
}

/**
 * The segmentation of Felzenszwalb and Huttenlocher ("Efficient Graph-Based
 * Image Segmentation", IJCV 2004, section 4): edges in ascending order merge two
 * components when their weight is below Int(C) + k/|C| of both; then components
 * under `minSize` pixels are merged along their lightest edges.
 *
 * Large images are merged tile by tile first and along the seams after that,
 * which differs from the paper's order at the seams alone.
 *
 * Union-find: a pixel points to its parent and a root to itself; `labels` holds the
 * sizes of the roots' components until it is filled.
 */
export function mergeGraph(
  graph: SortedEdges,
  k: number,
  minSize: number,
  scratch: MergeScratch,
  labels: Int32Array,
): Partition {
  const { parents, leftovers } = scratch;
  const sizes = labels;
  let left = 0;
  const ends: number[] = [];
  for (const tile of graph.tiles) {
    left = mergeTile(graph, tile, k, scratch, sizes, left);
    ends.push(left);
  }
  ends.push(mergeSeams(graph, k, scratch, sizes, left));
  if (minSize > 1) mergeSmall(graph, parents, sizes, leftovers, ends, minSize);
  const count = label(parents, labels, graph);
  const end = ends[ends.length - 1];
  return { labels, count, leftovers: leftovers.subarray(0, end), ends };
}

/**
 * Makes each pixel of a tile a component and merges these along its edges; the
 * rejected edges follow the `left` leftovers. Finding is written out because it is most
 * of the time: two steps at once, which a root bears too, so that few paths need a
 * branch that can't be guessed.
 */
function mergeTile(
  graph: SortedEdges,
  tile: Tile,
  k: number,
  scratch: MergeScratch,
  sizes: Int32Array,
  left: number,
): number {
  const { weights, levels, offsets } = graph;
  const { edges, starts, x1, y1, x2, y2 } = tile;
  const { parents, thresholds, leftovers } = scratch;
  const width = offsets[1];
  for (let y = y1; y < y2; y++) {
    const row = y * width;
    for (let i = row + x1; i < row + x2; i++) parents[i] = i;
    thresholds.fill(k, row + x1, row + x2);
    sizes.fill(1, row + x1, row + x2);
  }
  for (let level = 0; level < levels; level++) {
    const weight = weights[level];
    const end = starts[level + 1];
    for (let e = starts[level]; e < end; e++) {
      const edge = edges[e];
      const from = edge >> 2;
      const to = from + offsets[edge & 3];
      let a = parents[parents[from]];
      while (parents[a] !== a) a = parents[a] = parents[parents[a]];
      let b = parents[parents[to]];
      while (parents[b] !== b) b = parents[b] = parents[parents[b]];
      parents[from] = a;
      parents[to] = b;
      if (a === b) continue;
      if (weight < thresholds[a] && weight < thresholds[b]) {
        // The smaller component joins the larger. Swapped without a branch, which
        // would be wrong every second time.
        const p = sizes[a];
        const r = sizes[b];
        const swap = (a ^ b) & ((p - r) >> 31);
        a ^= swap;
        b ^= swap;
        parents[b] = a;
        sizes[a] = p + r;
        thresholds[a] = weight + k / (p + r);
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
 * Merges along the edges between tiles. By now Int(C) may exceed the weight of the
 * edge, which it can't in the paper's order and which would merge too much: a share of
 * it counts, chosen for the recall of photos cut into many small pieces.
 */
function mergeSeams(
  graph: SortedEdges,
  k: number,
  scratch: MergeScratch,
  sizes: Int32Array,
  left: number,
): number {
  const { weights, levels, offsets } = graph;
  const { edges, starts } = graph.seams;
  const { parents, thresholds, leftovers } = scratch;
  for (let level = 0; level < levels; level++) {
    const weight = weights[level];
    for (let e = starts[level]; e < starts[level + 1]; e++) {
      const edge = edges[e];
      const a = find(parents, edge >> 2);
      const b = find(parents, (edge >> 2) + offsets[edge & 3]);
      if (a === b) continue;
      const p = sizes[a];
      const r = sizes[b];
      // Thresholds are Int(C) + k/|C|.
      const internalA = thresholds[a] - k / p;
      const internalB = thresholds[b] - k / r;
      if (
        weight >= SEAM_SHARE * internalA + k / p ||
        weight >= SEAM_SHARE * internalB + k / r
      ) {
        leftovers[left++] = edge;
        continue;
      }
      thresholds[join(parents, sizes, a, b)] =
        Math.max(weight, internalA, internalB) + k / (p + r);
    }
  }
  return left;
}

/**
 * Reads a tile's part of an array in order. What comes next reads it in the order of the
 * edges, which the processor can't foresee: from memory that would be slow.
 *
 * @returns nothing of use; a loop without a result might be left out
 */
export function fetchTile(array: Int32Array, tile: Tile, width: number): number {
  let sum = 0;
  for (let y = tile.y1; y < tile.y2; y++) {
    const end = y * width + tile.x2;
    for (let i = y * width + tile.x1; i < end; i += CACHE_LINE) sum ^= array[i];
  }
  return sum;
}

/** Numbers of 32 bits that come from memory at once. */
const CACHE_LINE = 16;

/**
 * Merges components under `minSize`; an edge inside a component stays inside it,
 * so the leftovers suffice. Keeps those still between components, and moves the ends.
 */
function mergeSmall(
  { tiles, offsets }: SortedEdges,
  parents: Int32Array,
  sizes: Int32Array,
  leftovers: Int32Array,
  ends: number[],
  minSize: number,
): void {
  let kept = 0;
  let e = 0;
  for (let part = 0; part < ends.length; part++) {
    if (part < tiles.length) {
      fetchTile(parents, tiles[part], offsets[1]);
      fetchTile(sizes, tiles[part], offsets[1]);
    }
    for (const end = ends[part]; e < end; e++) {
      const edge = leftovers[e];
      const a = find(parents, edge >> 2);
      const b = find(parents, (edge >> 2) + offsets[edge & 3]);
      if (a === b) continue;
      if (sizes[a] < minSize || sizes[b] < minSize) join(parents, sizes, a, b);
      else leftovers[kept++] = edge;
    }
    ends[part] = kept;
  }
}

/** Numbers the components by first appearance, tile by tile; roots and those seen come to hold ~label. */
function label(
  parents: Int32Array,
  labels: Int32Array,
  { tiles, offsets }: SortedEdges,
): number {
  const width = offsets[1];
  let count = 0;
  for (const { x1, y1, x2, y2 } of tiles) {
    for (let y = y1; y < y2; y++) {
      const end = y * width + x2;
      for (let i = y * width + x1; i < end; i++) {
        let a = i;
        let p = parents[a];
        while (p >= 0 && p !== a) {
          a = p;
          p = parents[a];
        }
        if (p >= 0) {
          p = ~count++;
          parents[a] = p;
        }
        // A numbered pixel ends the search of those that point to it.
        parents[i] = p;
        labels[i] = ~p;
      }
    }
  }
  return count;
}

function find(parents: Int32Array, a: number): number {
  while (parents[a] !== a) a = parents[a] = parents[parents[a]];
  return a;
}

/** Makes the larger of two roots, the first among equals, that of both; gives it. */
function join(parents: Int32Array, sizes: Int32Array, a: number, b: number): number {
  const isSmaller = sizes[a] < sizes[b];
  const root = isSmaller ? b : a;
  const other = isSmaller ? a : b;
  parents[other] = root;
  sizes[root] += sizes[other];
  return root;
}
