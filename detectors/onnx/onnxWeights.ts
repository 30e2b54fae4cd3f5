import { DetectorError } from '../errors.js';
import type { ChooseNetworkOptions, FoundNetwork } from '../weights/chooseNetwork.js';
import { graphOfWeights } from '../weights/graphOfWeights.js';
import { matchNetworks } from '../weights/matchNetworks.js';
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
  const foreign = onnxGraph(model, source);
  const { graph, tensors } = matchNetworks(() => foreign, source, options);
  return { graph, tensors };
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
