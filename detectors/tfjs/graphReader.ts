import { DetectorError } from '../errors.js';
import type { GraphNode } from '../graph/types.js';
import type { StoredTensor } from '../weights/storedTensors.js';
import type { GraphDef, GraphDefNode } from './graphDef.js';
import { flatNumbers, type TfjsValues } from './storedValues.js';
import type { Pads } from './tfPadding.js';

/** A graph of TensorFlow's with its constants. */
export interface TfjsGraph {
  nodes: GraphDef;
  values: TfjsValues;
}

/** What a node of TensorFlow's gives, as an activation of ours. */
export interface Value {
  /** The activation; an operation that changes nothing has its input's. */
  name: string;
  /** [batch, height, width, channels] or [batch, channels]. */
  shape: number[];
  /** Whether more than one node reads it, by this name or an earlier one. */
  isShared?: boolean;
  /** Padding that the next operation has to take along. */
  pads?: Pads & { fill: number };
  /** Whether the shape is [batch, channels, height, width]; only flattening follows. */
  isChannelsFirst?: boolean;
  /** [height, width, channels] of the map that was flattened in this order. */
  map?: readonly number[];
}

/** Sizes that an image or a window can have. */
export const isSize = (n: unknown) =>
  Number.isInteger(n) && (n as number) > 0 && (n as number) <= 1e6;

/**
 * So many numbers of biases and scales are applied in all: a network has some ten
 * thousand, and a file that repeats one long list could ask for more than ever ends.
 */
const MAX_CHANNEL_NUMBERS = 2 ** 21;

/** What has been read of a graph so far, and how its nodes find their inputs in it. */
export class GraphReader {
  protected readonly nodes: GraphNode[] = [];
  /** What each node gives, by its name. */
  protected readonly given = new Map<string, Value>();
  protected readonly constants = new Map<string, StoredTensor>();
  protected readonly integers = new Map<string, number[]>();
  /** How many have been asked for. */
  #channelNumbers = 0;
  /** How many nodes read a node. */
  readonly #readers = new Map<string, number>();
  /** Activations without negative numbers. */
  protected readonly notNegative = new Set<string>();

  constructor(
    nodes: readonly GraphDefNode[],
    private readonly source: string,
  ) {
    for (const { op, input } of nodes) {
      // A shape stays what it is, whatever happens to the numbers.
      for (const name of op === 'Shape' ? [] : input) {
        this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
      }
    }
  }

  /** A value under a name of its own, negative where its input is. */
  protected keep(input: Value, name: string, shape = input.shape): Value {
    if (this.notNegative.has(input.name)) this.notNegative.add(name);
    return { name, shape };
  }

  protected value(node: GraphDefNode, index: number): Value {
    const name = node.input[index] ?? '';
    const value = this.given.get(name);
    const isShared = value?.isShared === true || this.#readers.get(name)! > 1;
    if (value) return { ...value, isShared };
    throw this.cannot(node, `of "${name.slice(0, 100)}", which is no activation`);
  }

  /** A value without padding around it, nor, but where it may be, a flattened map. */
  protected plain(node: GraphDefNode, mayBeFlat = false, index = 0): Value {
    const value = this.value(node, index);
    if (value.pads) throw this.cannot(node, 'over padding');
    if (value.isChannelsFirst) throw this.cannot(node, 'of channels first');
    if (value.map && !mayBeFlat) throw this.cannot(node, 'of a flattened map');
    return value;
  }

  protected parameter(node: GraphDefNode, index: number): StoredTensor {
    const name = node.input[index] ?? '';
    const tensor = this.constants.get(name);
    if (tensor) return tensor;
    throw this.cannot(node, `whose parameter "${name.slice(0, 100)}" is no constant`);
  }

  /** A constant's numbers, one for each channel of a value. */
  protected channelNumbers(
    node: GraphDefNode,
    index: number,
    value: Value,
  ): Float64Array {
    const tensor = this.parameter(node, index);
    const channels = value.shape[value.shape.length - 1];
    this.#channelNumbers += channels;
    if (!(this.#channelNumbers <= MAX_CHANNEL_NUMBERS)) {
      throw this.cannot(node, `after more than ${MAX_CHANNEL_NUMBERS} such constants`);
    }
    const numbers = flatNumbers(tensor, channels);
    if (numbers) return numbers;
    throw this.cannot(
      node,
      `of ${channels} channels with constants of [${tensor.shape.join(', ')}]`,
    );
  }

  protected checkLayout(node: GraphDefNode, { shape, isChannelsFirst }: Value): void {
    const layout = node.text('data_format', 'NHWC');
    if (layout !== 'NHWC') {
      throw this.cannot(
        node,
        `in the layout ${layout.slice(0, 20)}; convert a model with channels last`,
      );
    }
    if (shape.length !== 4 || isChannelsFirst)
      throw this.cannot(node, `of [${shape.join(', ')}]`);
  }

  protected stride(node: GraphDefNode): number {
    const [, stride, width] = node.integers('strides');
    if (!isSize(stride) || stride !== width)
      throw this.cannot(node, 'with two strides');
    return stride;
  }

  protected mismatch(problem: string): DetectorError {
    return new DetectorError('WEIGHTS_MISMATCH', `${this.source}: ${problem}`);
  }

  protected cannot(node: GraphDefNode, how: string): DetectorError {
    return this.mismatch(
      `node "${node.name.slice(0, 100)}": no network here has the operator ${node.op.slice(0, 100)} ${how}`,
    );
  }
}
