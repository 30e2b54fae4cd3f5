import { DetectorError } from '../errors.js';
import { networkNamed } from '../graph/networks/index.js';
import type { Graph } from '../graph/types.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import {
  candidateNetworks,
  type ChooseNetworkOptions,
  type FoundNetwork,
} from '../weights/chooseNetwork.js';
import { graphOfWeights } from '../weights/graphOfWeights.js';
import { matchGraphs, type ForeignNetwork } from '../weights/matchGraphs.js';
import { countOf } from '../weights/storedTensors.js';
import type { Weights } from '../weights/weights.js';
import { emitOnnx, PRODUCER } from './emitOnnx.js';
import { onnxGraph } from './onnxGraph.js';
import { readOnnx, type OnnxModel } from './readOnnx.js';

/** Weights of an ONNX model; with metadata when it is one of ours. */
export interface OnnxWeights extends FoundNetwork {
  metadata?: Record<string, string>;
}

/**
 * Reads a network's weights from an ONNX model. A model that we exported gives back
 * exactly what went into it, when its nodes are those that we would write. Of any
 * other, the parameters are found by wiring, see `matchGraphs`: nodes and initialisers
 * may have any names and any order, and opsets from 1 on are understood as far as
 * GoogLeNet and its ancestors go.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the file is unsound, WEIGHTS_MISMATCH when
 *   it is another network
 */
export function readOnnxWeights(
  bytes: Uint8Array,
  source: string,
  options: ChooseNetworkOptions = {},
): OnnxWeights {
  const model = readOnnx(bytes, source);
  if (model.producer === PRODUCER && 'graph' in model.metadata) {
    return readOwn(model, source);
  }
  return matchForeign(onnxGraph(model, source), source, options);
}

/** A model of ours: parameters by name, after its nodes are found to be ours. */
function readOwn(model: OnnxModel, source: string): OnnxWeights {
  const isParameter = (name: string) => /\/(weight|bias|mean|variance)$/.test(name);
  const tensors: Weights['tensors'] = new Map(
    [...model.tensors]
      .filter(([name]) => isParameter(name))
      .map(([name, { shape, read }]) => [name, { shape: [...shape], data: read() }]),
  );
  const { metadata } = model;
  const shaped = { tensors: flatScales(tensors), metadata };
  const graph = graphOfWeights(shaped, source);
  const expected = readOnnx(emitOnnx(graph, shaped, model.outputs), source);
  const nodes = (m: OnnxModel) => JSON.stringify(m.nodes.map(plainNode));
  if (nodes(model) !== nodes(expected)) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: its nodes are not those of the network "${graph.name}"; it was changed after the export`,
    );
  }
  return { graph, tensors: shaped.tensors, metadata };
}

/** Parameters of `channelScale` are written as [channels, 1, 1]. */
function flatScales(tensors: Weights['tensors']): Weights['tensors'] {
  return new Map(
    [...tensors].map(([name, { shape, data }]) => {
      const isScale = shape.length === 3 && shape[1] === 1 && shape[2] === 1;
      return [name, { shape: isScale ? [shape[0]] : shape, data }];
    }),
  );
}

const plainNode = ({ attributes, ...node }: OnnxModel['nodes'][number]) => ({
  ...node,
  attributes: [...attributes.values()],
});

function matchForeign(
  foreign: ForeignNetwork,
  source: string,
  options: ChooseNetworkOptions,
): FoundNetwork {
  const last = foreign.graph.nodes.findLast((node) => 'outputs' in node);
  const classes = last && 'outputs' in last ? last.outputs : 0;
  let nearest: { error: DetectorError; size: number } | undefined;
  for (const name of candidateNetworks(options)) {
    const graph = networkNamed(name).build(classes > 0 ? classes : undefined);
    try {
      return { graph, tensors: matchGraphs(foreign, graph, source) };
    } catch (error) {
      if (!(error instanceof DetectorError)) throw error;
      // The network whose number of weights comes nearest has the telling difference.
      const size = Math.abs(Math.log(countWeights(foreign) / countGraph(graph)));
      if (!nearest || size < nearest.size) nearest = { error, size };
    }
  }
  throw nearest!.error;
}

const countWeights = ({ tensors }: ForeignNetwork) =>
  [...tensors.values()].reduce((sum, { shape }) => sum + countOf(shape), 1);
const countGraph = (graph: Graph) =>
  [...parameterShapes(graph).values()].reduce((sum, shape) => sum + countOf(shape), 1);
