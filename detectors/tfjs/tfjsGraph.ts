import { DetectorError } from '../errors.js';
import type { Graph, GraphNode } from '../graph/types.js';
import type { ForeignNetwork } from '../weights/matchGraphs.js';
import { countOf, type StoredTensor } from '../weights/storedTensors.js';
import { orderedNodes, type GraphDef, type GraphDefNode } from './graphDef.js';
import { filters, matrix, scaledOutputs } from './parameters.js';
import { shapeNumbers } from './shapeNumbers.js';
import { flatNumbers, type TfjsValues } from './storedValues.js';
import { padsOf, sidesAfter, type Pads } from './tfPadding.js';

/** A graph of TensorFlow's with its constants. */
export interface TfjsGraph {
  nodes: GraphDef;
  values: TfjsValues;
}

/** What a model computes from its input before the network begins: x · scale + offset. */
export interface InputScaling {
  scale: number;
  /** For each channel, or for all. */
  offset: readonly number[];
}

export interface TfjsNetwork extends ForeignNetwork {
  scaling?: InputScaling;
}

/** What a node of TensorFlow's gives, as an activation of ours. */
interface Value {
  /** The activation; an operation that changes nothing has its input's. */
  name: string;
  /** [batch, height, width, channels] or [batch, channels]. */
  shape: number[];
  /** Whether more than one node reads it, by this name or an earlier one. */
  isShared?: boolean;
  /** Padding that the next operation has to take along. */
  pads?: Pads & { fill: number };
  /** [height, width, channels] of the map that was flattened in this order. */
  map?: readonly number[];
}

/** Fills under this are lower than everything. */
const LOWEST = -1e30;
/** Operations that change nothing at inference. */
const IDENTITIES = new Set(['Identity', 'StopGradient', 'PreventGradient', 'Snapshot']);

/**
 * A graph of TensorFlow's as a graph of our node kinds, its parameters in our layout and
 * under the names of those nodes. What TensorFlow says in several ways is levelled:
 * biases and scales join their convolution, fused operations come apart, padding ahead
 * of an operation becomes its own, the mean over a whole map is `globalAveragePool`, a
 * 1×1 convolution of a single cell is `linear`, and flattening reorders the rows of what
 * follows. "Same" padding is worked out at the input's size, so it may be uneven.
 *
 * @param output name of the node that the network ends with
 * @param like the network that it is compared with: its size stands for an open one
 * @throws DetectorError WEIGHTS_MISMATCH at operators and settings that no network of
 *   ours has; INVALID_WEIGHTS when the graph is unsound
 */
export function tfjsGraph(
  graph: TfjsGraph,
  output: string,
  like: Graph,
  source: string,
): TfjsNetwork {
  const nodes = orderedNodes(graph.nodes, output, source);
  const converter = new Converter(graph, nodes, like, source);
  for (const node of nodes) converter.add(node);
  return converter.result(output);
}

class Converter {
  readonly #nodes: GraphNode[] = [];
  readonly #tensors = new Map<string, StoredTensor>();
  readonly #floorPools = new Map<string, number>();
  /** What each node gives, by its name. */
  readonly #given = new Map<string, Value>();
  readonly #constants = new Map<string, StoredTensor>();
  readonly #integers = new Map<string, number[]>();
  /** What is done to the outputs of convolutions and matrix products: y · factor + offset. */
  readonly #outputs = new Map<
    string,
    { factor?: Float64Array; offset?: Float64Array }
  >();
  /** How many nodes read a node. */
  readonly #readers = new Map<string, number>();
  /** Activations without negative numbers. */
  readonly #notNegative = new Set<string>();
  #input?: { name: string; shape: number[] };
  #scaling?: InputScaling;

  constructor(
    private readonly graph: TfjsGraph,
    nodes: readonly GraphDefNode[],
    private readonly like: Graph,
    private readonly source: string,
  ) {
    for (const { input } of nodes) {
      for (const name of input) {
        this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
      }
    }
  }

