import { inferShapes, nodeInputs } from '../graph/activationShapes.js';
import type { Convolution, Graph, GraphNode, Linear } from '../graph/types.js';

/** A channel of an activation: where it is made. */
export interface Unit {
  /** The convolution or linear layer that makes it. */
  node: string;
  /** Its output there. */
  output: number;
  /** Nodes with parameters for each channel that it passes on its way, and its place there. */
  scales: readonly { node: string; channel: number }[];
}

/** A convolution or linear layer that reads an activation, and where in its input. */
export interface Consumer {
  node: string;
  /** Its first input from the activation. */
  offset: number;
  /** Its inputs from each unit: 1, or the places of a map that has been laid flat. */
  cells: number;
  /** Zeros are put round its input, which a constant part of a unit does not reach. */
  isPadded: boolean;
  /** The batch normalization behind it, which takes up constants where it has no bias. */
  normalization?: string;
}

/** An activation whose units can be looked at together. */
export interface Site {
  /** Name of the activation. */
  name: string;
  units: Unit[];
  /** The site that its layers read from in the end; undefined at the input. */
  previous?: string;
  /** What reads it. */
  consumers: Consumer[];
  /** Why units of it cannot be merged; undefined when they can. */
  fixed?: string;
}

/** What a channel passes through unchanged but for its place, or by a rising function. */
const TRANSPARENT: ReadonlySet<GraphNode['op']> = new Set([
  'dropout',
  'maxPool',
  'averagePool',
  'globalAveragePool',
  'spaceToBatch',
  'batchToSpace',
]);

/** Functions of one channel, after which its unit is another. */
const BY_CHANNEL: ReadonlySet<GraphNode['op']> = new Set([
  'relu',
  'tanh',
  'batchNormalization',
  'channelScale',
]);

const isMaker = (node: GraphNode): node is Convolution | Linear =>
  node.op === 'convolution' || node.op === 'linear';

/** A graph that can be gone through both ways. */
interface Wiring {
  nodes: ReadonlyMap<string, GraphNode>;
  /** Nodes that read an activation's numbers, by its name. */
  readers: ReadonlyMap<string, ReadonlySet<GraphNode>>;
  shapes: ReadonlyMap<string, readonly number[]>;
}

/** The activations whose channels a node takes: `like` of batchToSpace gives a size alone. */
const channelInputs = (node: GraphNode): readonly string[] =>
  'inputs' in node ? node.inputs : [node.input];

function wire(graph: Graph): Wiring {
  const readers = new Map<string, Set<GraphNode>>();
  for (const node of graph.nodes) {
    for (const input of channelInputs(node)) {
      readers.set(input, (readers.get(input) ?? new Set()).add(node));
    }
  }
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return { nodes, readers, shapes: inferShapes(graph) };
}

const readersOf = ({ readers }: Wiring, name: string) => [...(readers.get(name) ?? [])];

/**
 * The activations of a network that hold the units of a layer, in the graph's order:
 * outputs of convolutions and linear layers after all that is done to each channel for
 * itself (normalization, rectification), and concatenations of them (whose parts are
 * not listed again). The network's answer is none unless it is rectified.
 */
export function findSites(graph: Graph): Site[] {
  const wiring = wire(graph);
  const sites: Site[] = [];
  for (const node of graph.nodes) {
    const units = unitsOf(node, wiring);
    if (!units || goesOn(node, wiring)) continue;
    const { consumers, fixed } = findConsumers(node.name, wiring);
    if (isMaker(node) && consumers.length === 0) continue;
    const problem =
      (units.length < 2 ? 'it has one unit' : fixed) ??
      sharedPart(node, wiring) ??
      groupedPart(units, wiring);
    sites.push({ name: node.name, units, consumers, fixed: problem });
  }
  const names = new Set(sites.map(({ name }) => name));
  for (const site of sites) site.previous = findPrevious(site, graph, wiring, names);
  return sites;
}

