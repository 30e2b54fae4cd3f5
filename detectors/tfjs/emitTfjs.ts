import { DetectorError } from '../errors.js';
import { inferShapes } from '../graph/activationShapes.js';
import { gaborFilters } from '../graph/gaborFilters.js';
import { neededNodes } from '../graph/neededNodes.js';
import type {
  AveragePool,
  Convolution,
  FixedConvolution,
  Graph,
  GraphNode,
  MaxPool,
} from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';
import { TfjsBuilder } from './builder.js';
import { toFilters, transposed } from './layout.js';
import { attributes, type TfjsModel } from './model.js';

/** What models of ours say that they come from. */
export const GENERATOR = 'googlenet-rcnn';
/** Files are cut at so many bytes, as tfjs's own converter does, for caches of browsers. */
const SHARD_BYTES = 4 * 2 ** 20;
/** Smaller than everything, where a maximum runs over padding. */
const LOWEST = -3.4028234663852886e38;

/** A tfjs graph model as files: `model.json` and the shards that it names. */
export interface TfjsFiles {
  model: TfjsModel;
  shards: Map<string, Uint8Array>;
}

/**
 * Writes a graph and its weights as a tfjs graph model, for `loadGraphModel`. tfjs has
 * channels last: the input is [batch, height, width, channels], and so are all
 * activations with four dimensions; what `flatten` gives is in the graph's own order.
 * Pools that round up pad one stride less one at the far sides, groups are split and
 * joined. Graphs without `flatten` take images of any size.
 *
 * @param outputs names of the activations that the model gives
 * @throws DetectorError INVALID_GRAPH at what tfjs's operators can't express
 */
export function emitTfjs(
  graph: Graph,
  weights: Weights,
  outputs: readonly string[],
): TfjsFiles {
  const emitter = new Emitter(graph, weights);
  for (const node of neededNodes(graph, outputs)) emitter.emit(node);
  const value = (name: string, shape?: readonly number[]) => ({
    name: `${name}:0`,
    dtype: 'DT_FLOAT',
    ...(shape && {
      tensorShape: { dim: shape.map((size) => ({ size: String(size) })) },
    }),
  });
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const bytes = emitter.bytes();
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const paths = Array.from(
    { length: count },
    (_, i) => `group1-shard${i + 1}of${count}.bin`,
  );
  return {
    model: {
      format: 'graph-model',
      generatedBy: GENERATOR,
      convertedBy: GENERATOR,
      signature: {
        inputs: { [graph.input]: value(graph.input, emitter.inputShape) },
        outputs: named(outputs),
      },
      userDefinedMetadata: { ...weights.metadata },
      modelTopology: {
        node: emitter.nodes,
        versions: { producer: 27, minConsumer: 12 },
      },
      weightsManifest: [{ paths, weights: emitter.weightList }],
    },
    shards: new Map(
      paths.map((path, i) => [
        path,
        bytes.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES),
      ]),
    ),
  };
}

class Emitter extends TfjsBuilder {
  readonly inputShape: readonly number[];
  readonly #shapes: ReadonlyMap<string, readonly number[]>;

  constructor(
    private readonly graph: Graph,
    private readonly weights: Weights,
  ) {
    super();
    this.#shapes = inferShapes(graph);
    const isFixed = graph.nodes.some(({ op }) => op === 'flatten');
    const [height, width] = (isFixed && graph.inputSize) || [-1, -1];
    this.inputShape = [-1, height, width, graph.inputChannels];
    const dim = this.inputShape.map((size) => ({ size: String(size) }));
    this.node('Placeholder', graph.input, [], {
      dtype: attributes.float,
      shape: { shape: { dim } },
    });
  }

