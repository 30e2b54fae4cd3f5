import { nodeInputs } from './activationShapes.js';
import { networkCosts, totalOf, type NodeCosts } from './networkCosts.js';
import { neededNodes } from './neededNodes.js';
import { peakMemory, type PeakMemory } from './peakMemory.js';
import type { Graph, GraphNode } from './types.js';

/** Channels of a module's convolutions, by the columns of Szegedy et al.'s Table 1. */
export interface BranchChannels {
  '1x1'?: number;
  '3x3_reduce'?: number;
  '3x3'?: number;
  '5x5_reduce'?: number;
  '5x5'?: number;
  pool_proj?: number;
}

/** One line of the table of layers: nodes that stand together and share a name. */
export interface SummaryRow {
  /** What the nodes' names have before the first "/". */
  name: string;
  /** What computes in it, such as "convolution 7×7/2" or "inception". */
  type: string;
  /** Shape of the last node's output for one image. */
  shape: readonly number[];
  /** Layers with parameters on the longest way through it. */
  depth: number;
  branches: BranchChannels;
  parameters: number;
  trainable: number;
  /** Weights without biases. */
  weights: number;
  multiplyAdds: number;
}

export interface NetworkSummary {
  name: string;
  /** [height, width] in pixels that all numbers are for. */
  inputSize: readonly [number, number];
  rows: SummaryRow[];
  parameters: number;
  trainable: number;
  weights: number;
  multiplyAdds: number;
  /** Layers with parameters on the longest way from the input to the last output. */
  depth: number;
  /**
   * Inputs of all units with biases and fixed weights, counted as LeCun et al. 1998 do:
   * a subsampling unit has those that it averages and a bias.
   */
  connections: number;
  peak: PeakMemory;
}

/**
 * The table of layers of a network, all computed from its graph, for one image.
 *
 * @param inputSize [height, width]; by default the graph's own
 * @throws DetectorError INVALID_GRAPH
 */
export function summarizeNetwork(
  graph: Graph,
  inputSize = graph.inputSize,
): NetworkSummary {
  const costs = networkCosts(graph, inputSize);
  const groups: GraphNode[][] = [];
  const groupName = ({ name }: GraphNode) => name.split('/')[0];
  for (const node of graph.nodes) {
    const last = groups[groups.length - 1];
    if (last && groupName(last[0]) === groupName(node)) last.push(node);
    else groups.push([node]);
  }
  const last = graph.nodes[graph.nodes.length - 1].name;
  return {
    name: graph.name,
    inputSize: inputSize!,
    rows: groups.map((nodes) => ({
      name: groupName(nodes[0]),
      type: describeType(nodes),
      shape: costs.get(nodes[nodes.length - 1].name)!.shape,
      depth: depthOf(nodes),
      branches: branchChannels(nodes),
      ...totals(nodes.map(({ name }) => costs.get(name)!)),
    })),
    ...totals([...costs.values()]),
    depth: depthOf(neededNodes(graph, [last])),
    connections: countConnections(graph, costs),
    peak: peakMemory(graph, [last], inputSize),
  };
}

function totals(costs: readonly NodeCosts[]) {
  return {
    parameters: totalOf(costs, 'parameters'),
    trainable: totalOf(costs, 'trainable'),
    weights: totalOf(costs, 'weights'),
    multiplyAdds: totalOf(costs, 'multiplyAdds'),
  };
}

/** Layers with parameters as the papers count them: a normalization belongs to its convolution. */
const LAYERS: ReadonlySet<GraphNode['op']> = new Set([
  'convolution',
  'linear',
  'channelScale',
  'radialBasis',
]);

