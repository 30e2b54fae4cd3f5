import { invalid, isObject, member } from './parseModel.js';
import type { TfjsNode } from './model.js';

/**
 * A node of TensorFlow's graph with its attributes as values. In JSON whole numbers may
 * be texts, and texts are base64.
 */
export class GraphDefNode {
  readonly name: string;
  readonly op: string;
  /** Names of the values that it reads, without those that only give an order. */
  readonly input: readonly string[];

  constructor(private readonly node: TfjsNode) {
    this.name = node.name;
    this.op = node.op;
    this.input = (node.input ?? [])
      .filter((name) => !name.startsWith('^'))
      .map((name) => name.replace(/:0$/, ''));
  }

  #attribute(name: string, kind: string): unknown {
    return member(member(this.node.attr, name), kind);
  }

  has(name: string): boolean {
    return member(this.node.attr, name) !== undefined;
  }

  integer(name: string, otherwise: number): number {
    return this.has(name) ? Number(this.#attribute(name, 'i') ?? 0) : otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.has(name) ? Number(this.#attribute(name, 'f') ?? 0) : otherwise;
  }

  /** Protocol buffers leave out what is false. */
  boolean(name: string): boolean {
    return this.#attribute(name, 'b') === true;
  }

  text(name: string, otherwise: string): string {
    return decode(this.#attribute(name, 's')) ?? otherwise;
  }

  integers(name: string): number[] {
    const list = member(this.#attribute(name, 'list'), 'i');
    return Array.isArray(list) ? list.map(Number) : [];
  }

  texts(name: string): string[] {
    const list = member(this.#attribute(name, 'list'), 's');
    return Array.isArray(list) ? list.map((text) => decode(text) ?? '') : [];
  }

  /** Sizes of a shape, −1 where they are open; undefined when nothing is said. */
  shape(name: string): number[] | undefined {
    const dims = member(this.#attribute(name, 'shape'), 'dim');
    if (!Array.isArray(dims)) return undefined;
    return dims.map((dim) => Number(member(dim, 'size') ?? -1));
  }
}

const decode = (text: unknown): string | undefined =>
  typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined;

/** The nodes that some of them need, by name. */
export type GraphDef = ReadonlyMap<string, GraphDefNode>;

/**
 * The nodes of a graph by name.
 *
 * @throws DetectorError INVALID_WEIGHTS when two have the same
 */
export function graphDef(nodes: readonly TfjsNode[], source: string): GraphDef {
  const graph = new Map<string, GraphDefNode>();
  for (const node of nodes) {
    if (graph.has(node.name)) {
      throw invalid(source, `two nodes are called "${node.name.slice(0, 100)}"`);
    }
    graph.set(node.name, new GraphDefNode({ ...node, attr: attributesOf(node) }));
  }
  return graph;
}

const attributesOf = ({ attr }: TfjsNode): TfjsNode['attr'] =>
  isObject(attr) ? attr : {};

/**
 * What `output` is computed from, each node after those that it reads; nodes stand in
 * any order in the file.
 *
 * @throws DetectorError INVALID_WEIGHTS when a node is missing or reads itself
 */
export function orderedNodes(
  graph: GraphDef,
  output: string,
  source: string,
): GraphDefNode[] {
  const ordered: GraphDefNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  // No recursion: the file says how deep it would go.
  const stack: { name: string; reader: string }[] = [{ name: output, reader: '' }];
  while (stack.length > 0) {
    const { name, reader } = stack[stack.length - 1];
    const node = graph.get(name);
    if (!node) {
      const by = reader ? `node "${reader.slice(0, 100)}" reads` : 'its output is';
      throw invalid(
        source,
        `${by} "${name.slice(0, 100)}", which is no node's first output`,
      );
    }
    if (state.get(name) === 'open') {
      state.set(name, 'done');
      ordered.push(node);
    }
    if (state.get(name) === 'done') {
      stack.pop();
      continue;
    }
    state.set(name, 'open');
    for (const input of node.input) {
      if (state.get(input) === 'open') {
        throw invalid(source, `node "${name.slice(0, 100)}" reads itself`);
      }
      if (!state.has(input)) stack.push({ name: input, reader: name });
    }
  }
  return ordered;
}