  emit(node: GraphNode): void {
    const { name } = node;
    const T = { T: attributes.float };
    switch (node.op) {
      case 'convolution':
        return this.#convolution(node);
      case 'fixedConvolution':
        return this.#fixedConvolution(node);
      case 'relu':
        return this.node('Relu', name, [node.input], T);
      case 'tanh': {
        const { input, amplitude = 1, slope = 1 } = node;
        this.node(
          'Mul',
          `${name}__steep`,
          [input, this.number(name, 'slope', slope)],
          T,
        );
        this.node('Tanh', `${name}__unit`, [`${name}__steep`], T);
        const factor = this.number(name, 'amplitude', amplitude);
        return this.node('Mul', name, [`${name}__unit`, factor], T);
      }
      case 'maxPool':
        return this.#maxPool(node);
      case 'averagePool':
        return this.#averagePool(node);
      case 'localResponseNormalization':
        return this.node('LRN', name, [node.input], {
          ...T,
          depth_radius: attributes.integer((node.size - 1) / 2),
          bias: { f: node.k },
          alpha: { f: node.alpha / node.size },
          beta: { f: node.beta },
        });
      case 'batchNormalization': {
        const names = ['weight', 'bias', 'mean', 'variance'];
        const inputs = [node.input, ...names.map((p) => this.#parameter(name, p))];
        return this.node('FusedBatchNormV3', name, inputs, {
          ...T,
          U: attributes.float,
          epsilon: { f: node.epsilon },
          data_format: attributes.channelsLast,
          is_training: { b: false },
        });
      }
      case 'channelScale':
        this.node(
          'Mul',
          `${name}__scaled`,
          [node.input, this.#parameter(name, 'weight')],
          T,
        );
        return this.node(
          'AddV2',
          name,
          [`${name}__scaled`, this.#parameter(name, 'bias')],
          T,
        );
      case 'concat':
        return this.#concat(name, node.inputs);
      case 'maximum':
        return this.#maximum(name, node.inputs);
      case 'globalAveragePool':
        return this.node(
          'Mean',
          name,
          [node.input, this.integers(name, 'axes', [1, 2])],
          {
            ...T,
            keep_dims: { b: false },
            Tidx: attributes.int,
          },
        );
      case 'flatten': {
        const order = this.integers(name, 'order', [0, 3, 1, 2]);
        const plane = `${name}__planes`;
        this.node('Transpose', plane, [node.input, order], {
          ...T,
          Tperm: attributes.int,
        });
        const shape = this.integers(name, 'shape', [-1, this.#shapes.get(name)![1]]);
        return this.node('Reshape', name, [plane, shape], {
          ...T,
          Tshape: attributes.int,
        });
      }
      case 'dropout':
        return this.node('Identity', name, [node.input], T);
      case 'linear': {
        const product = `${name}__product`;
        const weight = transposed(this.#tensor(name, 'weight'));
        this.node(
          'MatMul',
          product,
          [node.input, this.constant(`${name}/weight`, weight)],
          {
            ...T,
            transpose_a: { b: false },
            transpose_b: { b: false },
          },
        );
        return this.#addBias(name, product);
      }
      case 'radialBasis': {
        // [batch, 1, inputs] − [outputs, inputs] = [batch, outputs, inputs]
        const axis = this.integers(name, 'axis', [1]);
        this.node('ExpandDims', `${name}__row`, [node.input, axis], {
          ...T,
          Tdim: attributes.int,
        });
        const prototypes = this.#parameter(name, 'weight');
        this.node('Sub', `${name}__difference`, [`${name}__row`, prototypes], T);
        this.node('Square', `${name}__square`, [`${name}__difference`], T);
        const last = this.integers(name, 'axes', [2]);
        return this.node('Sum', name, [`${name}__square`, last], {
          ...T,
          keep_dims: { b: false },
          Tidx: attributes.int,
        });
      }
      case 'softmax':
        return this.node('Softmax', name, [node.input], T);
      case 'spaceToBatch':
        return this.#spaceToBatch(name, node.input, node.block);
      case 'batchToSpace':
        return this.#batchToSpace(name, node.input, node.block, node.like);
    }
  }

  #convolution(node: Convolution): void {
    const { name, groups = 1, bias = true } = node;
    const sum = bias ? `${name}__sum` : name;
    const filters = toFilters(this.#tensor(name, 'weight'), groups);
    const input = this.#padded(node);
    if (groups === 1) {
      this.#slide(sum, input, this.constant(`${name}/weight`, filters[0]), node);
    } else {
      const axis = this.scalar(name, 'split', 3);
      this.node('Split', `${name}__groups`, [axis, input], {
        T: attributes.float,
        num_split: attributes.integer(groups),
      });
      const parts = filters.map((filter, i) => {
        const part = `${name}__group${i}`;
        const source = `${name}__groups${i > 0 ? `:${i}` : ''}`;
        this.#slide(part, source, this.constant(`${name}/weight__${i}`, filter), node);
        return part;
      });
      this.#concat(sum, parts, `${name}__join`);
    }
    if (bias) this.#addBias(name, sum);
  }

  #fixedConvolution(node: FixedConvolution): void {
    const filters = gaborFilters(node, this.#shapes.get(node.input)![1]);
    const [filter] = toFilters(filters, 1);
    const name = this.constant(`${node.name}__filters`, filter);
    this.#slide(node.name, this.#padded(node), name, node);
  }

  /** A convolution without padding of its own. */
  #slide(
    name: string,
    input: string,
    filter: string,
    { stride = 1 }: Convolution | FixedConvolution,
  ): void {
    this.node('Conv2D', name, [input, filter], {
      T: attributes.float,
      strides: attributes.integers([1, stride, stride, 1]),
      dilations: attributes.integers([1, 1, 1, 1]),
      padding: attributes.valid,
      data_format: attributes.channelsLast,
    });
  }

  /** A node's input with its zeros on each side. */
  #padded(node: Convolution | FixedConvolution | AveragePool): string {
    const { name, input, pad = 0 } = node;
    const { farPad = pad } = node.op === 'convolution' ? node : {};
    return pad + farPad > 0 ? this.#pad(name, input, pad, farPad, 0) : input;
  }

  #pad(name: string, input: string, near: number, far: number, value: number): string {
    const side = [near, far];
    const paddings = this.constant(
      `${name}__paddings`,
      { shape: [4, 2], data: Int32Array.of(0, 0, ...side, ...side, 0, 0) },
      'int32',
    );
    const fill = this.number(name, 'fill', value);
    this.node('PadV2', `${name}__padded`, [input, paddings, fill], {
      T: attributes.float,
      Tpaddings: attributes.int,
    });
    return `${name}__padded`;
  }

  #maxPool(node: MaxPool): void {
    const { name, size, stride, pad = 0 } = node;
    // The last window must begin within the image or the padding before it.
    if (pad + stride > size) throw this.#cannot(name, 'pools with gaps at the edge');
    const far = pad + stride - 1;
    const input = far > 0 ? this.#pad(name, node.input, pad, far, LOWEST) : node.input;
    this.#pool('MaxPool', name, input, size, stride);
  }

  #averagePool(node: AveragePool): void {
    const { name, size, stride, pad = 0 } = node;
    const [, , ...sides] = this.#shapes.get(node.input)!;
    if (sides.some((side) => (side + 2 * pad - size) % stride !== 0)) {
      throw this.#cannot(name, 'averages whose last window hangs over the edge');
    }
    this.#pool('AvgPool', name, this.#padded(node), size, stride);
  }

  #pool(op: string, name: string, input: string, size: number, stride: number): void {
    this.node(op, name, [input], {
      T: attributes.float,
      ksize: attributes.integers([1, size, size, 1]),
      strides: attributes.integers([1, stride, stride, 1]),
      padding: attributes.valid,
      data_format: attributes.channelsLast,
    });
  }

  /** TensorFlow compares two at a time. */
  #maximum(name: string, inputs: readonly string[]): void {
    let most = inputs[0];
    inputs.slice(1).forEach((input, i) => {
      const isLast = i === inputs.length - 2;
      const sofar = isLast ? name : `${name}__of${i + 2}`;
      this.node('Maximum', sofar, [most, input], { T: attributes.float });
      most = sofar;
    });
  }

