import { DetectorError } from '../errors.js';
import type { StoredTensor } from '../weights/storedTensors.js';
import { attributes, type TfjsNode } from './model.js';
import { invalid, isObject, member } from './parseModel.js';
import type { TfjsValues } from './storedValues.js';

/** A Keras model as a graph of TensorFlow's operations. */
export interface LayersGraph {
  nodes: TfjsNode[];
  outputs: string[];
  values: TfjsValues;
}

const MAX_LAYERS = 10_000;

/**
 * Rewrites the configuration of a layers model (Keras's `Sequential` or functional
 * form) as the graph that TensorFlow would run: one or a few operations for each layer,
 * under its name, so that everything about graph models serves here too.
 *
 * @param config Keras's `model_config`
 * @throws DetectorError INVALID_WEIGHTS when it is unsound; WEIGHTS_MISMATCH at layers
 *   and settings that no network of ours has
 */
export function layersGraph(
  config: unknown,
  values: TfjsValues,
  source: string,
): LayersGraph {
  const model = member(config, 'config');
  // The first versions have a Sequential's layers without a name around them.
  const layers = Array.isArray(model) ? model : member(model, 'layers');
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > MAX_LAYERS) {
    throw invalid(source, 'its configuration has no proper list of layers');
  }
  const writer = new Writer(values, source);
  const isSequential = member(config, 'class_name') === 'Sequential';
  let last = '';
  for (const [i, layer] of layers.entries()) {
    const settings = new Layer(layer, `model_config.config.layers[${i}]`, source);
    const inputs = isSequential ? [last] : settings.inputs();
    if (isSequential && i === 0 && settings.kind !== 'InputLayer') {
      last = writer.image(`${settings.name}#input`, settings);
      last = writer.add(settings, [last]);
    } else last = writer.add(settings, inputs);
  }
  const said = isSequential ? [] : layerNames(member(model, 'output_layers'));
  return {
    nodes: writer.nodes,
    outputs: said.length > 0 ? said.map((name) => writer.valueOf(name)) : [last],
    values: writer.values(),
  };
}

/** One layer's settings, with the defaults of Keras. */
class Layer {
  readonly kind: string;
  readonly name: string;
  readonly #config: unknown;

  constructor(
    private readonly layer: unknown,
    private readonly place: string,
    private readonly source: string,
  ) {
    this.#config = member(layer, 'config');
    const kind = member(layer, 'class_name');
    const name = member(this.#config, 'name') ?? member(layer, 'name');
    if (typeof kind !== 'string' || typeof name !== 'string' || name === '') {
      throw invalid(source, `${place} has no proper class_name and name`);
    }
    this.kind = kind;
    this.name = name;
  }

  get(key: string): unknown {
    return member(this.#config, key);
  }

  /** A setting that is a number, or several. */
  numbers(key: string, otherwise: number[]): number[] {
    const value = this.get(key) ?? otherwise;
    const list: unknown[] = Array.isArray(value) ? value.flat() : [value, value];
    if (list.every((n) => Number.isSafeInteger(n))) return list as number[];
    throw this.cannot(`whose ${key} is no whole numbers`);
  }

  text(key: string, otherwise: string): string {
    const value = this.get(key) ?? otherwise;
    // Keras 3 may write an object for a function.
    const name = isObject(value)
      ? (member(value, 'config') ?? value.class_name)
      : value;
    return typeof name === 'string' ? name : 'unknown';
  }

  /** Names of the layers that it reads, in either of the forms that Keras has written. */
  inputs(): string[] {
    const calls = member(this.layer, 'inbound_nodes') ?? [];
    if (!Array.isArray(calls) || calls.length > 1) {
      throw this.cannot('that is called several times');
    }
    const [call] = calls as unknown[];
    if (call === undefined) return [];
    if (Array.isArray(call)) return layerNames(call);
    return keptTensors(member(call, 'args'));
  }

  cannot(how: string): DetectorError {
    return new DetectorError(
      'WEIGHTS_MISMATCH',
      `${this.source}: layer "${this.name.slice(0, 100)}" (${this.place}): no network here has a ${this.kind.slice(0, 100)} ${how}; converted with --output_format=tfjs_graph_model more is understood`,
    );
  }
}

/** [["name", 0, 0], ...] or one such entry. */
function layerNames(entries: unknown): string[] {
  if (!Array.isArray(entries)) return [];
  if (typeof entries[0] === 'string') return [entries[0]];
  return entries.flatMap((entry: unknown) =>
    Array.isArray(entry) && typeof entry[0] === 'string' ? [entry[0]] : [],
  );
}

/** The layers of Keras 3's `__keras_tensor__` entries in the arguments of a call. */
function keptTensors(values: unknown): string[] {
  if (Array.isArray(values)) return values.flatMap(keptTensors);
  return layerNames(member(member(values, 'config'), 'keras_history'));
}

class Writer {
  readonly nodes: TfjsNode[] = [];
  /** The value that each layer gives, by the layer's name. */
  readonly #given = new Map<string, string>();
  readonly #integers = new Map<string, number[]>();
  readonly #tensors: Map<string, StoredTensor>;
  /** Names of weights by their last two parts. */
  readonly #scoped: ReadonlyMap<string, string>;
  /** Constants that have their node. */
  readonly #written = new Set<string>();

  constructor(
    private readonly stored: TfjsValues,
    private readonly source: string,
  ) {
    this.#tensors = new Map(stored.tensors);
    this.#scoped = new Map(
      [...stored.tensors.keys()].map((key) => [
        key.split('/').slice(-2).join('/'),
        key,
      ]),
    );
  }

  values(): TfjsValues {
    return { tensors: this.#tensors, integers: this.#integers };
  }

  valueOf(layer: string): string {
    return this.#given.get(layer) ?? layer;
  }

  image(name: string, layer: Layer): string {
    const shape = layer.get('batch_input_shape') ?? layer.get('batch_shape');
    const sizes: unknown[] = Array.isArray(shape) ? shape : [];
    const dim = sizes.map((n) => ({ size: String(Number.isInteger(n) ? n : -1) }));
    return this.#node('Placeholder', name, [], {
      dtype: attributes.float,
      ...(Array.isArray(shape) ? { shape: { shape: { dim } } } : {}),
    });
  }

