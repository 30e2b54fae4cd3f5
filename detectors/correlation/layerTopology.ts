import { nodeInputs } from '../graph/activationShapes.js';
import type { Graph } from '../graph/types.js';
import type { ClusterSignals } from './clusterSignals.js';
import type { Site } from './findSites.js';

/** What the correlations of a cluster of units ask of the layer above it. */
export interface ClusterTopology {
  /** Units of the cluster, rising. */
  units: number[];
  /**
   * How many units of the layer above it takes to say what these say: the
   * participation ratio n² / Σ r², the effective dimension of their correlations.
   */
  needs: number;
  /** Mean correlation of the cluster's units with those one and two cells away. */
  spread: [number, number];
  /** Side of the patch that covers what fires together: 1, 3 or 5 cells. */
  patch: 1 | 3 | 5;
  /** Clusters of the layer below that it fires with, strongest first. */
  fedBy: { cluster: number; r: number }[];
}

/** Units by the patch that they look at. */
export interface PatchCounts {
  1: number;
  3: number;
  5: number;
}

/**
 * Effective number of independent units among some: n² / Σ r² over all pairs of
 * them. n units that are all alike count as one, n unrelated ones as n.
 *
 * @param correlations [n, n] of the whole layer
 */
export function effectiveUnits(
  correlations: Float64Array,
  n: number,
  units: readonly number[],
): number {
  let squares = 0;
  for (const a of units) {
    for (const b of units) squares += correlations[a * n + b] ** 2;
  }
  return Math.max(1, Math.round(units.length ** 2 / squares));
}

/**
 * One step of Arora et al.'s construction (2013; as Szegedy et al. 2014, §3, retell
 * it): units of a layer that fire together become one group of units of the layer
 * above, connected to them. A cluster asks for the patch over which its units would
 * still be clustered together: 3×3 when they fire together with those one cell away,
 * 5×5 when they still do two cells away.
 *
 * @param clusters units of each cluster
 * @param threshold correlation from which two things count as firing together
 */
export function layerTopology(
  clusters: readonly number[][],
  needs: readonly number[],
  { spread, feeds }: ClusterSignals,
  threshold: number,
): ClusterTopology[] {
  return clusters.map((units, k) => {
    const [one, two] = spread[k];
    const below = feeds
      .map((row, cluster) => ({ cluster, r: row[k] }))
      .sort((a, b) => b.r - a.r || a.cluster - b.cluster);
    const strong = below.filter(({ r }) => r >= threshold);
    return {
      units: [...units],
      needs: needs[k],
      spread: [one, two],
      patch: one < threshold ? 1 : two < threshold ? 3 : 5,
      fedBy: strong.length > 0 ? strong : below.slice(0, 1).filter(({ r }) => r > 0),
    };
  });
}

/** The units that a layer's clusters ask for above it, by patch. */
export function askedUnits(clusters: readonly ClusterTopology[]): PatchCounts {
  const counts: PatchCounts = { 1: 0, 3: 0, 5: 0 };
  for (const { patch, needs } of clusters) counts[patch] += needs;
  return counts;
}

/** The units that a layer of a network has, by filter size; those after a pool of their own apart. */
export function presentUnits(
  graph: Graph,
  site: Site,
): { size: number | 'pool'; units: number }[] {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const counts = new Map<number | 'pool', number>();
  const isAlone = (input: string) =>
    graph.nodes.filter((node) => nodeInputs(node).includes(input)).length === 1;
  const isModule = new Set(site.units.map(({ node }) => node)).size > 1;
  for (const { node: name } of site.units) {
    const node = nodes.get(name);
    if (node?.op !== 'convolution') continue;
    const isPooled =
      isModule && nodes.get(node.input)?.op === 'maxPool' && isAlone(node.input);
    const key = isPooled ? 'pool' : node.size;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([size, units]) => ({ size, units }));
}
