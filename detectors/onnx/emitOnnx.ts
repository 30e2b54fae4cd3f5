import { DetectorError } from '../errors.js';
import { inferShapes } from '../graph/activationShapes.js';
import { gaborFilters } from '../graph/gaborFilters.js';
import { neededNodes } from '../graph/neededNodes.js';
import type { FixedConvolution, Graph, GraphNode, Tanh } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';
import { encodeOnnx } from './encodeOnnx.js';
import { normalizeChannels, type NodeGroup } from './normalizeChannels.js';
import { winogradRows } from './winogradRows.js';
import {
  float,
  FLOAT,
  INT64,
  integer,
  integers,
  text,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
} from './messages.js';

const IR_VERSION = 8;
const OPSET = 17;
/** What models of ours say that they come from. */
export const PRODUCER = 'googlenet-rcnn';

/**
 * Writes a graph and its weights as an ONNX model (opset 17, IR version 8) with
 * free batch, height and width. Every name of an activation is kept.
 *
 * @param outputs names of the activations that the model gives; the nodes that
 *   none of them needs are left out
 * @returns the bytes of the model, as onnxruntime and others load it
 * @throws DetectorError INVALID_GRAPH
 */
export function emitOnnx(
  graph: Graph,
  weights: Weights,
  outputs: readonly string[],
): Uint8Array {
  return encodeOnnx(buildOnnx(graph, weights, outputs));
}

/**
 * How a model is written: `plain` with the operators that all readers know; `fast` for
 * an engine, by `normalizeChannels` and `winogradRows`; `moderate` without the latter,
 * for what must have the weights as they are; `dense` with normalisation in one piece,
 * for `quantizeOnnx`.
 */
export type OnnxForm = 'plain' | 'dense' | 'moderate' | 'fast';

/**
 * The same model before it is written, for what rewrites it. The numbers of the
 * weights are not copied, except by `winogradRows`.
 *
 * @throws DetectorError INVALID_GRAPH
 */
export function buildOnnx(
  graph: Graph,
  weights: Weights,
  outputs: readonly string[],
  form: OnnxForm = 'plain',
): ModelMessage {
  const shapes = inferShapes(graph);
  const nodes = neededNodes(graph, outputs);
  const rewritten =
    form === 'fast'
      ? winogradRows(nodes, outputs, weights)
      : new Map<GraphNode, NodeGroup>();
  const emitter = new Emitter(weights, shapes, form);
  /** Dimensions are sizes, names of free ones, or null where nothing is said. */
  const value = (name: string, dims: (number | string | null)[]) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: {
          dim: dims.map((d) =>
            d === null ? {} : typeof d === 'number' ? { dimValue: d } : { dimParam: d },
          ),
        },
      },
    },
  });
  const channelsOnly = (name: string) =>
    value(
      name,
      shapes.get(name)!.map((size, axis) => (axis === 1 ? size : null)),
    );
  const valueInfo: object[] = [];
  for (const node of nodes) {
    const group = rewritten.get(node);
    if (!group) {
      emitter.emit(node);
      continue;
    }
    emitter.add(group);
    // The runtime keeps its fast layout only where it knows the channels.
    const last = group.nodes.at(-1);
    if (last) valueInfo.push(channelsOnly(last.name));
  }
  return {
    irVersion: IR_VERSION,
    producerName: PRODUCER,
    opsetImport: [{ version: OPSET }],
    graph: {
      name: graph.name,
      node: emitter.nodes,
      initializer: emitter.initializers,
      input: [value(graph.input, ['batch', graph.inputChannels, 'height', 'width'])],
      output: outputs.map(channelsOnly),
      valueInfo,
    },
  };
}

/** Parameters of an affine map. */
const LINEAR = ['weight', 'bias'];

/** The attributes of operators that slide a square window. */
function windows(node: {
  size: number;
  stride?: number;
  pad?: number;
  farPad?: number;
}): object[] {
  const { size, stride = 1, pad = 0, farPad = pad } = node;
  return [
    integers('kernel_shape', [size, size]),
    integers('strides', [stride, stride]),
    integers('pads', [pad, pad, farPad, farPad]),
  ];
}

class Emitter {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: TensorMessage[] = [];
  readonly #constants = new Set<string>();
  readonly #shared = new Set<string>();

  constructor(
    private readonly weights: Weights,
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
    private readonly form: OnnxForm,
  ) {}