  /** Writes a layer and gives the name of its value. */
  add(layer: Layer, inputs: readonly string[]): string {
    const value = this.#write(
      layer,
      inputs.map((name) => this.valueOf(name)),
    );
    this.#given.set(layer.name, value);
    return value;
  }

  #write(layer: Layer, inputs: string[]): string {
    const { name, kind } = layer;
    const [input = ''] = inputs;
    switch (kind) {
      case 'InputLayer':
        return this.image(name, layer);
      case 'Conv2D': {
        const dilations = layer.numbers('dilation_rate', [1, 1]);
        const sum = this.#node('Conv2D', name, [input, this.#weight(layer, 'kernel')], {
          ...this.#windows(layer, 'strides', [1, 1]),
          dilations: attributes.integers([1, ...dilations, 1]),
        });
        return this.#activate(layer, this.#addBias(layer, sum));
      }
      case 'Dense': {
        const product = this.#node('MatMul', name, [
          input,
          this.#weight(layer, 'kernel'),
        ]);
        return this.#activate(layer, this.#addBias(layer, product));
      }
      case 'BatchNormalization':
        return this.#normalize(layer, input);
      case 'MaxPooling2D':
      case 'AveragePooling2D': {
        const size = layer.numbers('pool_size', [2, 2]);
        return this.#node(
          kind === 'MaxPooling2D' ? 'MaxPool' : 'AvgPool',
          name,
          [input],
          {
            ...this.#windows(layer, 'strides', size),
            ksize: attributes.integers([1, ...size, 1]),
          },
        );
      }
      case 'GlobalAveragePooling2D':
        return this.#node('Mean', name, [input, this.#whole(`${name}#axes`, [1, 2])], {
          keep_dims: { b: layer.get('keepdims') === true },
        });
      case 'ZeroPadding2D': {
        const sides = layer.numbers('padding', [1, 1]);
        // One number for each axis, or two.
        const [top, bottom, left, right] =
          sides.length === 4 ? sides : [sides[0], sides[0], sides[1], sides[1]];
        const around = [0, 0, top, bottom, left, right, 0, 0];
        return this.#node('Pad', name, [input, this.#whole(`${name}#pads`, around)]);
      }
      case 'Flatten':
        if (layer.text('data_format', 'channels_last') !== 'channels_last') {
          throw layer.cannot('with channels first');
        }
        return this.#node('Reshape', name, [
          input,
          this.#whole(`${name}#shape`, [1, -1]),
        ]);
      case 'Concatenate': {
        const axis = this.#whole(
          `${name}#axis`,
          layer.numbers('axis', [-1]).slice(0, 1),
        );
        return this.#node('ConcatV2', name, [...inputs, axis]);
      }
      case 'Activation':
        return this.#activate(layer, input);
      case 'ReLU':
        for (const key of ['max_value', 'negative_slope', 'threshold']) {
          if ((layer.get(key) ?? 0) !== 0) throw layer.cannot(`with a ${key}`);
        }
        return this.#node('Relu', name, [input]);
      case 'Softmax':
        return this.#node('Softmax', name, [input]);
      case 'Dropout':
      case 'SpatialDropout2D':
        return this.#node('Identity', name, [input]);
      case 'Rescaling': {
        const factor = this.#number(layer, 'scale', 1);
        const scaled = this.#node('Mul', `${name}#scaled`, [input, factor]);
        return this.#node('AddV2', name, [scaled, this.#number(layer, 'offset', 0)]);
      }
      default:
        throw layer.cannot('at all');
    }
  }

  #windows(layer: Layer, key: string, otherwise: number[]): TfjsNode['attr'] {
    const isFirst = layer.text('data_format', 'channels_last') === 'channels_first';
    const padding = Buffer.from(layer.text('padding', 'valid').toUpperCase());
    return {
      strides: attributes.integers([1, ...layer.numbers(key, otherwise), 1]),
      padding: { s: padding.toString('base64') },
      data_format: { s: Buffer.from(isFirst ? 'NCHW' : 'NHWC').toString('base64') },
    };
  }

  #addBias(layer: Layer, sum: string): string {
    if (layer.get('use_bias') === false) return sum;
    return this.#node('BiasAdd', `${layer.name}#sum`, [
      sum,
      this.#weight(layer, 'bias'),
    ]);
  }

  #activate(layer: Layer, input: string): string {
    const activation = layer.text('activation', 'linear');
    const name = `${layer.name}#${activation.slice(0, 40)}`;
    switch (activation) {
      case 'linear':
        return input;
      case 'relu':
        return this.#node('Relu', name, [input]);
      case 'softmax':
        return this.#node('Softmax', name, [input]);
      default:
        throw layer.cannot(`with the activation ${activation.slice(0, 40)}`);
    }
  }

  #normalize(layer: Layer, input: string): string {
    const [axis] = layer.numbers('axis', [-1]);
    if (axis !== -1 && axis !== 3) throw layer.cannot(`along axis ${axis}`);
    const variance = this.#weight(layer, 'moving_variance');
    const shape = this.#tensors.get(variance)?.shape ?? [];
    const part = (key: string, isThere: unknown, otherwise: number) =>
      isThere === false
        ? this.#filled(`${layer.name}#${key}`, shape, otherwise)
        : this.#weight(layer, key);
    const gamma = part('gamma', layer.get('scale'), 1);
    const beta = part('beta', layer.get('center'), 0);
    const inputs = [input, gamma, beta, this.#weight(layer, 'moving_mean'), variance];
    return this.#node('FusedBatchNormV3', layer.name, inputs, {
      epsilon: { f: Number(layer.get('epsilon') ?? 1e-3) },
      is_training: { b: false },
    });
  }

  /** A constant of the file: "layer/kernel", whatever else stands before. */
  #weight({ name, kind }: Layer, parameter: string): string {
    const end = `${name}/${parameter}`;
    const found = this.stored.tensors.has(end) ? end : this.#scoped.get(end);
    if (found === undefined) {
      throw invalid(
        this.source,
        `layer "${name.slice(0, 100)}" (${kind.slice(0, 100)}) has no weight "${end.slice(0, 150)}"`,
      );
    }
    return this.#constant(found);
  }

  #number(layer: Layer, key: string, otherwise: number): string {
    const value = layer.get(key) ?? otherwise;
    if (!Number.isFinite(value)) throw layer.cannot(`whose ${key} is not one number`);
    return this.#filled(`${layer.name}#${key}`, [], value as number);
  }

  #filled(name: string, shape: readonly number[], value: number): string {
    const count = shape.reduce((a, b) => a * b, 1);
    const read = () => new Float32Array(count).fill(value);
    this.#tensors.set(name, { shape, type: 'float32', read });
    return this.#constant(name);
  }

  #whole(name: string, numbers: number[]): string {
    this.#integers.set(name, numbers);
    return this.#constant(name);
  }

  #constant(name: string): string {
    if (!this.#written.has(name)) this.#node('Const', name, []);
    this.#written.add(name);
    return name;
  }

  #node(
    op: string,
    name: string,
    input: string[],
    attr: TfjsNode['attr'] = {},
  ): string {
    this.nodes.push({ name, op, input, attr });
    return name;
  }
}
