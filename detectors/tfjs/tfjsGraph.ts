import type { Graph } from '../graph/types.js';
import type { ForeignNetwork } from '../weights/matchGraphs.js';
import { countOf, type StoredTensor } from '../weights/storedTensors.js';
import { orderedNodes, type GraphDefNode } from './graphDef.js';
import { GraphReader, isSize, type TfjsGraph, type Value } from './graphReader.js';
import { OutputChanges } from './outputChanges.js';
import { filters, matrix } from './parameters.js';
import { reshapeTarget } from './reshapeTarget.js';
import { shapeNumbers } from './shapeNumbers.js';
import { flatNumbers } from './storedValues.js';
import { padsOf, sidesAfter } from './tfPadding.js';

/** What a model computes from its input before the network begins: x · scale + offset. */
export interface InputScaling {
  scale: number;
  /** For each channel, or for all. */
  offset: readonly number[];
}

export interface TfjsNetwork extends ForeignNetwork {
  scaling?: InputScaling;
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

class Converter extends GraphReader {
  readonly #tensors = new Map<string, StoredTensor>();
  readonly #floorPools = new Map<string, number>();
  readonly #changes = new OutputChanges();
  #input?: { name: string; shape: number[] };
  #scaling?: InputScaling;

  constructor(
    private readonly graph: TfjsGraph,
    nodes: readonly GraphDefNode[],
    private readonly like: Graph,
    source: string,
  ) {
    super(nodes, source);
  }

