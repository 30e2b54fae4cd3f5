import { activationShapes } from './activationShapes.js';
import { parameterShapes } from './parameterShapes.js';
import type { Graph, GraphNode } from './types.js';

/** What one node takes, for one image. */
export interface NodeCosts {
  /** Output shape, [batch, channels, height, width] or [batch, channels]. */
  shape: readonly number[];
  /** Numbers that the weights hold for it, zeros of a connection table left out. */
  parameters: number;
  /** Those of them that training changes: no statistics, no fixed prototypes. */
  trainable: number;
  /** Weights without biases, as Szegedy et al.'s Table 1 counts them. */
  weights: number;
  /** Products summed: a convolution's, a linear layer's, a radial basis's. */
  multiplyAdds: number;
}

const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);

/**
 * Parameters and multiply-adds of every node, by name. Pools, normalizations, scales
 * and activation functions count no multiply-adds, as in the papers.
 *
 * @param inputSize [height, width]; by default the graph's own
 * @throws DetectorError INVALID_GRAPH
 */
export function networkCosts(
  graph: Graph,
  inputSize?: readonly [number, number],
): Map<string, NodeCosts> {
  const shapes = activationShapes(graph, inputSize);
  const parameters = parameterShapes(graph);
  return new Map(
    graph.nodes.map((node) => {
      const shape = shapes.get(node.name)!;
      const count = (parameter: string) => {
        const found = parameters.get(`${node.name}/${parameter}`);
        return found ? product(found) : 0;
      };
      const weights = connectedWeights(node, count('weight'));
      const affine = weights + count('bias');
      return [
        node.name,
        {
          shape,
          weights,
          parameters: affine + count('mean') + count('variance'),
          trainable: node.op === 'radialBasis' ? 0 : affine,
          multiplyAdds: multiplyAdds(node, shape, weights, shapes),
        },
      ];
    }),
  );
}

function connectedWeights(node: GraphNode, all: number): number {
  if (node.op !== 'convolution' || !node.connections) return all;
  const connections = node.connections.reduce((sum, row) => sum + row.length, 0);
  return connections * node.size ** 2;
}

function multiplyAdds(
  node: GraphNode,
  [batch, , ...sides]: readonly number[],
  weights: number,
  shapes: ReadonlyMap<string, readonly number[]>,
): number {
  switch (node.op) {
    case 'convolution':
    case 'linear':
    case 'radialBasis':
      return batch * product(sides) * weights;
    case 'fixedConvolution': {
      const channels = shapes.get(node.input)![1];
      return batch * product(sides) * node.orientations * channels * node.size ** 2;
    }
    default:
      return 0;
  }
}

/** Sum of one number over nodes. */
export function totalOf(
  costs: Iterable<NodeCosts>,
  key: 'parameters' | 'trainable' | 'weights' | 'multiplyAdds',
): number {
  let total = 0;
  for (const cost of costs) total += cost[key];
  return total;
}
