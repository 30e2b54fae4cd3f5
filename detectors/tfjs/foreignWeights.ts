import { DetectorError } from '../errors.js';
import type { Graph } from '../graph/types.js';
import type { ChooseNetworkOptions, FoundNetwork } from '../weights/chooseNetwork.js';
import { matchNetworks } from '../weights/matchNetworks.js';
import { graphDef, type GraphDef } from './graphDef.js';
import { layersGraph } from './layersGraph.js';
import type { ParsedModel } from './parseModel.js';
import type { TfjsValues } from './storedValues.js';
import { tfjsGraph, type InputScaling, type TfjsNetwork } from './tfjsGraph.js';
import type { KnownPixels } from '../weights/classifierMetadata.js';

/** A network of another maker's. */
export interface ForeignWeights extends FoundNetwork {
  /** What it does to its input before the network begins says this. */
  pixels?: KnownPixels;
  /** What one should know of it. */
  notes: string[];
}

/** A model with more outputs is no classifier. */
const MAX_OUTPUTS = 8;

/**
 * Finds the network that a model of another maker is. Where it gives several
 * activations, the first that is a network's answer counts. When no network has its
 * padding, one that differs in that of its first convolution alone is taken, and said.
 *
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export function readForeign(
  model: ParsedModel,
  stored: TfjsValues,
  source: string,
  options: ChooseNetworkOptions,
): ForeignWeights {
  const { values, ...read } =
    model.format === 'layers-model'
      ? layersGraph(model.layers, stored, source)
      : { ...model, values: stored };
  const nodes = graphDef(read.nodes, source);
  const said = read.outputs.filter((name) => nodes.has(name));
  const outputs = (said.length > 0 ? said : lastNodes(nodes)).slice(0, MAX_OUTPUTS);
  if (outputs.length === 0) {
    throw new DetectorError('WEIGHTS_MISMATCH', `${source}: it gives nothing`);
  }
  const notes: string[] = [];
  const onOtherPadding = (text: string) => notes.push(`${source}: ${text}`);
  const lenient = { ...options, onOtherPadding };
  const networks = outputs.map((output) =>
    bySize((like) => tfjsGraph({ nodes, values }, output, like, source)),
  );
  let first: DetectorError | undefined;
  for (const choice of [options, lenient]) {
    for (const network of networks) {
      try {
        const { graph, tensors, foreign } = matchNetworks(network, source, choice);
        const pixels = foreign.scaling && pixelsOf(foreign.scaling, graph);
        return { graph, tensors, pixels, notes };
      } catch (error) {
        if (!(error instanceof DetectorError)) throw error;
        first ??= error;
      }
    }
  }
  throw first!;
}

/**
 * x · scale + offset of inputs as (pixel − mean) · scale of pixels from 0 to 255. Inputs
 * are taken for pixels from 0 to 1 where larger ones would leave the network with numbers
 * in the hundreds.
 */
function pixelsOf({ scale, offset }: InputScaling, graph: Graph): KnownPixels {
  const isUnit = scale > 0.1 && offset.every((x) => Math.abs(x) < 10);
  const channels = Array.from({ length: graph.inputChannels }, (_, i) => i);
  const mean = channels.map((i) => -(offset[i] ?? offset[0]) / scale || 0);
  return isUnit
    ? { mean: mean.map((x) => 255 * x), scale: scale / 255 }
    : { mean, scale };
}

/** The same network, or its fault, for the same input: they depend on nothing else. */
function bySize(read: (like: Graph) => TfjsNetwork): (like: Graph) => TfjsNetwork {
  const known = new Map<string, { network: TfjsNetwork } | { fault: unknown }>();
  const attempt = (like: Graph) => {
    try {
      return { network: read(like) };
    } catch (fault) {
      return { fault };
    }
  };
  return (like) => {
    const key = [like.inputChannels, ...(like.inputSize ?? [])].join();
    const result = known.get(key) ?? attempt(like);
    known.set(key, result);
    if ('fault' in result) throw result.fault;
    return result.network;
  };
}

/** Nodes that no other reads. */
function lastNodes(nodes: GraphDef): string[] {
  const read = new Set([...nodes.values()].flatMap(({ input }) => input));
  return [...nodes.values()]
    .filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp')
    .map(({ name }) => name);
}
