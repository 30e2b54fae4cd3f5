import { DetectorError } from '../errors.js';
import type { Graph, GraphNode } from './types.js';

/** The names a node reads. */
export function nodeInputs(node: GraphNode): readonly string[] {
  if (node.op === 'concat') return node.inputs;
  return node.op === 'batchToSpace' ? [node.input, node.like] : [node.input];
}

/** Channels of every activation, by name. */
export function activationChannels(graph: Graph): Map<string, number> {
  const channels = new Map([[graph.input, graph.inputChannels]]);
  for (const node of graph.nodes) {
    const inputs = nodeInputs(node).map((name) => {
      const count = channels.get(name);
      if (count === undefined) {
        throw new DetectorError(
          'INVALID_GRAPH',
          `graph "${graph.name}": node "${node.name}" reads "${name}", which no earlier node gives`,
        );
      }
      return count;
    });
    if (channels.has(node.name)) {
      throw new DetectorError(
        'INVALID_GRAPH',
        `graph "${graph.name}": two nodes are called "${node.name}"`,
      );
    }
    channels.set(
      node.name,
      node.op === 'concat'
        ? inputs.reduce((sum, count) => sum + count, 0)
        : 'outputs' in node
          ? node.outputs
          : inputs[0],
    );
  }
  return channels;
}

/**
 * Shape of every parameter of a graph, by name (`NODE/weight`, `NODE/bias`), in
 * the order of the nodes. Convolution weights are [out, in / groups, height, width].
 *
 * @throws DetectorError INVALID_GRAPH
 */
export function parameterShapes(graph: Graph): Map<string, number[]> {
  const channels = activationChannels(graph);
  const shapes = new Map<string, number[]>();
  for (const node of graph.nodes) {
    if (node.op !== 'convolution' && node.op !== 'linear') continue;
    const inputs = channels.get(node.input)!;
    shapes.set(
      `${node.name}/weight`,
      node.op === 'linear'
        ? [node.outputs, inputs]
        : [node.outputs, inputs / (node.groups ?? 1), node.size, node.size],
    );
    shapes.set(`${node.name}/bias`, [node.outputs]);
  }
  return shapes;
}
