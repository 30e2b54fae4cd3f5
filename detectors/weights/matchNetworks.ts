import { DetectorError } from '../errors.js';
import { networkNamed } from '../graph/networks/index.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph } from '../graph/types.js';
import {
  candidateNetworks,
  type ChooseNetworkOptions,
  type FoundNetwork,
} from './chooseNetwork.js';
import { matchGraphs, type ForeignNetwork, type MatchOptions } from './matchGraphs.js';
import { countOf } from './storedTensors.js';

/**
 * Finds the network that a foreign graph is by its wiring, see `matchGraphs`. The number
 * of classes is that of the graph's own last layer.
 *
 * @param read the foreign graph; one that depends on an image's size gets it from the
 *   network that it is compared with
 * @throws DetectorError WEIGHTS_MISMATCH, with the first difference from the network
 *   whose number of weights comes nearest; INVALID_ARGUMENT when there is no network of
 *   the name that is asked for
 */
export function matchNetworks<T extends ForeignNetwork>(
  read: (like: Graph) => T,
  source: string,
  options: ChooseNetworkOptions & MatchOptions = {},
): FoundNetwork & { foreign: T } {
  let nearest: { error: DetectorError; size: number } | undefined;
  for (const name of candidateNetworks(options)) {
    const network = networkNamed(name);
    let size = Infinity;
    try {
      const foreign = read(network.build());
      const last = foreign.graph.nodes.findLast((node) => 'outputs' in node);
      const classes = last && 'outputs' in last ? last.outputs : 0;
      const graph = network.build(classes > 0 ? classes : undefined);
      // The network whose number of weights comes nearest has the telling difference.
      size = Math.abs(Math.log(countWeights(foreign) / countGraph(graph)));
      return { graph, tensors: matchGraphs(foreign, graph, source, options), foreign };
    } catch (error) {
      if (!(error instanceof DetectorError)) throw error;
      if (!nearest || size < nearest.size) nearest = { error, size };
    }
  }
  throw nearest!.error;
}

const countWeights = ({ tensors }: ForeignNetwork) =>
  [...tensors.values()].reduce((sum, { shape }) => sum + countOf(shape), 1);
const countGraph = (graph: Graph) =>
  [...parameterShapes(graph).values()].reduce((sum, shape) => sum + countOf(shape), 1);
