import { nodeInputs } from './activationShapes.js';
import type { Graph, GraphNode } from './types.js';

/** The nodes that activations need, in the graph's order. */
export function neededNodes(graph: Graph, outputs: readonly string[]): GraphNode[] {
  const needed = new Set(outputs);
  const nodes: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name)) continue;
    for (const input of nodeInputs(node)) needed.add(input);
    nodes.push(node);
  }
  return nodes.reverse();
}
