import { activationChannels } from './activationShapes.js';
import type { Graph } from './types.js';

/**
 * Shape of every parameter of a graph, by name (`NODE/weight`, `NODE/bias`, and so
 * on, see types.ts), in the order of the nodes. Convolution weights are [out, in /
 * groups, height, width]; those of a sparse connection table have their zeros.
 *
 * @throws DetectorError INVALID_GRAPH
 */
export function parameterShapes(graph: Graph): Map<string, number[]> {
  const channels = activationChannels(graph);
  const shapes = new Map<string, number[]>();
  for (const node of graph.nodes) {
    const add = (parameter: string, shape: number[]) =>
      shapes.set(`${node.name}/${parameter}`, shape);
    switch (node.op) {
      case 'convolution': {
        const { outputs, size, groups = 1, bias = true } = node;
        add('weight', [outputs, channels.get(node.input)! / groups, size, size]);
        if (bias) add('bias', [outputs]);
        break;
      }
      case 'linear':
        add('weight', [node.outputs, channels.get(node.input)!]);
        add('bias', [node.outputs]);
        break;
      case 'radialBasis':
        add('weight', [node.outputs, channels.get(node.input)!]);
        break;
      case 'batchNormalization':
        for (const parameter of ['weight', 'bias', 'mean', 'variance']) {
          add(parameter, [channels.get(node.input)!]);
        }
        break;
      case 'channelScale':
        for (const parameter of ['weight', 'bias']) {
          add(parameter, [channels.get(node.input)!]);
        }
        break;
    }
  }
  return shapes;
}
