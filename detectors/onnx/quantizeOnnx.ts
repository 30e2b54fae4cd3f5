import type { ActivationRanges } from '../quantization/activationRanges.js';
import {
  quantizeWeights,
  type QuantizedWeights,
} from '../quantization/quantizeWeights.js';
import { singleToHalf } from '../weights/halfFloat.js';
import { singles } from './normalizeChannels.js';
import {
  FLOAT,
  FLOAT16,
  INT32,
  INT8,
  integer,
  integers,
  UINT8,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
} from './messages.js';

/** How an activation is written in 8 bits: value = scale · (byte − zero). */
interface Coding {
  scale: number;
  zero: number;
}

/**
 * A model whose convolutions run in 8 bits (Jacob et al. 2018): weights by output
 * channel, activations unsigned. The first convolution stays in single precision: the
 * photo's three channels gain nothing.
 *
 * With ranges (static), bytes flow from convolution to convolution through pools and
 * concatenations, whose inputs share a scale; a ReLU is where the bytes end. There
 * activations are channels-last, as onnxruntime's 8-bit code wants them, by operators of
 * its own; so is what stands between two such regions number by number, above all
 * local response normalisation. Without ranges (dynamic), each convolution takes the
 * range of its input at that moment.
 *
 * Activations that are outputs of the model are given in single precision.
 */
export function quantizeOnnx(
  model: ModelMessage,
  ranges: ActivationRanges | undefined,
): ModelMessage {
  const { graph } = model;
  const outputs = new Set(graph.output.map(({ name }) => name));
  const rewriter = new Rewriter(graph.node, graph.initializer, outputs, ranges);
  const { nodes, initializers } = rewriter.rewrite();
  const opsetImport = [...model.opsetImport, { domain: MICROSOFT, version: 1 }];
  const rewritten = { ...graph, node: nodes, initializer: initializers };
  return { ...model, opsetImport, graph: rewritten };
}

/** The domain of onnxruntime's own operators. */
const MICROSOFT = 'com.microsoft';

/** Operators that work number by number, so in any layout. */
const POINTWISE = new Set(['Mul', 'Sqrt', 'Div', 'Relu', 'Tanh']);

class Rewriter {
  readonly #nodes: NodeMessage[] = [];
  readonly #initializers = new Map<string, TensorMessage>();
  readonly #consumers = new Map<string, NodeMessage[]>();
  readonly #codings: ReadonlyMap<string, Coding>;
  /** Activations that are there as bytes (static: channels-last), and those that are
   * there as they were, or in single precision with the channels last. */
  readonly #bytes = new Set<string>();
  readonly #floats = new Set<string>();
  readonly #lasts = new Set<string>();
  readonly #produced: ReadonlySet<string>;

  constructor(
    private readonly source: readonly NodeMessage[],
    initializers: readonly TensorMessage[],
    private readonly outputs: ReadonlySet<string>,
    private readonly ranges: ActivationRanges | undefined,
  ) {
    for (const tensor of initializers) this.#initializers.set(tensor.name, tensor);
    for (const node of source) {
      for (const name of node.input) {
        const found = this.#consumers.get(name);
        if (found) found.push(node);
        else this.#consumers.set(name, [node]);
      }
    }
    this.#produced = new Set(source.flatMap(({ output }) => output));
    this.#codings = ranges ? sharedCodings(source, ranges) : new Map<string, Coding>();
  }

