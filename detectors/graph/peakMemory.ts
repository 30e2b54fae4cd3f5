import { activationShapes, nodeInputs } from './activationShapes.js';
import { neededNodes } from './neededNodes.js';
import type { Graph, GraphNode } from './types.js';

/** Nodes whose output can take the place of their input. */
const IN_PLACE: ReadonlySet<GraphNode['op']> = new Set([
  'relu',
  'tanh',
  'batchNormalization',
  'channelScale',
  'dropout',
  'flatten',
  'softmax',
]);

export interface PeakMemory {
  /** Bytes of all activations that exist at once, in single precision. */
  bytes: number;
  /** The node in whose computation that is. */
  node: string;
}

/**
 * The most memory that the activations of one image take at once when the nodes run in
 * the graph's order and each activation is let go after its last use. Functions of
 * single numbers run in place when nobody else reads their input. Weights and what an
 * engine needs beside them are not in it: onnxruntime takes 1.5 to 3.3 times as much for
 * each image of a batch (bench/activations.mjs).
 *
 * @param outputs activations that are wanted in the end; by default the last node's
 * @param inputSize [height, width]; by default the graph's own
 * @throws DetectorError INVALID_GRAPH
 */
export function peakMemory(
  graph: Graph,
  outputs: readonly string[] = [graph.nodes[graph.nodes.length - 1].name],
  inputSize?: readonly [number, number],
): PeakMemory {
  const shapes = activationShapes(graph, inputSize);
  const size = (name: string) => 4 * shapes.get(name)!.reduce((a, b) => a * b, 1);
  const nodes = neededNodes(graph, outputs);
  const lastUse = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const input of nodeInputs(node)) lastUse.set(input, i);
  });
  for (const output of outputs) lastUse.set(output, Infinity);

  const live = new Set([graph.input]);
  let bytes = size(graph.input);
  let peak: PeakMemory = { bytes, node: graph.input };
  nodes.forEach((node, i) => {
    const inputs = new Set(nodeInputs(node));
    const isInPlace =
      IN_PLACE.has(node.op) && [...inputs].every((input) => lastUse.get(input) === i);
    if (!isInPlace) {
      bytes += size(node.name);
      if (bytes > peak.bytes) peak = { bytes, node: node.name };
    }
    live.add(node.name);
    for (const input of inputs) {
      if (lastUse.get(input) !== i || !live.delete(input)) continue;
      if (!isInPlace) bytes -= size(input);
    }
  });
  return peak;
}