/** Layers on the longest way through some nodes. */
function depthOf(nodes: readonly GraphNode[]): number {
  const depths = new Map<string, number>();
  let deepest = 0;
  for (const node of nodes) {
    const before = Math.max(...nodeInputs(node).map((name) => depths.get(name) ?? 0));
    const depth = before + (LAYERS.has(node.op) ? 1 : 0);
    depths.set(node.name, depth);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function countConnections(graph: Graph, costs: ReadonlyMap<string, NodeCosts>): number {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  let total = 0;
  for (const node of graph.nodes) {
    const { shape, multiplyAdds } = costs.get(node.name)!;
    const units = shape.reduce((a, b) => a * b, 1);
    const hasBias =
      node.op === 'linear' || (node.op === 'convolution' && (node.bias ?? true));
    total += multiplyAdds + (hasBias ? units : 0);
    if (node.op === 'channelScale') {
      const input = nodes.get(node.input);
      total += units * ((input?.op === 'averagePool' ? input.size ** 2 : 1) + 1);
    }
  }
  return total;
}

const window = ({ size, stride = 1 }: { size: number; stride?: number }) =>
  `${size}×${size}/${stride}`;

/** What one node does, in words; nothing for what goes without saying. */
function describeNode(node: GraphNode): string | undefined {
  switch (node.op) {
    case 'convolution': {
      const { groups = 1, connections } = node;
      const sparse =
        groups > 1 ? ` in ${groups} groups` : connections ? ', sparse' : '';
      return `convolution ${window(node)}${sparse}`;
    }
    case 'fixedConvolution':
      return `Gabor filters ${window(node)}`;
    case 'maxPool':
      return `max pool ${window(node)}`;
    case 'averagePool':
      return `average pool ${window(node)}`;
    case 'globalAveragePool':
      return 'global average pool';
    case 'channelScale':
      return 'scale and bias';
    case 'radialBasis':
      return 'squared distances';
    case 'spaceToBatch':
      return 'interleaved grids';
    case 'batchToSpace':
      return 'one grid';
    case 'flatten':
    case 'maximum':
    case 'linear':
    case 'softmax':
    case 'dropout':
      return node.op;
    default:
      return undefined;
  }
}

function describeType(nodes: readonly GraphNode[]): string {
  const branches = concatBranches(nodes);
  if (branches.length === 4) return 'inception';
  if (branches.length > 0) {
    if (nodes[0].op === 'flatten') return `${branches.length} maps laid flat`;
    return `${branches.length} sizes of ${nodes[0].op === 'fixedConvolution' ? 'Gabor filters' : 'branches'}`;
  }
  const kinds = nodes.map(describeNode).filter((text) => text !== undefined);
  // Dropout and flattening matter only where they stand alone.
  const main = kinds.filter((kind) => kind !== 'dropout' && kind !== 'flatten');
  // Of a reduction and its convolution, the paper's table names the latter.
  const convolutions = main.filter((kind) => kind.startsWith('convolution'));
  const isReduced = convolutions.length === 2 && main.length === 2;
  return (isReduced ? main.slice(1) : main.length > 0 ? main : kinds).join(', ') || '–';
}

/** The chains that a row's concatenation joins, each from the row's input on. */
function concatBranches(nodes: readonly GraphNode[]): GraphNode[][] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const concat = nodes.find((node) => node.op === 'concat');
  if (concat?.op !== 'concat') return [];
  return concat.inputs.map((name) => {
    const chain: GraphNode[] = [];
    for (let node = byName.get(name); node;) {
      chain.unshift(node);
      node = byName.get(nodeInputs(node)[0]);
    }
    return chain;
  });
}

function branchChannels(nodes: readonly GraphNode[]): BranchChannels {
  const widths = (chain: readonly GraphNode[]) =>
    chain.flatMap((node) => (node.op === 'convolution' ? [node.outputs] : []));
  const branches = concatBranches(nodes).map(widths);
  // The last two of [reduction, convolution], or the convolution alone.
  const pair = (branch: number[]) =>
    branch.length > 1 ? branch : [undefined, branch[0]];
  if (branches.length === 4) {
    const [one, three, five, [projected]] = branches;
    return {
      '1x1': one[0],
      ...named(['3x3_reduce', '3x3'], pair(three)),
      ...named(['5x5_reduce', '5x5'], pair(five)),
      ...named(['pool_proj'], [projected]),
    };
  }
  const convolutions = nodes.filter((node) => node.op === 'convolution');
  const [first, second] = convolutions;
  const isReduced = convolutions.length === 2 && first.size === 1 && second.size === 3;
  return isReduced && !nodes.some(({ op }) => op === 'linear' || op === 'concat')
    ? named(['3x3_reduce', '3x3'], [first.outputs, second.outputs])
    : {};
}

function named(
  keys: readonly (keyof BranchChannels)[],
  values: readonly (number | undefined)[],
): BranchChannels {
  return Object.fromEntries(
    keys.map((key, i) => [key, values[i]]).filter(([, value]) => value !== undefined),
  ) as BranchChannels;
}