  #concat(name: string, inputs: readonly string[], prefix = name): void {
    const rank = this.#shapes.get(inputs[0])?.length ?? 4;
    const axis = this.scalar(prefix, 'axis', rank === 4 ? 3 : 1);
    this.node('ConcatV2', name, [...inputs, axis], {
      T: attributes.float,
      N: attributes.integer(inputs.length),
      Tidx: attributes.int,
    });
  }

  #addBias(name: string, sum: string): void {
    this.node('BiasAdd', name, [sum, this.#parameter(name, 'bias')], {
      T: attributes.float,
      data_format: attributes.channelsLast,
    });
  }

  /** The paddings come from the input's own size: bottom and right up to a multiple. */
  #spaceToBatch(name: string, input: string, block: number): void {
    const int = { T: attributes.int };
    const size = this.#size(name, input);
    const side = (suffix: string) => `${name}__${suffix}`;
    this.node('Neg', side('negative'), [size], int);
    const blocks = this.integers(name, 'blocks', [block, block]);
    this.node('FloorMod', side('lack'), [side('negative'), blocks], int);
    const zeros = this.integers(name, 'zeros', [0, 0]);
    this.node('Pack', side('pads'), [zeros, side('lack')], {
      ...int,
      N: attributes.integer(2),
      axis: attributes.integer(1),
    });
    this.node('SpaceToBatchND', name, [input, blocks, side('pads')], {
      T: attributes.float,
      Tblock_shape: attributes.int,
      Tpaddings: attributes.int,
    });
  }

  #batchToSpace(name: string, input: string, block: number, like: string): void {
    const int = { T: attributes.int };
    const side = (suffix: string) => `${name}__${suffix}`;
    const size = this.#size(name, like);
    this.node('Neg', side('negative'), [size], int);
    const blocks = this.integers(name, 'blocks', [block, block]);
    this.node('FloorMod', side('lack'), [side('negative'), blocks], int);
    const zeros = this.integers(name, 'zeros', [0, 0]);
    this.node('Pack', side('crops'), [zeros, side('lack')], {
      ...int,
      N: attributes.integer(2),
      axis: attributes.integer(1),
    });
    this.node('BatchToSpaceND', name, [input, blocks, side('crops')], {
      T: attributes.float,
      Tblock_shape: attributes.int,
      Tcrops: attributes.int,
    });
  }

  /** [height, width] of an activation while the model runs. */
  #size(name: string, of: string): string {
    const int = { T: attributes.float, out_type: attributes.int };
    this.node('Shape', `${name}__shape`, [of], int);
    const bounds = [
      this.integers(name, 'begin', [1]),
      this.integers(name, 'end', [3]),
      this.integers(name, 'step', [1]),
    ];
    this.node('StridedSlice', `${name}__size`, [`${name}__shape`, ...bounds], {
      T: attributes.int,
      Index: attributes.int,
      ...Object.fromEntries(
        [
          'begin_mask',
          'end_mask',
          'ellipsis_mask',
          'new_axis_mask',
          'shrink_axis_mask',
        ].map((mask) => [mask, attributes.integer(0)]),
      ),
    });
    return `${name}__size`;
  }

  #tensor(node: string, parameter: string): Tensor {
    const tensor = this.weights.tensors.get(`${node}/${parameter}`);
    if (tensor) return tensor;
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `the weights have no "${node}/${parameter}"`,
    );
  }

  #parameter(node: string, parameter: string): string {
    return this.constant(`${node}/${parameter}`, this.#tensor(node, parameter));
  }

  #cannot(name: string, what: string): DetectorError {
    return new DetectorError(
      'INVALID_GRAPH',
      `graph "${this.graph.name}": node "${name}": tfjs has no ${what}`,
    );
  }
}
