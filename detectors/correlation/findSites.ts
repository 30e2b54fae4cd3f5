import { nodeInputs } from '../graph/activationShapes.js';
import type { Convolution, Graph, GraphNode } from '../graph/types.js';

/** A channel of an activation: where it is made. */
export interface Unit {
  /** The convolution that makes it. */
  node: string;
  /** Its output there. */
  output: number;
}

/** A convolution or linear layer that reads an activation, and where in its input. */
export interface Consumer {
  node: string;
  /** Input channel of the activation's first unit. */
  offset: number;
  /** Zeros are put round its input, which a constant part of a unit does not reach. */
  isPadded: boolean;
}

/** An activation whose units can be looked at together. */
export interface Site {
  /** Name of the activation. */
  name: string;
  units: Unit[];
  /** The site that its convolutions read from in the end; undefined at the input. */
  previous?: string;
  /** What reads it. */
  consumers: Consumer[];
  /** Why units of it cannot be merged; undefined when they can. */
  fixed?: string;
}

/** A convolution in which every output reads every input, and has a bias to take up constants. */
const isPlain = ({ groups = 1, connections, bias = true }: Convolution) =>
  groups === 1 && !connections && bias;

/** What a channel passes through unchanged but for its place, or by a rising function. */
const TRANSPARENT: ReadonlySet<GraphNode['op']> = new Set([
  'dropout',
  'maxPool',
  'averagePool',
  'globalAveragePool',
  'spaceToBatch',
  'batchToSpace',
]);

/**
 * The activations of a network that hold the units of a layer: rectified outputs of
 * convolutions, and concatenations of them (whose parts are not listed again), in
 * the graph's order. A unit made by a linear layer is not looked at.
 */
export function findSites(graph: Graph): Site[] {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of nodeInputs(node)) {
      readers.set(input, [...(readers.get(input) ?? []), node]);
    }
  }
  const sites: Site[] = [];
  for (const node of graph.nodes) {
    const units = unitsOf(node, nodes);
    if (!units) continue;
    const users = readers.get(node.name) ?? [];
    // The parts of a concatenation are looked at as the whole.
    if (users.length > 0 && users.every(({ op }) => op === 'concat')) continue;
    const { consumers, fixed } = findConsumers(node.name, units.length, readers, nodes);
    const problem =
      fixed ?? sharedPart(node, nodes, readers) ?? groupedPart(units, nodes);
    sites.push({ name: node.name, units, consumers, fixed: problem });
  }
  const names = new Set(sites.map(({ name }) => name));
  for (const site of sites) site.previous = findPrevious(site, graph, nodes, names);
  return sites;
}

/** Units of a rectified convolution or of a concatenation of such; else undefined. */
function unitsOf(
  node: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
): Unit[] | undefined {
  if (node.op === 'concat') {
    const parts = node.inputs.map((name) => {
      const part = nodes.get(name);
      return part && unitsOf(part, nodes);
    });
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  if (node.op !== 'relu') return undefined;
  const made = nodes.get(node.input);
  if (made?.op !== 'convolution') return undefined;
  return Array.from({ length: made.outputs }, (_, output) => ({
    node: made.name,
    output,
  }));
}

/** Says which part of a site something else reads too, past the site. */
function sharedPart(
  node: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
  readers: ReadonlyMap<string, GraphNode[]>,
): string | undefined {
  for (const input of nodeInputs(node)) {
    const part = nodes.get(input);
    if (!part) continue;
    if ((readers.get(input) ?? []).length > 1)
      return `"${input}" is read elsewhere too`;
    const deeper =
      part.op === 'convolution' ? undefined : sharedPart(part, nodes, readers);
    if (deeper) return deeper;
  }
  return undefined;
}

/** Says which of a site's convolutions must keep all its outputs. */
function groupedPart(
  units: readonly Unit[],
  nodes: ReadonlyMap<string, GraphNode>,
): string | undefined {
  const odd = units.find(({ node: name }) => {
    const node = nodes.get(name);
    return node?.op === 'convolution' && ((node.groups ?? 1) > 1 || node.connections);
  });
  return odd && `"${odd.node}" has groups or a connection table`;
}

/** Follows an activation to the weights that read it. */
function findConsumers(
  start: string,
  units: number,
  readers: ReadonlyMap<string, GraphNode[]>,
  nodes: ReadonlyMap<string, GraphNode>,
): { consumers: Consumer[]; fixed?: string } {
  const consumers: Consumer[] = [];
  let fixed: string | undefined;
  const follow = (name: string, offset: number, isPadded: boolean): void => {
    const users = readers.get(name) ?? [];
    if (users.length === 0) fixed ??= `"${name}" is an output of the network`;
    for (const user of users) {
      if (user.op === 'convolution' && isPlain(user)) {
        const pads = isPadded || (user.pad ?? 0) > 0;
        consumers.push({ node: user.name, offset, isPadded: pads });
      } else if (user.op === 'linear') {
        consumers.push({ node: user.name, offset, isPadded });
      } else if (user.op === 'concat') {
        follow(user.name, offset + before(user, name), isPadded);
      } else if (TRANSPARENT.has(user.op)) {
        // `like` of batchToSpace gives a size, no numbers.
        if (user.op === 'batchToSpace' && user.input !== name) continue;
        const pads =
          user.op === 'spaceToBatch' ||
          (user.op === 'averagePool' && (user.pad ?? 0) > 0);
        follow(user.name, offset, isPadded || pads);
      } else {
        fixed ??= `${user.op} "${user.name}" mixes its channels or needs them in their places`;
      }
    }
  };
  /** Channels of a concatenation before one of its parts. */
  const before = (concat: Extract<GraphNode, { op: 'concat' }>, part: string) =>
    concat.inputs
      .slice(0, concat.inputs.indexOf(part))
      .reduce((sum, name) => sum + unitsOf(nodes.get(name)!, nodes)!.length, 0);
  follow(start, 0, false);
  return { consumers, fixed: units < 2 ? 'it has one unit' : fixed };
}

/** The site that all of a site's convolutions go back to: the earliest that they meet. */
function findPrevious(
  site: Site,
  graph: Graph,
  nodes: ReadonlyMap<string, GraphNode>,
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
