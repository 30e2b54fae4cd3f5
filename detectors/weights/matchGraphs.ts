import { DetectorError } from '../errors.js';
import { activationShapes } from '../graph/activationShapes.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph, GraphNode } from '../graph/types.js';
import { countOf, unpack, type StoredTensor } from './storedTensors.js';
import type { Tensor } from './weights.js';

/** A network from a foreign file, in our node kinds and under its own names. */
export interface ForeignNetwork {
  graph: Graph;
  /** The activation that the file gives as its (first) output. */
  output: string;
  /** Parameters by our rule: `NODE/weight` and so on, NODE being the foreign name. */
  tensors: ReadonlyMap<string, StoredTensor>;
  /** Pools that round their output's size down, with their far padding; ours round up. */
  floorPools: ReadonlyMap<string, number>;
}

export interface MatchOptions {
  /**
   * Let the first convolution pad its image otherwise, as long as the output's size is
   * the same: told what differs, in words. @default that is a difference
   */
  onOtherPadding?: (difference: string) => void;
}

/** Differences of settings up to this are those of single precision. */
const TOLERANCE = 1e-5;
const DEFAULT_SIZE = [224, 224] as const;

/**
 * Finds the parameters of `ours` in a foreign network by wiring: both graphs are
 * walked from their outputs to their inputs side by side, and every operator, every
 * setting, every order of inputs and every shape must agree; names play no part.
 * Dropout and flattening are passed over, and a softmax that the file lacks at the
 * end. A foreign convolution with a bias stands for ours with batch normalisation,
 * into which exporters fold it.
 *
 * @returns the weights of `ours`; biases that the file leaves out are zeros
 * @throws DetectorError WEIGHTS_MISMATCH at the first difference
 */
export function matchGraphs(
  foreign: ForeignNetwork,
  ours: Graph,
  source: string,
  options: MatchOptions = {},
): Map<string, Tensor> {
  const matcher = new Matcher(foreign, ours, source, options);
  matcher.matchOutputs();
  const tensors = matcher.tensors();
  if (matcher.otherPadding) options.onOtherPadding?.(matcher.otherPadding);
  return tensors;
}

class Matcher {
  readonly #ours: ReadonlyMap<string, GraphNode>;
  readonly #foreign: ReadonlyMap<string, GraphNode>;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  /** Foreign names by ours, for all activations that have been compared. */
  readonly #pairs = new Map<string, string>();
  /** How the first convolution's padding differs, if it does. */
  otherPadding?: string;

  constructor(
    private readonly foreign: ForeignNetwork,
    private readonly graph: Graph,
    private readonly source: string,
    private readonly options: MatchOptions,
  ) {
    this.#ours = new Map(graph.nodes.map((node) => [node.name, node]));
    this.#foreign = new Map(foreign.graph.nodes.map((node) => [node.name, node]));
    const size = foreign.graph.inputSize ?? graph.inputSize ?? DEFAULT_SIZE;
    this.#shapes = activationShapes(graph, size);
  }

  matchOutputs(): void {
    const last = this.graph.nodes.at(-1)!;
    const output = this.#foreign.get(this.foreign.output);
    const isWithoutSoftmax = last.op === 'softmax' && output?.op !== 'softmax';
    this.#match(isWithoutSoftmax ? last.input : last.name, this.foreign.output);
  }

  /** That two activations are the same function of their networks' inputs. */
  #match(ourName: string, foreignName: string): void {
    const our = this.#passOver(this.#ours, ourName);
    const their = this.#passOver(this.#foreign, foreignName);
    const known = this.#pairs.get(our);
    if (known !== undefined) {
      if (known !== their) throw this.#differs(our, their, `that is "${known}"`);
      return;
    }
    this.#pairs.set(our, their);
    const ourNode = this.#ours.get(our);
    const theirNode = this.#foreign.get(their);
    if (!ourNode || !theirNode) {
      if (our === this.graph.input && their === this.foreign.graph.input) return;
      throw this.#differs(our, their, 'one of them is the input');
    }
    if (ourNode.op === 'batchNormalization' && theirNode.op === 'convolution') {
      // Folded: the convolution before ours is the same, the bias is the rest.
      this.#match(ourNode.input, their);
      return;
    }
    this.#compare(ourNode, theirNode);
    if (ourNode.op === 'concat' && theirNode.op === 'concat') {
      if (ourNode.inputs.length !== theirNode.inputs.length) {
        throw this.#differs(our, their, `of ${theirNode.inputs.length} inputs`);
      }
      ourNode.inputs.forEach((input, i) => this.#match(input, theirNode.inputs[i]));
    } else if ('input' in ourNode && 'input' in theirNode) {
      this.#match(ourNode.input, theirNode.input);
    }
  }

