import { DetectorError } from '../errors.js';
import type { Graph, GraphNode } from '../graph/types.js';
import type { ForeignNetwork } from '../weights/matchGraphs.js';
import type { StoredTensor } from '../weights/storedTensors.js';
import type { OnnxModel, OnnxNode } from './readOnnx.js';

/**
 * An ONNX model as a graph of our node kinds, its parameters under the names of
 * those nodes. Nodes are called as their outputs are. What differs between the
 * operators' versions is levelled: reshapes to two dimensions are `flatten`,
 * `Identity` and `Dropout` vanish; whether pools that round down give the sizes of those
 * that round up is for `matchGraphs` to see.
 *
 * @throws DetectorError WEIGHTS_MISMATCH at operators and settings that no network
 *   of ours has; INVALID_WEIGHTS when a node reads what comes after it
 */
export function onnxGraph(model: OnnxModel, source: string): ForeignNetwork {
  const converter = new Converter(model, source);
  for (const node of model.nodes) converter.add(node);
  return converter.result();
}

class Converter {
  readonly #nodes: GraphNode[] = [];
  readonly #tensors = new Map<string, StoredTensor>();
  readonly #floorPools = new Map<string, number>();
  /** Outputs of operators that change nothing, and what they repeat. */
  readonly #aliases = new Map<string, string>();
  /** Values that are there before the node at hand. */
  readonly #known: Set<string>;

  constructor(
    private readonly model: OnnxModel,
    private readonly source: string,
  ) {
    const { inputs, tensors, integers } = model;
    const names = inputs.map(({ name }) => name);
    this.#known = new Set([...names, ...tensors.keys(), ...integers.keys()]);
  }