  /** Adds nodes and constants that stand for a node, those that are shared once. */
  add({ nodes, initializers }: NodeGroup): void {
    const addOnce = <T extends { name: string }>(
      to: T[],
      items: readonly T[],
    ): void => {
      for (const item of items) {
        if (this.#shared.has(item.name)) continue;
        this.#shared.add(item.name);
        to.push(item);
      }
    };
    addOnce(this.nodes, nodes);
    addOnce(this.initializers, initializers);
  }

  emit(node: GraphNode): void {
    switch (node.op) {
      case 'convolution': {
        const { groups = 1, bias = true } = node;
        const parameters = this.#parameters(node.name, bias ? LINEAR : ['weight']);
        return this.#add(
          'Conv',
          node.name,
          [node.input, ...parameters],
          [...windows(node), integer('group', groups)],
        );
      }
      case 'fixedConvolution':
        return this.#fixedConvolution(node);
      case 'relu':
        return this.#add('Relu', node.name, [node.input]);
      case 'tanh':
        return this.#tanh(node);
      case 'maxPool':
        return this.#add(
          'MaxPool',
          node.name,
          [node.input],
          [...windows(node), integer('ceil_mode', 1)],
        );
      case 'averagePool':
        return this.#add(
          'AveragePool',
          node.name,
          [node.input],
          [...windows(node), integer('ceil_mode', 1), integer('count_include_pad', 1)],
        );
      case 'localResponseNormalization': {
        const channels = this.shapes.get(node.input)![1];
        const { form } = this;
        const group =
          form === 'plain'
            ? undefined
            : normalizeChannels(node, channels, form !== 'dense');
        if (group) return this.add(group);
        return this.#add(
          'LRN',
          node.name,
          [node.input],
          [
            integer('size', node.size),
            float('alpha', node.alpha),
            float('beta', node.beta),
            float('bias', node.k),
          ],
        );
      }
      case 'batchNormalization':
        return this.#add(
          'BatchNormalization',
          node.name,
          [node.input, ...this.#parameters(node.name, [...LINEAR, 'mean', 'variance'])],
          [float('epsilon', node.epsilon)],
        );
      case 'channelScale': {
        const flat = this.shapes.get(node.input)!.length === 2;
        const dims = flat ? [-1] : [-1, 1, 1];
        const [weight, bias] = this.#parameters(node.name, LINEAR, dims);
        this.#add('Mul', `${node.name}#scaled`, [node.input, weight]);
        return this.#add('Add', node.name, [`${node.name}#scaled`, bias]);
      }
      case 'concat':
        return this.#add('Concat', node.name, [...node.inputs], [integer('axis', 1)]);
      case 'maximum':
        return this.#add('Max', node.name, [...node.inputs]);
      case 'globalAveragePool': {
        const pooled = `${node.name}#pooled`;
        this.#add('GlobalAveragePool', pooled, [node.input]);
        return this.#add('Flatten', node.name, [pooled], [integer('axis', 1)]);
      }
      case 'dropout':
        return this.#add('Identity', node.name, [node.input]);
      case 'flatten':
        return this.#add('Flatten', node.name, [node.input], [integer('axis', 1)]);
      case 'linear':
        return this.#add(
          'Gemm',
          node.name,
          [node.input, ...this.#parameters(node.name, LINEAR)],
          [integer('transB', 1)],
        );
      case 'radialBasis': {
        // [batch, 1, inputs] − [outputs, inputs] = [batch, outputs, inputs]
        const side = (suffix: string) => `${node.name}#${suffix}`;
        const axis = this.#constant('axis1', [1]);
        this.#add('Unsqueeze', side('row'), [node.input, axis]);
        const [prototypes] = this.#parameters(node.name, ['weight']);
        this.#add('Sub', side('difference'), [side('row'), prototypes]);
        return this.#add(
          'ReduceSumSquare',
          node.name,
          [side('difference')],
          [integers('axes', [2]), integer('keepdims', 0)],
        );
      }
      case 'softmax':
        return this.#add('Softmax', node.name, [node.input], [integer('axis', 1)]);
      case 'spaceToBatch':
        return this.#spaceToBatch(node.name, node.input, node.block);
      case 'batchToSpace':
        return this.#batchToSpace(node.name, node.input, node.block, node.like);
    }
  }

  #fixedConvolution(node: FixedConvolution): void {
    const filters = gaborFilters(node, this.shapes.get(node.input)![1]);
    const name = this.#initializer(`${node.name}#filters`, filters);
    this.#add('Conv', node.name, [node.input, name], windows(node));
  }

  #tanh({ name, input, amplitude = 1, slope = 1 }: Tanh): void {
    const factor = (value: number) =>
      this.#initializer(`#factor${value}`, {
        shape: [],
        data: Float32Array.of(value),
      });
    this.#add('Mul', `${name}#steep`, [input, factor(slope)]);
    this.#add('Tanh', `${name}#unit`, [`${name}#steep`]);
    this.#add('Mul', name, [`${name}#unit`, factor(amplitude)]);
  }

  /**
   * SpaceToDepth gives [N, block² · C, h, w] with the grid as the slower part of
   * the channels, which is the memory of [N · block², C, h, w]: one reshape, no copy.
   */
  #spaceToBatch(name: string, input: string, block: number): void {
    const side = (suffix: string) => `${name}#${suffix}`;
    // Bottom and right padding up to a multiple of the block, from the input's own size.
    this.#add('Shape', side('size'), [input], [integer('start', 2)]);
    this.#add('Neg', side('negative'), [side('size')]);
    this.#add('Mod', side('lack'), [
      side('negative'),
      this.#constant('block', [block]),
    ]);
    this.#add(
      'Concat',
      side('pads'),
      [this.#constant('zeros6', [0, 0, 0, 0, 0, 0]), side('lack')],
      [integer('axis', 0)],
    );
    this.#add('Pad', side('padded'), [input, side('pads')]);
    this.#add(
      'SpaceToDepth',
      side('deep'),
      [side('padded')],
      [integer('blocksize', block)],
    );
    const channels = this.shapes.get(input)![1];
    const shape = this.#constant(`grids-${channels}`, [-1, channels, 0, 0]);
    this.#add('Reshape', name, [side('deep'), shape]);
  }

  #batchToSpace(name: string, input: string, block: number, like: string): void {
    const side = (suffix: string) => `${name}#${suffix}`;
    const channels = this.shapes.get(input)![1] * block * block;
    const shape = this.#constant(`depth-${channels}`, [-1, channels, 0, 0]);
    this.#add('Reshape', side('deep'), [input, shape]);
    this.#add(
      'DepthToSpace',
      side('padded'),
      [side('deep')],
      [integer('blocksize', block), text('mode', 'DCR')],
    );
    this.#add('Shape', side('size'), [like], [integer('start', 2)]);
    this.#add('Slice', name, [
      side('padded'),
      this.#constant('zeros2', [0, 0]),
      side('size'),
      this.#constant('axes-hw', [2, 3]),
    ]);
  }

  #add(opType: string, name: string, input: string[], attribute: object[] = []): void {
    this.nodes.push({ name, opType, input, output: [name], attribute });
  }

  /**
   * Adds parameters of a node; gives their names.
   *
   * @param dims how the model sees them, when not in their own shape; -1 for the rest
   */
  #parameters(node: string, names: readonly string[], dims?: number[]): string[] {
    return names.map((parameter) => {
      const name = `${node}/${parameter}`;
      const tensor = this.weights.tensors.get(name);
      if (!tensor) {
        throw new DetectorError('WEIGHTS_MISMATCH', `the weights have no "${name}"`);
      }
      const length = tensor.shape.reduce((product, n) => product * n, 1);
      const shape = dims?.map((n) => (n === -1 ? length : n)) ?? tensor.shape;
      return this.#initializer(name, tensor, shape);
    });
  }

  /** Adds a tensor of numbers once; gives its name. */
  #initializer(name: string, tensor: Tensor, shape = tensor.shape): string {
    if (this.#constants.has(name)) return name;
    this.#constants.add(name);
    this.initializers.push({
      name,
      dims: [...shape],
      dataType: FLOAT,
      place: tensor.place,
      get rawData() {
        const { buffer, byteOffset, byteLength } = tensor.data;
        return new Uint8Array(buffer, byteOffset, byteLength);
      },
    });
    return name;
  }

  /** Adds a one-dimensional int64 constant once; gives its name. */
  #constant(name: string, values: number[]): string {
    const key = `#${name}`;
    if (!this.#constants.has(key)) {
      this.#constants.add(key);
      const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      this.initializers.push({
        name: key,
        dims: [values.length],
        dataType: INT64,
        rawData,
      });
    }
    return key;
  }
}