  rewrite(): { nodes: NodeMessage[]; initializers: TensorMessage[] } {
    const fused = new Set<NodeMessage>();
    for (const node of this.source) {
      if (fused.has(node)) continue;
      const { opType, input } = node;
      if (opType === 'Conv' && this.#isQuantizable(node)) {
        if (this.ranges) {
          const relu = this.#soleRelu(node);
          const output = (relu ?? node).output[0];
          if (this.#codings.has(input[0]) && this.#codings.has(output)) {
            this.#convolve(node, output);
            if (relu) fused.add(relu);
            continue;
          }
        } else {
          this.#convolveDynamic(node);
          continue;
        }
      }
      if (!this.#move(node) && !this.#keepLast(node)) this.#keep(node);
    }
    for (const name of this.outputs) this.#asFloat(name);
    return { nodes: this.#nodes, initializers: this.#usedInitializers() };
  }

  /** Convolutions of activations with weights of the network; not of the photo. */
  #isQuantizable({ input: [data, weight] }: NodeMessage): boolean {
    return (
      this.#produced.has(data) &&
      // Constants that stand for an operation have '#' in their names.
      !weight.includes('#') &&
      this.#initializers.has(weight)
    );
  }

  /** The ReLU that is all that a node's output goes to. */
  #soleRelu({ output: [name] }: NodeMessage): NodeMessage | undefined {
    const [only, ...others] = this.#consumers.get(name) ?? [];
    const isSole = only?.opType === 'Relu' && others.length === 0;
    return isSole && !this.outputs.has(name) ? only : undefined;
  }

