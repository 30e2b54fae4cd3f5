import { DetectorError } from '../errors.js';
import { nodeInputs } from './activationShapes.js';
import type { Graph, GraphNode } from './types.js';

/** Entry of a weights file's metadata: JSON, `{ "layer": outputs, ... }`. */
export const CHANNELS_ENTRY = 'channels';

/**
 * A network whose convolutions and linear layers have fewer outputs than it is published
 * with, as a weights file says under `channels` (see `mergeUnits`); the network itself
 * when the file says nothing.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the entry is not of this form, or names
 *   what cannot be narrowed
 */
export function narrowGraph(
  graph: Graph,
  metadata: Readonly<Record<string, string>>,
  source: string,
): Graph {
  const entry = metadata[CHANNELS_ENTRY];
  if (entry === undefined) return graph;
  const invalid = (problem: string) =>
    new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "${CHANNELS_ENTRY}" ${problem}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(entry);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('is no JSON object');
  }
  const channels = new Map(Object.entries(value));
  const nodes = graph.nodes.map((node) => {
    if (!channels.has(node.name)) return node;
    const outputs: unknown = channels.get(node.name);
    channels.delete(node.name);
    if (!isPlain(node)) {
      throw invalid(
        `names "${node.name}", which is no linear layer and no plain convolution`,
      );
    }
    if (isAnswer(graph, node.name)) {
      throw invalid(`names "${node.name}", whose outputs are what the network answers`);
    }
    if (
      !Number.isInteger(outputs) ||
      (outputs as number) < 1 ||
      (outputs as number) > node.outputs
    ) {
      throw invalid(
        `gives "${node.name}" ${JSON.stringify(outputs)} outputs; from 1 to ${node.outputs} are possible`,
      );
    }
    return { ...node, outputs: outputs as number };
  });
  const [unknown] = channels.keys();
  if (unknown !== undefined) {
    throw invalid(`names "${unknown.slice(0, 100)}", which "${graph.name}" has not`);
  }
  return { ...graph, nodes };
}

const isPlain = (
  node: GraphNode,
): node is Extract<GraphNode, { op: 'convolution' | 'linear' }> =>
  node.op === 'linear' ||
  (node.op === 'convolution' && (node.groups ?? 1) === 1 && !node.connections);

/** Whether no weights read what a node gives. */
function isAnswer(graph: Graph, name: string): boolean {
  const given = new Set([name]);
  for (const node of graph.nodes) {
    if (!nodeInputs(node).some((input) => given.has(input))) continue;
    if (['convolution', 'linear', 'radialBasis'].includes(node.op)) return false;
    given.add(node.name);
  }
  return true;
}
