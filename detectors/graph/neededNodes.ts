import { DetectorError } from '../errors.js';
import { nodeInputs } from './activationShapes.js';
import type { Graph, GraphNode } from './types.js';

/**
 * The nodes that `outputs` need, in the graph's order.
 *
 * @throws DetectorError INVALID_GRAPH when the graph has no such activation
 */
export function neededNodes(graph: Graph, outputs: readonly string[]): GraphNode[] {
  const names = new Set([graph.input, ...graph.nodes.map(({ name }) => name)]);
  for (const output of outputs) {
    if (names.has(output)) continue;
    throw new DetectorError(
      'INVALID_GRAPH',
      `graph "${graph.name}" has no activation "${output}"`,
    );
  }
  const needed = new Set(outputs);
  const nodes: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name)) continue;
    for (const input of nodeInputs(node)) needed.add(input);
    nodes.push(node);
  }
  return nodes.reverse();
}