  #convolve({ name, input, attribute }: NodeMessage, output: string): void {
    const data = this.#asBytes(input[0]);
    const from = this.#codings.get(input[0])!;
    const to = this.#codings.get(output)!;
    const { values, scales } = this.#quantized(input[1]);
    const { dims } = this.#initializers.get(input[1])!;
    const weight = this.#constant(`${input[1]}#q`, INT8, dims, values);
    const bias = this.#values(input[2]);
    const biases = Int32Array.from(scales, (scale, o) =>
      Math.max(
        -(2 ** 31),
        Math.min(2 ** 31 - 1, Math.round((bias?.[o] ?? 0) / (from.scale * scale))),
      ),
    );
    this.#constant(`${name}#bias`, INT32, [biases.length], biases);
    this.#add(
      'QLinearConv',
      byteName(output),
      [
        data,
        ...this.#codingNames(from),
        weight,
        this.#singles(`${name}#scales`, scales),
        this.#constant('#zero8', INT8, [], new Int8Array(1)),
        ...this.#codingNames(to),
        `${name}#bias`,
      ],
      [...attribute, integer('channels_last', 1)],
      MICROSOFT,
    );
    this.#bytes.add(output);
  }

  #convolveDynamic({ name, input, output, attribute }: NodeMessage): void {
    const side = (suffix: string) => `${name}#${suffix}`;
    const [data, scale, zero] = this.#dynamicBytes(input[0]);
    const { values, scales } = this.#quantized(input[1]);
    // onnxruntime's ConvInteger is fast with unsigned weights alone.
    const shifted = Uint8Array.from(values, (value) => value + 128);
    const { dims } = this.#initializers.get(input[1])!;
    const weight = this.#constant(side('q'), UINT8, dims, shifted);
    const middle = this.#constant('#middle', UINT8, [], Uint8Array.of(128));
    this.#add('ConvInteger', side('sums'), [data, weight, zero, middle], attribute);
    this.#add('Cast', side('whole'), [side('sums')], [integer('to', FLOAT)]);
    const shape = [1, scales.length, 1, 1];
    const factors = this.#singles(side('scales'), scales, shape);
    this.#add('Mul', side('factors'), [factors, scale]);
    const bias = this.#values(input[2]);
    const product = bias ? side('scaled') : output[0];
    this.#add('Mul', product, [side('whole'), side('factors')]);
    if (bias) {
      const biases = this.#singles(side('bias'), bias, shape);
      this.#add('Add', output[0], [product, biases]);
    }
    this.#floats.add(output[0]);
  }

  /** Bytes, scale and zero of an activation by its own range at that moment. */
  #dynamicBytes(name: string): [string, string, string] {
    const names: [string, string, string] = [
      byteName(name),
      `${name}#bytes-scale`,
      `${name}#bytes-zero`,
    ];
    if (!this.#bytes.has(name)) {
      this.#nodes.push({
        ...{ name: names[0], opType: 'DynamicQuantizeLinear', input: [name] },
        ...{ output: names, attribute: [] },
      });
      this.#bytes.add(name);
    }
    return names;
  }

  /** A pool or a concatenation of bytes, whose output has its inputs' coding. */
  #move({ opType, input, output: [name], attribute }: NodeMessage): boolean {
    const isPool = opType === 'MaxPool';
    if (!this.ranges || !(isPool || opType === 'Concat')) return false;
    // A pool of numbers with the channels last runs as bytes if what follows does.
    if (isPool && this.#lasts.has(input[0]) && this.#codings.has(input[0])) {
      this.#asBytes(input[0]);
    }
    if (!input.every((from) => this.#bytes.has(from))) return false;
    const bytes = input.map(byteName);
    if (isPool) this.#add('NhwcMaxPool', byteName(name), bytes, attribute, MICROSOFT);
    else this.#add('Concat', byteName(name), bytes, [integer('axis', 3)]);
    this.#bytes.add(name);
    return true;
  }

  /** What works number by number, or on all channels of a place, after bytes. */
  #keepLast({ opType, input, output: [name] }: NodeMessage): boolean {
    const isBand = opType === 'Conv' && input[1].endsWith('#band');
    const isPointwise = POINTWISE.has(opType);
    const data = isBand ? input.slice(0, 1) : input;
    const isThere = (from: string) => this.#lasts.has(from) || this.#bytes.has(from);
    if (!this.ranges || !(isBand || isPointwise) || !data.every(isThere)) return false;
    const inputs = data.map((from) => this.#asLast(from));
    if (isBand) {
      const product = `${name}#product`;
      this.#add('MatMul', product, [inputs[0], this.#transposedBand(input[1])]);
      this.#add('Add', lastName(name), [product, input[2]]);
    } else this.#add(opType, lastName(name), inputs);
    this.#lasts.add(name);
    return true;
  }

  /** A banded convolution's weights as the right side of a product of matrices. */
  #transposedBand(name: string): string {
    const values = this.#values(name)!;
    const n = this.#initializers.get(name)!.dims[0];
    const transposed = Float32Array.from(
      values,
      (_, i) => values[(i % n) * n + Math.floor(i / n)],
    );
    return this.#singles(`${name}-transposed`, transposed, [n, n]);
  }

  #keep(node: NodeMessage): void {
    for (const name of node.input) this.#asFloat(name);
    this.#nodes.push(node);
    for (const name of node.output) this.#floats.add(name);
  }

  /** Makes an activation be there as it was in the model. */
  #asFloat(name: string): void {
    if (this.#floats.has(name) || !(this.#bytes.has(name) || this.#lasts.has(name))) {
      return;
    }
    this.#floats.add(name);
    // Dynamic coding leaves the numbers beside their bytes.
    if (!this.ranges) return;
    this.#add('Transpose', name, [this.#asLast(name)], [permutation(0, 3, 1, 2)]);
  }

  /** Makes an activation be there in single precision, channels last. */
  #asLast(name: string): string {
    if (!this.#lasts.has(name)) {
      const coding = this.#codingNames(this.#codings.get(name)!);
      this.#add('DequantizeLinear', lastName(name), [byteName(name), ...coding]);
      this.#lasts.add(name);
    }
    return lastName(name);
  }

  /** Makes an activation be there as bytes, channels last; gives their name. */
  #asBytes(name: string): string {
    if (!this.#bytes.has(name)) {
      const coding = this.#codingNames(this.#codings.get(name)!);
      if (this.#lasts.has(name)) {
        this.#add('QuantizeLinear', byteName(name), [lastName(name), ...coding]);
      } else {
        const turned = `${byteName(name)}-turned`;
        this.#add('QuantizeLinear', turned, [name, ...coding]);
        this.#add('Transpose', byteName(name), [turned], [permutation(0, 2, 3, 1)]);
      }
      this.#bytes.add(name);
    }
    return byteName(name);
  }

  #codingNames({ scale, zero }: Coding): [string, string] {
    return [
      this.#singles(`#scale-${scale}`, Float32Array.of(scale), []),
      this.#constant(`#zero-${zero}`, UINT8, [], Uint8Array.of(zero)),
    ];
  }

  #quantized(name: string): QuantizedWeights {
    const { dims } = this.#initializers.get(name)!;
    return quantizeWeights(this.#values(name)!, dims[0]);
  }

  /** The numbers of a constant in single precision. */
  #values(name: string | undefined): Float32Array | undefined {
    const tensor = name === undefined ? undefined : this.#initializers.get(name);
    if (!tensor) return undefined;
    const { buffer, byteOffset, byteLength } = tensor.rawData;
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  }

  #add(
    opType: string,
    name: string,
    input: string[],
    attribute: object[] = [],
    domain?: string,
  ): void {
    this.#nodes.push({ name, opType, domain, input, output: [name], attribute });
  }

  #singles(name: string, values: Float32Array, dims = [values.length]): string {
    this.#initializers.set(name, singles(name, values, dims));
    return name;
  }

  #constant(
    name: string,
    dataType: number,
    dims: number[],
    { buffer, byteOffset, byteLength }: Uint8Array | Int8Array | Int32Array,
  ): string {
    const rawData = new Uint8Array(buffer, byteOffset, byteLength);
    this.#initializers.set(name, { name, dims, dataType, rawData });
    return name;
  }

  #usedInitializers(): TensorMessage[] {
    const used = new Set(this.#nodes.flatMap(({ input }) => input));
    return [...this.#initializers.values()].filter(({ name }) => used.has(name));
  }
}

