/** One join of two groups. Groups 0 to n − 1 are the units; join k makes group n + k. */
export interface Join {
  first: number;
  second: number;
  /** Mean distance, 1 − r, between the units of the two. */
  height: number;
  /** Units in the new group. */
  size: number;
}

/**
 * Agglomerative clustering with average linkage (UPGMA) of units by 1 − r, by
 * nearest-neighbour chains (Murtagh 1983): n² steps and n² doubles of memory.
 *
 * @param correlations [n, n]
 * @returns n − 1 joins, lowest first
 */
export function clusterUnits(correlations: Float64Array, n: number): Join[] {
  const distance = correlations.map((r) => 1 - r);
  const size = new Float64Array(n).fill(1);
  const isActive = new Uint8Array(n).fill(1);
  const raw: { a: number; b: number; height: number }[] = [];
  const chain: number[] = [];
  let next = 0;
  while (raw.length < n - 1) {
    if (chain.length === 0) {
      while (!isActive[next]) next++;
      chain.push(next);
    }
    const top = chain[chain.length - 1];
    const before = chain.length > 1 ? chain[chain.length - 2] : -1;
    // The one before wins ties, or the chain would go round in circles.
    let nearest = before;
    let least = before >= 0 ? distance[top * n + before] : Infinity;
    for (let other = 0; other < n; other++) {
      if (!isActive[other] || other === top) continue;
      const d = distance[top * n + other];
      if (d < least) {
        least = d;
        nearest = other;
      }
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [a, b] = [Math.min(top, before), Math.max(top, before)];
    raw.push({ a, b, height: least });
    // The joined group lives on in the place of b.
    isActive[a] = 0;
    for (let other = 0; other < n; other++) {
      if (!isActive[other] || other === b) continue;
      const mean =
        (size[a] * distance[a * n + other] + size[b] * distance[b * n + other]) /
        (size[a] + size[b]);
      distance[b * n + other] = mean;
      distance[other * n + b] = mean;
    }
    size[b] += size[a];
  }
  return label(raw, n);
}

/** Sorts joins by height and names the groups by the join that made them. */
function label(raw: { a: number; b: number; height: number }[], n: number): Join[] {
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const group = Int32Array.from({ length: n }, (_, i) => i);
  const size = new Int32Array(n).fill(1);
  const root = (unit: number): number => {
    while (parent[unit] !== unit) {
      parent[unit] = parent[parent[unit]];
      unit = parent[unit];
    }
    return unit;
  };
  raw.sort((x, y) => x.height - y.height);
  return raw.map(({ a, b, height }, k) => {
    const [from, into] = [root(a), root(b)];
    const [first, second] = [group[from], group[into]].sort((x, y) => x - y);
    parent[from] = into;
    group[into] = n + k;
    size[into] += size[from];
    return { first, second, height, size: size[into] };
  });
}

/**
 * The groups that are left when no join above a height is made.
 *
 * @returns the units of each group, largest group first, units rising
 */
export function cutClusters(
  joins: readonly Join[],
  n: number,
  height: number,
): number[][] {
  const groups = new Map<number, number[]>();
  for (let unit = 0; unit < n; unit++) groups.set(unit, [unit]);
  joins.forEach(({ first, second, height: own }, k) => {
    const [a, b] = [groups.get(first), groups.get(second)];
    if (own > height || !a || !b) return;
    groups.delete(first);
    groups.delete(second);
    groups.set(n + k, [...a, ...b]);
  });
  return [...groups.values()]
    .map((units) => units.sort((a, b) => a - b))
    .sort((a, b) => b.length - a.length || a[0] - b[0]);
}

/** The units in the order of the tree: what was joined early stands side by side. */
export function leafOrder(joins: readonly Join[], n: number): number[] {
  const order: number[] = [];
  const pending = n > 1 ? [2 * n - 2] : n === 1 ? [0] : [];
  while (pending.length > 0) {
    const group = pending.pop()!;
    if (group < n) order.push(group);
    else {
      const { first, second } = joins[group - n];
      // The tighter half first: the last one pushed is taken next.
      const isFirstTighter = heightOf(joins, first, n) <= heightOf(joins, second, n);
      pending.push(...(isFirstTighter ? [second, first] : [first, second]));
    }
  }
  return order;
}

const heightOf = (joins: readonly Join[], group: number, n: number) =>
  group < n ? Infinity : joins[group - n].height;