  result(output: string): TfjsNetwork {
    const value = this.given.get(output);
    if (!this.#input || !value || value.map || value.pads || value.isChannelsFirst) {
      throw this.mismatch(
        `what it gives, "${output.slice(0, 100)}", is no classifier's answer to an image`,
      );
    }
    this.#changes.apply(this.#tensors);
    const { name, shape } = this.#input;
    const [, height, width, inputChannels] = shape;
    const inputSize = [height, width] as const;
    return {
      graph: {
        name: 'tfjs',
        input: name,
        inputChannels,
        inputSize,
        nodes: this.nodes,
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
    if (IDENTITIES.has(node.op) && !this.given.has(first)) return this.#repeat(node);
    const numbers = shapeNumbers(
      node,
      (input) => this.integers.get(input),
      (input) => {
        const { shape, pads } = this.given.get(input) ?? {};
        return pads ? undefined : shape;
      },
    );
    if (numbers) this.integers.set(name, numbers);
    else this.given.set(name, this.#convert(node));
  }

  #constant(name: string): void {
    const tensor = this.graph.values.tensors.get(name);
    const integers = this.graph.values.integers.get(name);
    if (tensor) this.constants.set(name, tensor);
    if (integers) this.integers.set(name, integers);
  }

  /** A constant that was a variable before it was frozen. */
  #repeat(node: GraphDefNode): void {
    const [input = ''] = node.input;
    const tensor = this.constants.get(input);
    const integers = this.integers.get(input);
    if (tensor) this.constants.set(node.name, tensor);
    else if (integers) this.integers.set(node.name, integers);
    else throw this.cannot(node, 'of nothing that it has numbers for');
  }

  #convert(node: GraphDefNode): Value {
    const { name, op } = node;
    if (IDENTITIES.has(op)) return this.value(node, 0);
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
        if (node.boolean('is_training')) throw this.cannot(node, 'in training');
        return this.#normalize(node, name, this.plain(node), 1);
      }
      case 'Relu':
        return this.#rectify(name, this.plain(node, true));
      case 'MaxPool':
      case 'AvgPool':
        return this.#pool(node);
      case 'Mean':
        return this.#mean(node);
      case 'LRN': {
        const input = this.plain(node);
        const size = 2 * node.integer('depth_radius', 5) + 1;
        this.nodes.push({
          op: 'localResponseNormalization',
          name,
          input: input.name,
          size,
          // Ours is divided by the size.
          alpha: node.float('alpha', 1) * size,
          beta: node.float('beta', 0.5),
          k: node.float('bias', 1),
        });
        return this.keep(input, name);
      }
      case 'ConcatV2':
        return this.#concat(node);
      case 'Pad':
      case 'PadV2':
        return this.#pad(node);
      case 'Squeeze':
      case 'Reshape':
        return this.#reshape(node);
      case 'Transpose': {
        // As models do before they flatten, whose maps came with channels first.
        const input = this.plain(node);
        const order = this.integers.get(node.input[1] ?? '') ?? [];
        const shape = order.map((axis) => input.shape[axis]);
        if (order.join() === '0,3,1,2' && input.shape.length === 4) {
          return { ...input, shape, isChannelsFirst: true };
        }
        throw this.cannot(node, `to [${order.slice(0, 9).join()}]`);
      }
      case 'Softmax': {
        const input = this.plain(node);
        this.nodes.push({ op: 'softmax', name, input: input.name });
        return { name, shape: input.shape };
      }
      default:
        throw this.cannot(node, 'at all');
    }
  }

  #placeholder(node: GraphDefNode): Value {
    const { inputChannels, inputSize = [NaN, NaN] } = this.like;
    const defaults = [1, ...inputSize, inputChannels];
    const said = node.shape('shape') ?? defaults;
    const shape = said.map((n, i) => (n < 0 ? defaults[i] : n));
    if (this.#input || shape.length !== 4 || !shape.every(isSize)) {
      throw this.mismatch(
        `"${node.name.slice(0, 100)}" [${said.slice(0, 9).join(', ')}] is no image, or not the only input; one, [batch, height, width, channels], is needed`,
      );
    }
    this.#input = { name: node.name, shape };
    return { name: node.name, shape };
  }

  #convolution(node: GraphDefNode): Value {
    const input = this.value(node, 0);
    const weight = this.parameter(node, 1);
    const [size, width, inputs, outputs] = weight.shape;
    const [batch, height, , channels] = input.shape;
    this.checkLayout(node, input);
    if (weight.shape.length !== 4 || size !== width || channels % inputs !== 0) {
      throw this.cannot(node, `with filters of [${weight.shape.join(', ')}]`);
    }
    if (node.integers('dilations').some((n) => n !== 1)) {
      throw this.cannot(node, 'with dilation');
    }
    const stride = this.stride(node);
    const pads = padsOf(node, input, size, stride);
    const { near, far } = pads ?? {};
    if (!pads || near === undefined || far === undefined || pads.fill !== 0) {
      throw this.cannot(node, `padded ${node.text('padding', 'by nothing')}`);
    }
    const { name } = node;
    const isCell = countOf(input.shape.slice(1, 3)) === 1 && size === 1;
    if (isCell && channels === inputs) {
      const shape = [inputs, outputs];
      return this.#linear(name, input, { ...weight, shape }, [batch, 1, 1, outputs]);
    }
    this.#tensors.set(`${name}/weight`, filters(weight));
    this.#changes.addLayer(name);
    this.nodes.push({
      ...{ op: 'convolution', name, input: input.name, outputs, size, stride },
      ...{ pad: near, farPad: far, groups: channels / inputs, bias: false },
    });
    const sides = sidesAfter([height, input.shape[2]], size, stride, pads);
    return { name, shape: [batch, ...sides, outputs] };
  }

  #product(node: GraphDefNode): Value {
    const input = this.plain(node, true);
    const weight = this.parameter(node, 1);
    const isTransposed = node.boolean('transpose_b');
    const [inputs, outputs] = isTransposed ? [...weight.shape].reverse() : weight.shape;
    const [batch, width] = input.shape;
    const isPlain = weight.shape.length === 2 && input.shape.length === 2;
    if (!isPlain || width !== inputs || node.boolean('transpose_a')) {
      throw this.cannot(
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
    this.#changes.addLayer(name);
    const outputs = shape[shape.length - 1];
    this.nodes.push({ op: 'linear', name, input: input.name, outputs });
    return { name, shape };
  }

  /** What a fused operation does after its product, with its further inputs. */
  #fused(node: GraphDefNode, product: Value): Value {
    let value = product;
    let next = 2;
    for (const op of node.texts('fused_ops')) {
      if (op === 'BiasAdd') {
        this.#changes.shift(value.name, this.channelNumbers(node, next++, value));
      } else if (op === 'FusedBatchNorm') {
        value = this.#normalize(node, `${node.name}#normalized`, value, next);
        next += 4;
      } else if (op === 'Relu') value = this.#rectify(`${node.name}#relu`, value);
      else throw this.cannot(node, `with ${op.slice(0, 40)}`);
    }
    return value;
  }

  #normalize(node: GraphDefNode, name: string, input: Value, first: number): Value {
    this.checkLayout(node, input);
    ['weight', 'bias', 'mean', 'variance'].forEach((parameter, i) =>
      this.#tensors.set(`${name}/${parameter}`, this.parameter(node, first + i)),
    );
    const epsilon = node.float('epsilon', 1e-4);
    this.nodes.push({ op: 'batchNormalization', name, input: input.name, epsilon });
    return { name, shape: input.shape };
  }

  #rectify(name: string, input: Value): Value {
    this.nodes.push({ op: 'relu', name, input: input.name });
    this.notNegative.add(name);
    return { ...input, name, isShared: false };
  }

  /** Adding and multiplying by constants: a bias, a folded scale, or the input's scaling. */
  #arithmetic(node: GraphDefNode): Value {
    const constant = node.input.findIndex((name) => this.constants.has(name));
    const isTurned = constant === 0 && (node.op === 'Sub' || node.op === 'RealDiv');
    if (constant < 0 || isTurned) throw this.cannot(node, 'of two activations');
    const value = this.value(node, 1 - constant);
    if (value.pads || value.map || value.isChannelsFirst) {
      throw this.cannot(node, 'there');
    }
    const numbers = this.channelNumbers(node, constant, value);
    const isProduct = node.op === 'Mul' || node.op === 'RealDiv';
    const changed =
      node.op === 'Sub'
        ? numbers.map((x) => -x)
        : node.op === 'RealDiv'
          ? numbers.map((x) => 1 / x)
          : numbers;
    // A value that others read too would change for them.
    if (value.isShared) {
      throw this.cannot(node, 'of what other nodes read too');
    }
    if (value.name === this.#input?.name) this.#scale(node, changed, isProduct);
    else if (!this.#changes.hasLayer(value.name)) {
      throw this.cannot(node, 'with constants that are no bias');
    } else if (isProduct) this.#changes.stretch(value.name, changed);
    else this.#changes.shift(value.name, changed);
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
    } else throw this.cannot(node, 'of the input with a scale for each channel');
  }

  #pool(node: GraphDefNode): Value {
    const input = this.value(node, 0);
    this.checkLayout(node, input);
    const [, size, width] = node.integers('ksize');
    if (!isSize(size) || size !== width) throw this.cannot(node, 'not square');
    const stride = this.stride(node);
    const [batch, height, across, channels] = input.shape;
    const { name } = node;
    const op = node.op === 'MaxPool' ? 'maxPool' : 'averagePool';
    const isSame = node.text('padding', '') === 'SAME';
    const pads = padsOf(node, input, size, stride);
    const { near, far } = pads ?? {};
    if (!pads || near === undefined || far === undefined) {
      throw this.cannot(node, `padded ${node.text('padding', 'by nothing')}`);
    }
    const isPadded = near > 0 || far > 0;
    if (op === 'maxPool') {
      // Zeros lose against what is never negative, as lower ones do.
      const isLow = isSame || pads.fill < LOWEST;
      const isHarmless = pads.fill === 0 && this.notNegative.has(input.name);
      if (isPadded && !isLow && !isHarmless) {
        throw this.cannot(node, `over padding of ${pads.fill}`);
      }
    } else if (isSame ? near > 0 : isPadded && (near !== far || pads.fill !== 0)) {
      throw this.cannot(node, 'that leaves padding out of the mean');
    }
    const sides = sidesAfter([height, across], size, stride, pads);
    const isWhole = size === height && size === across && !isPadded;
    if (op === 'averagePool' && isWhole) {
      this.nodes.push({ op: 'globalAveragePool', name, input: input.name });
    } else {
      this.#floorPools.set(name, far);
      this.nodes.push({ op, name, input: input.name, size, stride, pad: near });
    }
    return this.keep(input, name, [batch, ...sides, channels]);
  }

  #mean(node: GraphDefNode): Value {
    const input = this.plain(node);
    const axes = (this.integers.get(node.input[1] ?? '') ?? []).map((n) =>
      n < 0 ? n + 4 : n,
    );
    const [batch, , , channels] = input.shape;
    if (input.shape.length !== 4 || axes.sort().join() !== '1,2') {
      throw this.cannot(node, `over axes [${axes.slice(0, 9).join()}]`);
    }
    const { name } = node;
    this.nodes.push({ op: 'globalAveragePool', name, input: input.name });
    const isKept = node.boolean('keep_dims');
    return this.keep(input, name, isKept ? [batch, 1, 1, channels] : [batch, channels]);
  }

  #concat(node: GraphDefNode): Value {
    const count = node.input.length - 1;
    const [axis = NaN] = this.integers.get(node.input[count] ?? '') ?? [];
    const values = Array.from({ length: count }, (_, i) => this.plain(node, false, i));
    const [first] = values;
    const last = (first?.shape.length ?? 0) - 1;
    if (count < 1 || (axis !== last && axis !== -1)) {
      throw this.cannot(node, `along axis ${axis}`);
    }
    const channels = values.reduce((sum, { shape }) => sum + shape[last], 0);
    const { name } = node;
    this.nodes.push({ op: 'concat', name, inputs: values.map((value) => value.name) });
    if (values.every((value) => this.notNegative.has(value.name))) {
      this.notNegative.add(name);
    }
    return { name, shape: [...first.shape.slice(0, -1), channels] };
  }

  /** Zeros, or others, around a map: what reads it pads so. */
  #pad(node: GraphDefNode): Value {
    const input = this.plain(node);
    const around = this.integers.get(node.input[1] ?? '') ?? [];
    const fill = node.op === 'Pad' ? 0 : flatNumbers(this.parameter(node, 2), 1)?.[0];
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
      throw this.cannot(node, `by [${around.join()}]`);
    }
    const pads = { top, bottom, left, right, fill };
    return { ...input, shape: [batch, height, width, channels], pads };
  }

  /** Reshapes that flatten, or that only add or drop sides of 1. */
  #reshape(node: GraphDefNode): Value {
    const input = this.value(node, 0);
    const { name, shape, isChannelsFirst = false } = input;
    if (input.pads || input.map) throw this.cannot(node, 'there');
    const target = reshapeTarget(node, shape, this.integers.get(node.input[1] ?? ''));
    const isFlat = target?.length === 2 && target[0] === shape[0];
    const isCell = target?.length === 4 && countOf(target.slice(1, 3)) === 1;
    if (!target || countOf(target) !== countOf(shape) || !(isFlat || isCell)) {
      throw this.cannot(
        node,
        `of [${shape.join(', ')}] to [${(target ?? ['?']).join(', ')}]`,
      );
    }
    const sides = isChannelsFirst ? shape.slice(2) : shape.slice(1, -1);
    if (countOf(sides) === 1) {
      return { ...input, shape: target, isChannelsFirst: false };
    }
    if (!isFlat) throw this.cannot(node, `to [${target.join(', ')}]`);
    this.nodes.push({ op: 'flatten', name: node.name, input: name });
    const flat = this.keep(input, node.name, target);
    return isChannelsFirst ? flat : { ...flat, map: shape.slice(1) };
  }
}