const byteName = (name: string) => `${name}#bytes`;
const lastName = (name: string) => `${name}#last`;
const permutation = (...axes: number[]) => integers('perm', axes);

/**
 * The coding of each activation with a known range. The inputs and outputs of a pool or
 * a concatenation have one in common, so that their bytes are only moved.
 */
function sharedCodings(
  nodes: readonly NodeMessage[],
  ranges: ActivationRanges,
): Map<string, Coding> {
  const leaders = new Map<string, string>();
  const leader = (name: string): string => {
    const next = leaders.get(name);
    return next === undefined ? name : leader(next);
  };
  for (const { opType, input, output } of nodes) {
    if (opType !== 'Concat' && opType !== 'MaxPool') continue;
    for (const name of input) {
      const [from, to] = [leader(name), leader(output[0])];
      if (from !== to) leaders.set(from, to);
    }
  }
  const bounds = new Map<string, [number, number]>();
  for (const [name, [low, high]] of ranges) {
    const key = leader(name);
    // Padding is 0, which must be one of the bytes.
    const [least, greatest] = bounds.get(key) ?? [0, 0];
    bounds.set(key, [Math.min(least, low), Math.max(greatest, high)]);
  }
  const codings = new Map<string, Coding>();
  const names = new Set(nodes.flatMap(({ input, output }) => [...input, ...output]));
  for (const name of names) {
    const bound = bounds.get(leader(name));
    if (!bound) continue;
    const scale = Math.fround(Math.max(bound[1] - bound[0], 1e-6) / 255);
    codings.set(name, { scale, zero: Math.round(-bound[0] / scale) });
  }
  return codings;
}

/**
 * A model that carries its weights in half precision. onnxruntime has no half-precision
 * convolutions on x86 processors: it widens the weights when it loads, so that only the
 * model's size changes, and what rounding to 11 bits does to the results.
 */
export function halveOnnx(model: ModelMessage): ModelMessage {
  const { graph } = model;
  const casts: NodeMessage[] = [];
  const initializer = graph.initializer.map((tensor) => {
    const { name, dims, dataType, rawData } = tensor;
    if (dataType !== FLOAT || name.includes('#')) return tensor;
    const { buffer, byteOffset, byteLength } = rawData;
    const halves = singleToHalf(new Float32Array(buffer, byteOffset, byteLength / 4));
    casts.push({
      ...{ name, opType: 'Cast', input: [`${name}#half`], output: [name] },
      attribute: [integer('to', FLOAT)],
    });
    return {
      ...{ name: `${name}#half`, dims, dataType: FLOAT16 },
      rawData: new Uint8Array(halves.buffer),
    };
  });
  return {
    ...model,
    graph: { ...graph, node: [...casts, ...graph.node], initializer },
  };
}