  result(): ForeignNetwork {
    const { inputs, outputs, graphName } = this.model;
    const [input] = inputs;
    const channels = input?.shape[1];
    if (inputs.length !== 1 || input.shape.length !== 4 || channels === undefined) {
      throw this.#mismatch(
        `it has ${inputs.length} inputs; one, [N, C, H, W], is needed`,
      );
    }
    const [, , height, width] = input.shape;
    const hasSize = height !== undefined && width !== undefined;
    const graph: Graph = {
      name: graphName,
      input: input.name,
      inputChannels: channels,
      ...(hasSize ? { inputSize: [height, width] as const } : {}),
      nodes: this.#nodes,
    };
    return {
      graph,
      output: this.#resolve(outputs[0] ?? ''),
      tensors: this.#tensors,
      floorPools: this.#floorPools,
    };
  }

  add(node: OnnxNode): void {
    const name = node.output[0] ?? '';
    // ONNX wants every value before its use; what follows relies on it.
    const early = node.input.find((value) => value !== '' && !this.#known.has(value));
    if (early !== undefined || this.#known.has(name)) {
      throw new DetectorError(
        'INVALID_WEIGHTS',
        `${this.source}: not a sound ONNX model: node "${node.name.slice(0, 100)}" ${early === undefined ? 'gives' : 'reads'} "${(early ?? name).slice(0, 100)}", which ${early === undefined ? 'is there already' : 'no earlier node, no initialiser and no input is'}`,
      );
    }
    this.#add(node, name);
    for (const output of node.output) this.#known.add(output);
  }

  #add(node: OnnxNode, name: string): void {
    const input = this.#resolve(node.input[0] ?? '');
    switch (node.opType) {
      case 'Identity':
      case 'Dropout':
        this.#aliases.set(name, input);
        return;
      case 'Conv':
        return this.#convolution(node, name, input);
      case 'Relu':
        this.#nodes.push({ op: 'relu', name, input });
        return;
      case 'MaxPool':
      case 'AveragePool':
        return this.#pool(node, name, input);
      case 'GlobalAveragePool':
        this.#nodes.push({ op: 'globalAveragePool', name, input });
        return;
      case 'ReduceMean': {
        const axes = this.#integers(node, 'axes', 1);
        if (axes.join() !== '2,3')
          throw this.#cannot(node, `over axes [${axes.join()}]`);
        this.#nodes.push({ op: 'globalAveragePool', name, input });
        return;
      }
      case 'LRN':
        this.#nodes.push({
          op: 'localResponseNormalization',
          name,
          input,
          size: this.#integer(node, 'size', 0),
          alpha: this.#float(node, 'alpha', 1e-4),
          beta: this.#float(node, 'beta', 0.75),
          k: this.#float(node, 'bias', 1),
        });
        return;
      case 'BatchNormalization':
        ['weight', 'bias', 'mean', 'variance'].forEach((parameter, i) =>
          this.#tensors.set(`${name}/${parameter}`, this.#tensor(node, i + 1)),
        );
        this.#nodes.push({
          op: 'batchNormalization',
          name,
          input,
          epsilon: this.#float(node, 'epsilon', 1e-5),
        });
        return;
      case 'Concat': {
        // Opset 4 made the axis a must; before it is 1.
        const axis = this.#integer(node, 'axis', 1);
        if (axis !== 1) throw this.#cannot(node, `along axis ${axis}`);
        const inputs = node.input.map((value) => this.#resolve(value));
        this.#nodes.push({ op: 'concat', name, inputs });
        return;
      }
      case 'Flatten':
      case 'Reshape':
      case 'Squeeze':
        return this.#flatten(node, name, input);
      case 'Gemm':
        return this.#linear(node, name, input);
      case 'MatMul':
        return this.#product(node, name, input);
      case 'Add':
        return this.#bias(node, name);
      case 'Softmax': {
        const axis = this.#integer(node, 'axis', this.model.opset < 13 ? 1 : -1);
        if (axis !== 1 && axis !== -1) throw this.#cannot(node, `along axis ${axis}`);
        this.#nodes.push({ op: 'softmax', name, input });
        return;
      }
      default:
        throw this.#cannot(node, 'at all');
    }
  }

  #convolution(node: OnnxNode, name: string, input: string): void {
    const weight = this.#tensor(node, 1);
    const [outputs, , size, width] = weight.shape;
    const dilations = this.#integers(node, 'dilations');
    if (weight.shape.length !== 4 || size !== width) {
      throw this.#cannot(node, `with filters of [${weight.shape.join(', ')}]`);
    }
    if (dilations.some((n) => n !== 1)) throw this.#cannot(node, 'with dilation');
    const stride = this.#stride(node);
    const pads = this.#pads(node, size, stride);
    const [pad, left, farPad, right] = pads;
    if (pad !== left || farPad !== right) {
      throw this.#cannot(node, `with pads [${pads.join()}]`);
    }
    this.#tensors.set(`${name}/weight`, weight);
    const bias = (node.input[2] ?? '') !== '';
    if (bias) this.#tensors.set(`${name}/bias`, this.#tensor(node, 2));
    const groups = this.#integer(node, 'group', 1);
    const filters = { outputs, size, stride, pad, farPad, groups, bias };
    this.#nodes.push({ op: 'convolution', name, input, ...filters });
  }

  #pool(node: OnnxNode, name: string, input: string): void {
    const [size, width] = this.#integers(node, 'kernel_shape');
    if (size !== width || size === undefined) throw this.#cannot(node, 'not square');
    if (this.#integers(node, 'dilations').some((n) => n !== 1)) {
      throw this.#cannot(node, 'with dilation');
    }
    const stride = this.#stride(node);
    const [top, left, bottom, right] = this.#pads(node, size, stride);
    const op = node.opType === 'MaxPool' ? 'maxPool' : 'averagePool';
    const isCeil = this.#integer(node, 'ceil_mode', 0) === 1;
    // Before opset 10 pools round down; more padding on the far side makes up for it.
    const isUneven = bottom !== top && (op !== 'maxPool' || isCeil || bottom < top);
    if (top !== left || bottom !== right || isUneven) {
      throw this.#cannot(node, `with pads [${[top, left, bottom, right].join()}]`);
    }
    const excludesPad = this.#integer(node, 'count_include_pad', 0) === 0;
    if (op === 'averagePool' && top > 0 && excludesPad) {
      throw this.#cannot(node, 'that leaves the padding out of the mean');
    }
    if (!isCeil) this.#floorPools.set(name, bottom);
    this.#nodes.push({ op, name, input, size, stride, pad: top });
  }

  /** [N, C, H, W] as [N, C · H · W], however it is said. */
  #flatten(node: OnnxNode, name: string, input: string): void {
    if (node.opType === 'Flatten' && this.#integer(node, 'axis', 1) !== 1) {
      throw this.#cannot(node, 'from another axis than 1');
    }
    if (node.opType === 'Squeeze') {
      const axes = this.#integers(node, 'axes', 1).map((n) => (n < 0 ? n + 4 : n));
      if (axes.join() !== '2,3') throw this.#cannot(node, `of axes [${axes.join()}]`);
    }
    if (node.opType === 'Reshape') {
      const shape = this.#integers(node, 'shape', 1);
      if (shape.length !== 2 || !(shape[0] >= -1 && shape[0] <= 1)) {
        throw this.#cannot(node, `to [${shape.join(', ')}]`);
      }
    }
    this.#nodes.push({ op: 'flatten', name, input });
  }

  #linear(node: OnnxNode, name: string, input: string): void {
    const isPlain =
      this.#float(node, 'alpha', 1) === 1 &&
      this.#float(node, 'beta', 1) === 1 &&
      this.#integer(node, 'transA', 0) === 0;
    const weight = this.#tensor(node, 1);
    if (!isPlain || weight.shape.length !== 2) throw this.#cannot(node, 'of this form');
    const isTransposed = this.#integer(node, 'transB', 0) === 1;
    this.#addLinear(name, input, isTransposed ? weight : transpose(weight));
    if ((node.input[2] ?? '') !== '') {
      this.#tensors.set(`${name}/bias`, flat(this.#tensor(node, 2)));
    }
  }

  #product(node: OnnxNode, name: string, input: string): void {
    const weight = this.#tensor(node, 1);
    if (weight.shape.length !== 2) throw this.#cannot(node, 'of this form');
    this.#addLinear(name, input, transpose(weight));
  }

  #addLinear(name: string, input: string, weight: StoredTensor): void {
    this.#tensors.set(`${name}/weight`, weight);
    this.#nodes.push({ op: 'linear', name, input, outputs: weight.shape[0] });
  }

  /** An addition of constants to what a product gave: its bias. */
  #bias(node: OnnxNode, name: string): void {
    const bias = node.input.findIndex((value) => this.model.tensors.has(value));
    const sum = this.#resolve(node.input[1 - bias] ?? '');
    const last = this.#nodes.at(-1);
    if (
      bias < 0 ||
      last?.op !== 'linear' ||
      last.name !== sum ||
      this.#tensors.has(`${sum}/bias`)
    ) {
      throw this.#cannot(node, 'that is no bias');
    }
    this.#tensors.set(`${sum}/bias`, flat(this.#tensor(node, bias)));
    this.#aliases.set(name, sum);
  }

  #resolve(value: string): string {
    return this.#aliases.get(value) ?? value;
  }

  #tensor(node: OnnxNode, index: number): StoredTensor {
    const name = node.input[index] ?? '';
    const tensor = this.model.tensors.get(name);
    if (!tensor)
      throw this.#cannot(node, `whose parameter "${name}" is no initialiser`);
    return tensor;
  }

  #integer(node: OnnxNode, name: string, otherwise: number): number {
    const { i } = node.attributes.get(name) ?? {};
    return node.attributes.has(name) ? Number(i ?? 0) : otherwise;
  }

  #float(node: OnnxNode, name: string, otherwise: number): number {
    const { f } = node.attributes.get(name) ?? {};
    return node.attributes.has(name) ? (f ?? 0) : otherwise;
  }

  /** An attribute, or an input where a later version has it. */
  #integers(node: OnnxNode, name: string, input?: number): number[] {
    const { ints } = node.attributes.get(name) ?? {};
    if (ints || input === undefined) return (ints ?? []).map(Number);
    return this.model.integers.get(node.input[input] ?? '') ?? [];
  }

  #stride(node: OnnxNode): number {
    const [stride = 1, width = stride] = this.#integers(node, 'strides');
    if (stride !== width) throw this.#cannot(node, 'with two strides');
    return stride;
  }

  /** [top, left, bottom, right] */
  #pads(node: OnnxNode, size: number, stride: number): number[] {
    const { s } = node.attributes.get('auto_pad') ?? {};
    const mode = s ? new TextDecoder().decode(s) : 'NOTSET';
    if (mode === 'VALID') return [0, 0, 0, 0];
    if (mode.startsWith('SAME') && stride === 1 && size % 2 === 1) {
      return Array<number>(4).fill((size - 1) / 2);
    }
    if (mode !== 'NOTSET') throw this.#cannot(node, `padded ${mode}`);
    const pads = this.#integers(node, 'pads');
    return pads.length === 4 ? pads : [0, 0, 0, 0];
  }

  #mismatch(problem: string): DetectorError {
    return new DetectorError('WEIGHTS_MISMATCH', `${this.source}: ${problem}`);
  }
  #cannot(node: OnnxNode, how: string): DetectorError {
    const name = node.name || (node.output[0] ?? '');
    return this.#mismatch(
      `node "${name.slice(0, 100)}": no network here has the operator ${node.opType.slice(0, 100)} ${how}`,
    );
  }
}

/** A bias that some exporters write as [1, outputs]. */
function flat(tensor: StoredTensor): StoredTensor {
  const { shape } = tensor;
  return shape.length === 2 && shape[0] === 1
    ? { ...tensor, shape: [shape[1]] }
    : tensor;
}

/** [inputs, outputs] as [outputs, inputs]. */
function transpose(tensor: StoredTensor): StoredTensor {
  const [rows, columns] = tensor.shape;
  return {
    ...tensor,
    shape: [columns, rows],
    read() {
      const from = tensor.read();
      const to = new Float32Array(from.length);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
      }
      return to;
    },
  };
}