  result(output: string): TfjsNetwork {
    const value = this.#given.get(output);
    if (!this.#input || !value || value.map || value.pads) {
      throw this.#mismatch(
        `what it gives, "${output.slice(0, 100)}", is no classifier's answer to an image`,
      );
    }
    for (const [product, { factor, offset }] of this.#outputs) {
      const weight = this.#tensors.get(`${product}/weight`)!;
      if (factor) this.#tensors.set(`${product}/weight`, scaledOutputs(weight, factor));
      if (offset) this.#tensors.set(`${product}/bias`, stored(offset));
    }
    const { name, shape } = this.#input;
    const [, height, width, inputChannels] = shape;
    const inputSize = [height, width] as const;
    return {
      graph: {
        name: 'tfjs',
        input: name,
        inputChannels,
        inputSize,
        nodes: this.#nodes,
      },
      output: value.name,
      tensors: this.#tensors,
      floorPools: this.#floorPools,
      scaling: this.#scaling,
    };
  }

  add(node: GraphDefNode): void {
    const { name } = node;
    if (node.op === 'Const') return this.#constant(name);
    const [first = ''] = node.input;
    if (IDENTITIES.has(node.op) && !this.#given.has(first)) return this.#repeat(node);
    const numbers = shapeNumbers(
      node,
      (input) => this.#integers.get(input),
      (input) => {
        const { shape, pads } = this.#given.get(input) ?? {};
        return pads ? undefined : shape;
      },
    );
    if (numbers) this.#integers.set(name, numbers);
    else this.#given.set(name, this.#convert(node));
  }

  #constant(name: string): void {
    const tensor = this.graph.values.tensors.get(name);
    const integers = this.graph.values.integers.get(name);
    if (tensor) this.#constants.set(name, tensor);
    if (integers) this.#integers.set(name, integers);
  }

  /** A constant that was a variable before it was frozen. */
  #repeat(node: GraphDefNode): void {
    const [input = ''] = node.input;
    const tensor = this.#constants.get(input);
    const integers = this.#integers.get(input);
    if (tensor) this.#constants.set(node.name, tensor);
    else if (integers) this.#integers.set(node.name, integers);
    else throw this.#cannot(node, 'of nothing that it has numbers for');
  }

  #convert(node: GraphDefNode): Value {
    const { name, op } = node;
    if (IDENTITIES.has(op)) return this.#value(node, 0);
    switch (op) {
      case 'Placeholder':
        return this.#placeholder(node);
      case 'Conv2D':
      case '_FusedConv2D':
      case 'FusedConv2D':
        return this.#fused(node, this.#convolution(node));
      case 'MatMul':
      case '_FusedMatMul':
        return this.#fused(node, this.#product(node));
      case 'BiasAdd':
      case 'Add':
      case 'AddV2':
      case 'Sub':
      case 'Mul':
      case 'RealDiv':
        return this.#arithmetic(node);
      case 'FusedBatchNorm':
      case 'FusedBatchNormV2':
      case 'FusedBatchNormV3': {
        if (node.boolean('is_training')) throw this.#cannot(node, 'in training');
        return this.#normalize(node, name, this.#plain(node), 1);
      }
      case 'Relu':
        return this.#rectify(name, this.#plain(node, true));
      case 'MaxPool':
      case 'AvgPool':
        return this.#pool(node);
      case 'Mean':
        return this.#mean(node);
      case 'LRN': {
        const input = this.#plain(node);
        const size = 2 * node.integer('depth_radius', 5) + 1;
        this.#nodes.push({
          op: 'localResponseNormalization',
          name,
          input: input.name,
          size,
          // Ours is divided by the size.
          alpha: node.float('alpha', 1) * size,
          beta: node.float('beta', 0.5),
          k: node.float('bias', 1),
        });
        return this.#keep(input, name);
      }
      case 'ConcatV2':
        return this.#concat(node);
      case 'Pad':
      case 'PadV2':
        return this.#pad(node);
      case 'Squeeze':
      case 'Reshape':
        return this.#reshape(node);
      case 'Softmax': {
        const input = this.#plain(node);
        this.#nodes.push({ op: 'softmax', name, input: input.name });
        return { name, shape: input.shape };
      }
      default:
        throw this.#cannot(node, 'at all');
    }
  }

  #placeholder(node: GraphDefNode): Value {
    const { inputChannels, inputSize = [NaN, NaN] } = this.like;
    const defaults = [1, ...inputSize, inputChannels];
    const said = node.shape('shape') ?? defaults;
    const shape = said.map((n, i) => (n < 0 ? defaults[i] : n));
    if (this.#input || shape.length !== 4 || !shape.every(isSize)) {
      throw this.#mismatch(
        `"${node.name.slice(0, 100)}" [${said.slice(0, 9).join(', ')}] is no image, or not the only input; one, [batch, height, width, channels], is needed`,
      );
    }
    this.#input = { name: node.name, shape };
    return { name: node.name, shape };
  }

  #convolution(node: GraphDefNode): Value {
    const input = this.#value(node, 0);
    const weight = this.#parameter(node, 1);
    const [size, width, inputs, outputs] = weight.shape;
    const [batch, height, , channels] = input.shape;
    this.#checkLayout(node, input);
    if (weight.shape.length !== 4 || size !== width || channels % inputs !== 0) {
      throw this.#cannot(node, `with filters of [${weight.shape.join(', ')}]`);
    }
    if (node.integers('dilations').some((n) => n !== 1)) {
      throw this.#cannot(node, 'with dilation');
    }
    const stride = this.#stride(node);
    const pads = padsOf(node, input, size, stride);
    const { near, far } = pads ?? {};
    if (!pads || near === undefined || far === undefined || pads.fill !== 0) {
      throw this.#cannot(node, `padded ${node.text('padding', 'by nothing')}`);
    }
    const { name } = node;
    const isCell = countOf(input.shape.slice(1, 3)) === 1 && size === 1;
    if (isCell && channels === inputs) {
      const shape = [inputs, outputs];
      return this.#linear(name, input, { ...weight, shape }, [batch, 1, 1, outputs]);
    }
    this.#tensors.set(`${name}/weight`, filters(weight));
    this.#outputs.set(name, {});
    this.#nodes.push({
      ...{ op: 'convolution', name, input: input.name, outputs, size, stride },
      ...{ pad: near, farPad: far, groups: channels / inputs, bias: false },
    });
    const sides = sidesAfter([height, input.shape[2]], size, stride, pads);
    return { name, shape: [batch, ...sides, outputs] };
  }

  #product(node: GraphDefNode): Value {
    const input = this.#plain(node, true);
    const weight = this.#parameter(node, 1);
    const isTransposed = node.boolean('transpose_b');
    const [inputs, outputs] = isTransposed ? [...weight.shape].reverse() : weight.shape;
    const [batch, width] = input.shape;
    const isPlain = weight.shape.length === 2 && input.shape.length === 2;
    if (!isPlain || width !== inputs || node.boolean('transpose_a')) {
      throw this.#cannot(
        node,
        `of [${input.shape.join(', ')}] and [${weight.shape.join(', ')}]`,
      );
    }
    return this.#linear(node.name, input, weight, [batch, outputs], isTransposed);
  }

  #linear(
    name: string,
    input: Value,
    weight: StoredTensor,
    shape: number[],
    isTransposed = false,
  ): Value {
    this.#tensors.set(`${name}/weight`, matrix(weight, isTransposed, input.map));
    this.#outputs.set(name, {});
    const outputs = shape[shape.length - 1];
    this.#nodes.push({ op: 'linear', name, input: input.name, outputs });
    return { name, shape };
  }

  /** What a fused operation does after its product, with its further inputs. */
  #fused(node: GraphDefNode, product: Value): Value {
    let value = product;
    let next = 2;
    for (const op of node.texts('fused_ops')) {
      if (op === 'BiasAdd') {
        this.#shift(node, value, this.#channelNumbers(node, next++, value));
      } else if (op === 'FusedBatchNorm') {
        value = this.#normalize(node, `${node.name}#normalized`, value, next);
        next += 4;
      } else if (op === 'Relu') value = this.#rectify(`${node.name}#relu`, value);
      else throw this.#cannot(node, `with ${op.slice(0, 40)}`);
    }
    return value;
  }

  #normalize(node: GraphDefNode, name: string, input: Value, first: number): Value {
    this.#checkLayout(node, input);
    ['weight', 'bias', 'mean', 'variance'].forEach((parameter, i) =>
      this.#tensors.set(`${name}/${parameter}`, this.#parameter(node, first + i)),
    );
    const epsilon = node.float('epsilon', 1e-4);
    this.#nodes.push({ op: 'batchNormalization', name, input: input.name, epsilon });
    return { name, shape: input.shape };
  }

  #rectify(name: string, input: Value): Value {
    this.#nodes.push({ op: 'relu', name, input: input.name });
    this.#notNegative.add(name);
    return { ...input, name, isShared: false };
  }

  /** Adding and multiplying by constants: a bias, a folded scale, or the input's scaling. */
  #arithmetic(node: GraphDefNode): Value {
    const constant = node.input.findIndex((name) => this.#constants.has(name));
    const isTurned = constant === 0 && (node.op === 'Sub' || node.op === 'RealDiv');
    if (constant < 0 || isTurned) throw this.#cannot(node, 'of two activations');
    const value = this.#value(node, 1 - constant);
    if (value.pads || value.map) throw this.#cannot(node, 'there');
    const numbers = this.#channelNumbers(node, constant, value);
    const isProduct = node.op === 'Mul' || node.op === 'RealDiv';
    const changed =
      node.op === 'Sub'
        ? numbers.map((x) => -x)
        : node.op === 'RealDiv'
          ? numbers.map((x) => 1 / x)
          : numbers;
    // A value that others read too would change for them.
    if (value.isShared) {
      throw this.#cannot(node, 'of what other nodes read too');
    }
    if (value.name === this.#input?.name) this.#scale(node, changed, isProduct);
    else if (isProduct) this.#stretch(node, value, changed);
    else this.#shift(node, value, changed);
    return value;
  }

  #scale(node: GraphDefNode, numbers: Float64Array, isProduct: boolean): void {
    const { scale, offset } = this.#scaling ?? { scale: 1, offset: [0] };
    const [factor] = numbers;
    if (!isProduct) {
      const sum = Array.from(numbers, (x, i) => x + (offset[i] ?? offset[0]));
      this.#scaling = { scale, offset: sum };
    } else if (numbers.every((x) => x === factor)) {
      const products = offset.map((x) => x * factor);
      this.#scaling = { scale: scale * factor, offset: products };
    } else throw this.#cannot(node, 'of the input with a scale for each channel');
  }

  #shift(node: GraphDefNode, value: Value, numbers: Float64Array): void {
    const product = this.#productOf(node, value);
    const { offset } = product;
    product.offset = offset ? offset.map((x, i) => x + numbers[i]) : numbers;
  }

  #stretch(node: GraphDefNode, value: Value, numbers: Float64Array): void {
    const product = this.#productOf(node, value);
    const times = (some?: Float64Array) => some?.map((x, i) => x * numbers[i]);
    product.factor = times(product.factor) ?? numbers;
    product.offset = times(product.offset);
  }

  /** The convolution or matrix product that gives a value. */
  #productOf(node: GraphDefNode, { name }: Value) {
    const product = this.#outputs.get(name);
    if (product) return product;
    throw this.#cannot(node, 'with constants that are no bias');
  }

  #pool(node: GraphDefNode): Value {
    const input = this.#value(node, 0);
    this.#checkLayout(node, input);
    const [, size, width] = node.integers('ksize');
    if (!isSize(size) || size !== width) throw this.#cannot(node, 'not square');
    const stride = this.#stride(node);
    const [batch, height, across, channels] = input.shape;
    const { name } = node;
    const op = node.op === 'MaxPool' ? 'maxPool' : 'averagePool';
    const isSame = node.text('padding', '') === 'SAME';
    const pads = padsOf(node, input, size, stride);
    const { near, far } = pads ?? {};
    if (!pads || near === undefined || far === undefined) {
      throw this.#cannot(node, `padded ${node.text('padding', 'by nothing')}`);
    }
    const isPadded = near > 0 || far > 0;
    if (op === 'maxPool') {
      // Zeros lose against what is never negative, as lower ones do.
      const isLow = isSame || pads.fill < LOWEST;
      const isHarmless = pads.fill === 0 && this.#notNegative.has(input.name);
      if (isPadded && !isLow && !isHarmless) {
        throw this.#cannot(node, `over padding of ${pads.fill}`);
      }
    } else if (isSame ? near > 0 : isPadded && (near !== far || pads.fill !== 0)) {
      throw this.#cannot(node, 'that leaves padding out of the mean');
    }
    const sides = sidesAfter([height, across], size, stride, pads);
    if (op === 'averagePool' && !isPadded && countOf(sides) === 1 && size === height) {
      this.#nodes.push({ op: 'globalAveragePool', name, input: input.name });
    } else {
      this.#floorPools.set(name, far);
      this.#nodes.push({ op, name, input: input.name, size, stride, pad: near });
    }
    return this.#keep(input, name, [batch, ...sides, channels]);
  }

  #mean(node: GraphDefNode): Value {
    const input = this.#plain(node);
    const axes = (this.#integers.get(node.input[1] ?? '') ?? []).map((n) =>
      n < 0 ? n + 4 : n,
    );
    const [batch, , , channels] = input.shape;
    if (input.shape.length !== 4 || axes.sort().join() !== '1,2') {
      throw this.#cannot(node, `over axes [${axes.slice(0, 9).join()}]`);
    }
    const { name } = node;
    this.#nodes.push({ op: 'globalAveragePool', name, input: input.name });
    const isKept = node.boolean('keep_dims');
    return this.#keep(
      input,
      name,
      isKept ? [batch, 1, 1, channels] : [batch, channels],
    );
  }

  #concat(node: GraphDefNode): Value {
    const count = node.input.length - 1;
    const [axis = NaN] = this.#integers.get(node.input[count] ?? '') ?? [];
    const values = Array.from({ length: count }, (_, i) => this.#plain(node, false, i));
    const [first] = values;
    const last = (first?.shape.length ?? 0) - 1;
    if (count < 1 || (axis !== last && axis !== -1)) {
      throw this.#cannot(node, `along axis ${axis}`);
    }
    const channels = values.reduce((sum, { shape }) => sum + shape[last], 0);
    const { name } = node;
    this.#nodes.push({ op: 'concat', name, inputs: values.map((value) => value.name) });
    if (values.every((value) => this.#notNegative.has(value.name))) {
      this.#notNegative.add(name);
    }
    return { name, shape: [...first.shape.slice(0, -1), channels] };
  }

  /** Zeros, or others, around a map: what reads it pads so. */
  #pad(node: GraphDefNode): Value {
    const input = this.#plain(node);
    const around = this.#integers.get(node.input[1] ?? '') ?? [];
    const fill = node.op === 'Pad' ? 0 : flatNumbers(this.#parameter(node, 2), 1)?.[0];
    const [, , top, bottom, left, right] = around;
    const [batch, height, width, channels] = input.shape;
    const others = [...around.slice(0, 2), ...around.slice(6)];
    if (
      around.length !== 8 ||
      !around.every((n) => n >= 0) ||
      others.some((n) => n !== 0) ||
      fill === undefined ||
      input.shape.length !== 4
    ) {
      throw this.#cannot(node, `by [${around.join()}]`);
    }
    const pads = { top, bottom, left, right, fill };
    return { ...input, shape: [batch, height, width, channels], pads };
  }

  /** Reshapes that flatten, or that only add or drop sides of 1. */
  #reshape(node: GraphDefNode): Value {
    const input = this.#plain(node);
    const { name, shape } = input;
    const target = this.#targetShape(node, shape);
    const isFlat = target?.length === 2 && target[0] === shape[0];
    const isCell = target?.length === 4 && countOf(target.slice(1, 3)) === 1;
    if (!target || countOf(target) !== countOf(shape) || !(isFlat || isCell)) {
      throw this.#cannot(
        node,
        `of [${shape.join(', ')}] to [${(target ?? ['?']).join(', ')}]`,
      );
    }
    const isCellBefore = shape.length === 2 || countOf(shape.slice(1, 3)) === 1;
    if (isCellBefore) return { ...input, shape: target };
    if (!isFlat) throw this.#cannot(node, `to [${target.join(', ')}]`);
    this.#nodes.push({ op: 'flatten', name: node.name, input: name });
    const [, ...map] = shape;
    return { ...this.#keep(input, node.name, target), map };
  }

  #targetShape(node: GraphDefNode, shape: readonly number[]): number[] | undefined {
    if (node.op === 'Squeeze') {
      const said = [...node.integers('squeeze_dims'), ...node.integers('axis')];
      const axes = said.map((n) => (n < 0 ? n + shape.length : n));
      const isDropped = (n: number, i: number) =>
        axes.length > 0 ? axes.includes(i) : n === 1 && i > 0;
      return shape.filter((n, i) => !isDropped(n, i));
    }
    const target = this.#integers.get(node.input[1] ?? '');
    const open = target?.indexOf(-1) ?? -1;
    if (!target || open < 0) return target;
    const rest = countOf(target.filter((_, i) => i !== open));
    return target.map((n, i) => (i === open ? countOf(shape) / rest : n));
  }

  /** A value under a name of its own, negative where its input is. */
  #keep(input: Value, name: string, shape = input.shape): Value {
    if (this.#notNegative.has(input.name)) this.#notNegative.add(name);
    return { name, shape };
  }

  #value(node: GraphDefNode, index: number): Value {
    const name = node.input[index] ?? '';
    const value = this.#given.get(name);
    const isShared = value?.isShared === true || this.#readers.get(name)! > 1;
    if (value) return { ...value, isShared };
    throw this.#cannot(node, `of "${name.slice(0, 100)}", which is no activation`);
  }

  /** A value without padding around it, nor, but where it may be, a flattened map. */
  #plain(node: GraphDefNode, mayBeFlat = false, index = 0): Value {
    const value = this.#value(node, index);
    if (value.pads) throw this.#cannot(node, 'over padding');
    if (value.map && !mayBeFlat) throw this.#cannot(node, 'of a flattened map');
    return value;
  }

  #parameter(node: GraphDefNode, index: number): StoredTensor {
    const name = node.input[index] ?? '';
    const tensor = this.#constants.get(name);
    if (tensor) return tensor;
    throw this.#cannot(node, `whose parameter "${name.slice(0, 100)}" is no constant`);
  }

  /** A constant's numbers, one for each channel of a value. */
  #channelNumbers(node: GraphDefNode, index: number, value: Value): Float64Array {
    const tensor = this.#parameter(node, index);
    const channels = value.shape[value.shape.length - 1];
    const numbers = flatNumbers(tensor, channels);
    if (numbers) return numbers;
    throw this.#cannot(
      node,
      `of ${channels} channels with constants of [${tensor.shape.join(', ')}]`,
    );
  }

  #checkLayout(node: GraphDefNode, { shape }: Value): void {
    const layout = node.text('data_format', 'NHWC');
    if (layout !== 'NHWC') {
      throw this.#cannot(
        node,
        `in the layout ${layout.slice(0, 20)}; convert a model with channels last`,
      );
    }
    if (shape.length !== 4) throw this.#cannot(node, `of [${shape.join(', ')}]`);
  }

  #stride(node: GraphDefNode): number {
    const [, stride, width] = node.integers('strides');
    if (!isSize(stride) || stride !== width)
      throw this.#cannot(node, 'with two strides');
    return stride;
  }

  #mismatch(problem: string): DetectorError {
    return new DetectorError('WEIGHTS_MISMATCH', `${this.source}: ${problem}`);
  }

  #cannot(node: GraphDefNode, how: string): DetectorError {
    return this.#mismatch(
      `node "${node.name.slice(0, 100)}": no network here has the operator ${node.op.slice(0, 100)} ${how}`,
    );
  }
}

/** Sizes that an image or a window can have. */
const isSize = (n: unknown) =>
  Number.isInteger(n) && (n as number) > 0 && (n as number) <= 1e6;

const stored = (numbers: Float64Array): StoredTensor => ({
  shape: [numbers.length],
  type: 'float32',
  read: () => Float32Array.from(numbers),
});
