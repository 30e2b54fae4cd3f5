import { findSites, type Site } from '../../detectors/correlation/index.js';
import type { Graph } from '../../detectors/graph/types.js';
import { UsageError } from '../errors.js';

/**
 * The layers of a network whose units can be looked at, or some of them.
 *
 * @param wanted names of activations, or their beginnings with a `*`; all by default
 * @throws UsageError UNKNOWN_LAYER, with the names that there are
 */
export function chooseSites(graph: Graph, wanted?: readonly string[]): Site[] {
  const sites = findSites(graph);
  if (!wanted) return sites;
  const matches = (pattern: string, name: string) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  for (const pattern of wanted) {
    if (sites.some(({ name }) => matches(pattern, name))) continue;
    throw new UsageError(
      'UNKNOWN_LAYER',
      `"${graph.name}" has no layer "${pattern}" whose units can be looked at; it has ${sites.map(({ name }) => name).join(', ')}`,
    );
  }
  return sites.filter(({ name }) => wanted.some((pattern) => matches(pattern, name)));
}
