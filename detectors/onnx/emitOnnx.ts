import { DetectorError } from '../errors.js';
import { activationChannels, nodeInputs } from '../graph/parameterShapes.js';
import type { Graph, GraphNode } from '../graph/types.js';
import type { Weights } from '../weights/weights.js';
import { normalizeChannels } from './normalizeChannels.js';
import {
  float,
  FLOAT,
  INT64,
  integer,
  integers,
  ModelProto,
  text,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
} from './schema.js';

const IR_VERSION = 8;
const OPSET = 17;

/** The nodes that `outputs` need, in the graph's order. */
function neededNodes(graph: Graph, outputs: readonly string[]): GraphNode[] {
  const needed = new Set(outputs);
  const nodes: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name)) continue;
    for (const input of nodeInputs(node)) needed.add(input);
    nodes.push(node);
  }
  return nodes.reverse();
}

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

/** The bytes of a model. */
export function encodeOnnx(model: ModelMessage): Uint8Array {
  return ModelProto.encode(model).finish();
}

/**
 * The same model before it is written, for what rewrites it. The numbers of the
 * weights are not copied.
 *
 * @throws DetectorError INVALID_GRAPH
 */
export function buildOnnx(
  graph: Graph,
  weights: Weights,
  outputs: readonly string[],
): ModelMessage {
  const channels = activationChannels(graph);
  for (const output of outputs) {
    if (!channels.has(output)) {
      throw new DetectorError(
        'INVALID_GRAPH',
        `graph "${graph.name}" has no activation "${output}"`,
      );
    }
  }
  const emitter = new Emitter(weights, channels);
  for (const node of neededNodes(graph, outputs)) emitter.emit(node);
  const value = (name: string, dims: (number | string)[]) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: {
          dim: dims.map((d) =>
            typeof d === 'number' ? { dimValue: d } : { dimParam: d },
          ),
        },
      },
    },
  });
  return {
    irVersion: IR_VERSION,
    producerName: 'googlenet-rcnn',
    opsetImport: [{ version: OPSET }],
    graph: {
      name: graph.name,
      node: emitter.nodes,
      initializer: emitter.initializers,
      input: [value(graph.input, ['batch', graph.inputChannels, 'height', 'width'])],
      output: outputs.map((name) => ({
        name,
        type: { tensorType: { elemType: FLOAT } },
      })),
    },
  };
}

class Emitter {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: TensorMessage[] = [];
  readonly #constants = new Set<string>();

  constructor(
    private readonly weights: Weights,
    private readonly channels: ReadonlyMap<string, number>,
  ) {}

  emit(node: GraphNode): void {
    switch (node.op) {
      case 'convolution': {
        const { size, stride = 1, pad = 0, groups = 1 } = node;
        this.#add(
          'Conv',
          node.name,
          [node.input, ...this.#parameters(node.name)],
          [
            integers('kernel_shape', [size, size]),
            integers('strides', [stride, stride]),
            integers('pads', [pad, pad, pad, pad]),
            integer('group', groups),
          ],
        );
        return;
      }
      case 'relu':
        return this.#add('Relu', node.name, [node.input]);
      case 'maxPool': {
        const { size, stride, pad = 0 } = node;
        this.#add(
          'MaxPool',
          node.name,
          [node.input],
          [
            integers('kernel_shape', [size, size]),
            integers('strides', [stride, stride]),
            integers('pads', [pad, pad, pad, pad]),
            integer('ceil_mode', 1),
          ],
        );
        return;
      }
      case 'localResponseNormalization': {
        const group = normalizeChannels(node, this.channels.get(node.input)!);
        if (group) {
          this.nodes.push(...group.nodes);
          this.initializers.push(...group.initializers);
          return;
        }
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
      case 'concat':
        return this.#add('Concat', node.name, [...node.inputs], [integer('axis', 1)]);
      case 'globalAveragePool': {
        const pooled = `${node.name}#pooled`;
        this.#add('GlobalAveragePool', pooled, [node.input]);
        return this.#add('Flatten', node.name, [pooled], [integer('axis', 1)]);
      }
      case 'dropout':
        return this.#add('Identity', node.name, [node.input]);
      case 'linear':
        return this.#add(
          'Gemm',
          node.name,
          [node.input, ...this.#parameters(node.name)],
          [integer('transB', 1)],
        );
      case 'softmax':
        return this.#add('Softmax', node.name, [node.input], [integer('axis', 1)]);
      case 'spaceToBatch':
        return this.#spaceToBatch(node.name, node.input, node.block);
      case 'batchToSpace':
        return this.#batchToSpace(node.name, node.input, node.block, node.like);
    }
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
    const shape = this.#constant(`grids-${this.channels.get(input)}`, [
      -1,
      this.channels.get(input)!,
      0,
      0,
    ]);
    this.#add('Reshape', name, [side('deep'), shape]);
  }

  #batchToSpace(name: string, input: string, block: number, like: string): void {
    const side = (suffix: string) => `${name}#${suffix}`;
    const channels = this.channels.get(input)! * block * block;
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

  /** Adds a node's weight and bias; gives their names. */
  #parameters(node: string): string[] {
    return [`${node}/weight`, `${node}/bias`].map((name) => {
      const tensor = this.weights.tensors.get(name);
      if (!tensor) {
        throw new DetectorError('WEIGHTS_MISMATCH', `the weights have no "${name}"`);
      }
      const { data, shape } = tensor;
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.initializers.push({ name, dims: [...shape], dataType: FLOAT, rawData });
      return name;
    });
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