/** Units of what a convolution or linear layer makes, or of a concatenation of such. */
function unitsOf(node: GraphNode, wiring: Wiring): Unit[] | undefined {
  if (isMaker(node)) {
    return Array.from({ length: node.outputs }, (_, output) => ({
      node: node.name,
      output,
      scales: [],
    }));
  }
  if (node.op === 'concat') {
    const parts = node.inputs.map((name) => {
      const part = wiring.nodes.get(name);
      return part && unitsOf(part, wiring);
    });
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  if (!BY_CHANNEL.has(node.op)) return undefined;
  let below = wiring.nodes.get(channelInputs(node)[0]);
  while (below && TRANSPARENT.has(below.op)) {
    below = wiring.nodes.get(channelInputs(below)[0]);
  }
  const units = below && unitsOf(below, wiring);
  if (node.op === 'relu' || node.op === 'tanh') return units;
  return units?.map(({ scales, ...unit }, channel) => ({
    ...unit,
    scales: [...scales, { node: node.name, channel }],
  }));
}

/** Whether all that reads a node makes other units of its units, or of a whole with others. */
function goesOn(node: GraphNode, wiring: Wiring): boolean {
  const users = readersOf(wiring, node.name);
  const isPart = users.every(({ op }) => op === 'concat');
  const isUnfinished = (user: GraphNode): boolean => {
    if (!TRANSPARENT.has(user.op)) return BY_CHANNEL.has(user.op);
    const next = readersOf(wiring, user.name);
    return next.length > 0 && next.every(isUnfinished);
  };
  return users.length > 0 && (isPart || users.every(isUnfinished));
}

/** Says which part of a site something else reads too, past the site. */
function sharedPart(node: GraphNode, wiring: Wiring): string | undefined {
  if (isMaker(node)) return undefined;
  for (const input of channelInputs(node)) {
    const part = wiring.nodes.get(input);
    if (!part) continue;
    if (readersOf(wiring, input).length > 1) return `"${input}" is read elsewhere too`;
    const deeper = sharedPart(part, wiring);
    if (deeper) return deeper;
  }
  return undefined;
}

/** Says which of a site's convolutions must keep all its outputs. */
function groupedPart(units: readonly Unit[], { nodes }: Wiring): string | undefined {
  const odd = units.find(({ node: name }) => {
    const node = nodes.get(name);
    return node?.op === 'convolution' && ((node.groups ?? 1) > 1 || node.connections);
  });
  return odd && `"${odd.node}" has groups or a connection table`;
}

/** Follows an activation to the weights that read it. */
function findConsumers(
  start: string,
  wiring: Wiring,
): { consumers: Consumer[]; fixed?: string } {
  const consumers: Consumer[] = [];
  let fixed: string | undefined;
  const follow = (name: string, way: Omit<Consumer, 'node'>): void => {
    const users = readersOf(wiring, name);
    if (users.length === 0) fixed ??= `"${name}" is an output of the network`;
    for (const user of users) {
      const { offset, cells, isPadded } = way;
      if (user.op === 'convolution') {
        const pads = isPadded || (user.pad ?? 0) > 0 || (user.farPad ?? 0) > 0;
        const normalization = normalizationOf(user, wiring);
        const problem = (user.bias ?? true) || normalization ? mixes(user) : 'no bias';
        if (problem) fixed ??= `convolution "${user.name}" has ${problem}`;
        else consumers.push({ ...way, node: user.name, isPadded: pads, normalization });
      } else if (user.op === 'linear') {
        consumers.push({ ...way, node: user.name });
      } else if (user.op === 'concat') {
        user.inputs.forEach((input, i) => {
          if (input !== name) return;
          const before = channelsOf(user.inputs.slice(0, i), wiring);
          follow(user.name, { ...way, offset: offset + before });
        });
      } else if (user.op === 'flatten') {
        const [, , ...sides] = wiring.shapes.get(name)!;
        const area = sides.reduce((a, b) => a * b, 1);
        follow(user.name, { ...way, offset: offset * area, cells: cells * area });
      } else if (TRANSPARENT.has(user.op)) {
        const pads =
          user.op === 'spaceToBatch' ||
          (user.op === 'averagePool' && (user.pad ?? 0) > 0);
        follow(user.name, { ...way, isPadded: isPadded || pads });
      } else {
        fixed ??= `${user.op} "${user.name}" mixes its channels or needs them in their places`;
      }
    }
  };
  follow(start, { offset: 0, cells: 1, isPadded: false });
  return { consumers, fixed };
}

/** Why a convolution's inputs can't be taken one by one. */
function mixes({ groups = 1, connections }: Convolution): string | undefined {
  if (groups > 1) return `${groups} groups`;
  return connections && 'a connection table';
}

/** The batch normalization that alone reads a convolution without a bias. */
function normalizationOf(node: Convolution, wiring: Wiring): string | undefined {
  const users = readersOf(wiring, node.name);
  const isNormalized = users.length === 1 && users[0].op === 'batchNormalization';
  return node.bias === false && isNormalized ? users[0].name : undefined;
}

const channelsOf = (names: readonly string[], { shapes }: Wiring) =>
  names.reduce((sum, name) => sum + shapes.get(name)![1], 0);

/** The site that all of a site's layers go back to: the earliest that they meet. */
function findPrevious(
  site: Site,
  graph: Graph,
  { nodes }: Wiring,
  sites: ReadonlySet<string>,
): string | undefined {
  const order = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  const met = [...new Set(site.units.map(({ node }) => node))].map((made) => {
    let name = nodeInputs(nodes.get(made)!)[0];
    while (!sites.has(name) && nodes.has(name)) name = nodeInputs(nodes.get(name)!)[0];
    return name;
  });
  const first = met.reduce((a, b) =>
    (order.get(b) ?? -1) < (order.get(a) ?? -1) ? b : a,
  );
  return sites.has(first) ? first : undefined;
}