  #passOver(nodes: ReadonlyMap<string, GraphNode>, name: string): string {
    for (let node = nodes.get(name); node; node = nodes.get(name)) {
      if (node.op !== 'dropout' && node.op !== 'flatten') return name;
      name = node.input;
    }
    return name;
  }

  /** That the operators are the same with the same settings. */
  #compare(ours: GraphNode, theirs: GraphNode): void {
    const differs = (how: string) => this.#differs(ours.name, theirs.name, how);
    if (ours.op === 'globalAveragePool' && theirs.op === 'averagePool') {
      const [, , height, width] = this.#shapes.get(ours.input)!;
      const { size, pad = 0 } = theirs;
      if (size === height && size === width && pad === 0) return;
      throw differs(`over ${size}×${size} of ${height}×${width}`);
    }
    if (ours.op !== theirs.op) throw differs(`a ${theirs.op} and no ${ours.op}`);
    const our = settings(ours);
    const their = this.#alikePadding(ours, theirs) ? our : settings(theirs);
    for (const key of Object.keys(our)) {
      const gap = Math.abs(our[key] - their[key]);
      if (!(gap <= TOLERANCE * Math.abs(our[key]))) {
        throw differs(`its ${key} is ${their[key]}, not ${our[key]}`);
      }
    }
    const far = this.foreign.floorPools.get(theirs.name);
    if (far !== undefined) this.#checkRounding(ours, theirs, far);
  }

  /** Whether two convolutions of the image differ in their padding alone, and may. */
  #alikePadding(ours: GraphNode, theirs: GraphNode): boolean {
    if (
      !this.options.onOtherPadding ||
      ours.op !== 'convolution' ||
      theirs.op !== 'convolution'
    ) {
      return false;
    }
    const [our, their] = [settings(ours), settings(theirs)];
    const isOther = our.pad !== their.pad || our.farPad !== their.farPad;
    const isSame = ['outputs', 'size', 'stride', 'groups'].every(
      (key) => our[key] === their[key],
    );
    const sides = this.#shapes.get(ours.input)!.slice(2);
    const results = this.#shapes.get(ours.name)!.slice(2);
    const { pad, farPad, size, stride } = their;
    const isSized = sides.every(
      (side, i) => Math.floor((side + pad + farPad - size) / stride) + 1 === results[i],
    );
    if (ours.input !== this.graph.input || !isOther || !isSame || !isSized)
      return false;
    this.otherPadding = `its first convolution, "${theirs.name.slice(0, 100)}", pads the image with ${pad} before and ${farPad} behind, where "${ours.name}" of "${this.graph.name}" has ${our.pad} and ${our.farPad}: it saw photos ${Math.abs(pad - our.pad)} px off from where they are seen here`;
    return true;
  }

  /** That a pool which rounds down gives what ours gives at the file's size. */
  #checkRounding(ours: GraphNode, theirs: GraphNode, far: number): void {
    if (ours.op !== 'maxPool' && ours.op !== 'averagePool') return;
    const { size, stride, pad = 0 } = ours;
    const [, , ...sides] = this.#shapes.get(ours.input)!;
    const [, , ...results] = this.#shapes.get(ours.name)!;
    const isSame = sides.every(
      (side, i) => Math.floor((side + pad + far - size) / stride) + 1 === results[i],
    );
    if (!isSame) throw this.#differs(ours.name, theirs.name, 'it rounds its size down');
  }

  #differs(ours: string, theirs: string, how: string): DetectorError {
    return new DetectorError(
      'WEIGHTS_MISMATCH',
      `${this.source}: this is not the network "${this.graph.name}": where that has "${ours}", the file has "${theirs.slice(0, 100)}": ${how}`,
    );
  }

  tensors(): Map<string, Tensor> {
    const tensors = new Map<string, Tensor>();
    const folded = new Map<string, string>();
    for (const node of this.graph.nodes) {
      const theirs = this.#pairs.get(node.name) ?? '';
      if (
        node.op === 'batchNormalization' &&
        this.#foreign.get(theirs)?.op === 'convolution'
      ) {
        folded.set(node.name, theirs);
      }
    }
    const foldedConvolutions = new Set(folded.values());
    for (const [name, shape] of parameterShapes(this.graph)) {
      const slash = name.lastIndexOf('/');
      const node = name.slice(0, slash);
      const parameter = name.slice(slash + 1);
      const theirs = this.#pairs.get(node);
      const convolution = folded.get(node);
      const stored =
        convolution === undefined
          ? this.foreign.tensors.get(`${theirs}/${parameter}`)
          : parameter === 'bias'
            ? this.foreign.tensors.get(`${convolution}/bias`)
            : undefined;
      if (stored) {
        tensors.set(name, this.#checked(stored, name, shape));
      } else if (convolution !== undefined || parameter === 'bias') {
        const data = new Float32Array(countOf(shape));
        tensors.set(name, { shape, data: data.fill(this.#filler(node, parameter)) });
      } else {
        throw this.#differs(node, theirs ?? '', `it has no ${parameter}`);
      }
    }
    this.#refuseLeftOver(foldedConvolutions);
    return tensors;
  }

  /** Normalisation that changes nothing: (x − 0) / √(1 − ε + ε) · 1. */
  #filler(name: string, parameter: string): number {
    const node = this.#ours.get(name);
    if (node?.op !== 'batchNormalization') return 0;
    if (parameter === 'variance') return 1 - node.epsilon;
    return parameter === 'weight' ? 1 : 0;
  }

  #checked(stored: StoredTensor, name: string, shape: readonly number[]): Tensor {
    if (stored.shape.join() !== shape.join()) {
      throw new DetectorError(
        'WEIGHTS_MISMATCH',
        `${this.source}: "${name}" is [${stored.shape.join(', ')}], the network has [${shape.join(', ')}]`,
      );
    }
    return unpack(stored);
  }

  /** A bias of the file where ours has none would be lost. */
  #refuseLeftOver(folded: ReadonlySet<string>): void {
    for (const node of this.graph.nodes) {
      if (node.op !== 'convolution' || node.bias !== false) continue;
      const theirs = this.#pairs.get(node.name) ?? '';
      if (this.foreign.tensors.has(`${theirs}/bias`) && !folded.has(theirs)) {
        throw this.#differs(node.name, theirs, 'it has a bias');
      }
    }
  }
}

/** What must be equal in two nodes of a kind, beside their inputs and parameters. */
function settings(node: GraphNode): Record<string, number> {
  switch (node.op) {
    case 'convolution': {
      const { outputs, size, stride = 1, pad = 0, farPad = pad, groups = 1 } = node;
      return { outputs, size, stride, pad, farPad, groups };
    }
    case 'maxPool':
    case 'averagePool': {
      const { size, stride, pad = 0 } = node;
      return { size, stride, pad };
    }
    case 'localResponseNormalization': {
      const { size, alpha, beta, k } = node;
      return { size, alpha, beta, k };
    }
    case 'batchNormalization':
      return { epsilon: node.epsilon };
    case 'linear':
      return { outputs: node.outputs };
    case 'relu':
    case 'concat':
    case 'globalAveragePool':
    case 'softmax':
      return {};
    default:
      throw new DetectorError(
        'WEIGHTS_MISMATCH',
        `networks with a node of kind ${node.op} can't be found by their wiring`,
      );
  }
}
