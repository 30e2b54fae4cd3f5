import { activationShapes } from '../../detectors/graph/activationShapes.js';
import type { Graph } from '../../detectors/graph/types.js';
import {
  float,
  FLOAT,
  INT64,
  integer,
  integers,
} from '../../detectors/onnx/messages.js';
import { ModelProto } from '../../detectors/onnx/schema.js';
import type { Weights } from '../../detectors/weights/weights.js';

/** How a foreign exporter writes a network. */
export interface ZooForm {
  opset: number;
  /** Numbers in `float_data` or in `raw_data`. */
  numbers?: 'float' | 'raw';
  /** Order of the initialisers, and of `Gemm`'s weights. */
  isReversed?: boolean;
  /** `MatMul` and `Add` for `Gemm`, [inputs, outputs]. */
  isProduct?: boolean;
  /** Ends with the logits. */
  isWithoutSoftmax?: boolean;
  /** Names of the initialisers are numbers. */
  isNameless?: boolean;
}

/** A node or an initialiser that a test may change before it is written. */
export interface ZooModel {
  nodes: {
    name: string;
    opType: string;
    input: string[];
    output: string[];
    attribute: object[];
  }[];
  initializers: {
    name: string;
    dims: number[];
    dataType: number;
    [key: string]: unknown;
  }[];
  input: string;
  side: number;
  output: string;
  opset: number;
}

/**
 * A network in the form of the ONNX Model Zoo, which came from Caffe2: initialisers
 * called NODE_w_0 and NODE_b_0, outputs NODE_1; pools that round up as pools padded at
 * the far sides; the last pool as a 7×7 average; a reshape before the product;
 * dropout with a mask. Initialisers are inputs too before opset 9.
 */
export function zooModel(graph: Graph, weights: Weights, form: ZooForm): ZooModel {
  const { opset, numbers = 'raw', isReversed, isProduct, isNameless } = form;
  const shapes = activationShapes(graph);
  const nodes: ZooModel['nodes'] = [];
  const initializers: ZooModel['initializers'] = [];
  const value = (name: string) => (name === graph.input ? 'data_0' : `${name}_1`);
  const bytes = (data: Float32Array) =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const parameter = (name: string, suffix: string, transpose = false): string => {
    const { shape, data } = weights.tensors.get(name)!;
    const [rows, columns] = shape;
    const turned = transpose
      ? data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)])
      : data;
    const key = isNameless ? `${initializers.length}` : `${name}_${suffix}_0`;
    initializers.push({
      name: key,
      dims: transpose ? [columns, rows] : [...shape],
      dataType: FLOAT,
      [numbers === 'raw' ? 'rawData' : 'floatData']: bytes(turned),
    });
    return key;
  };
  const add = (
    opType: string,
    name: string,
    input: string[],
    attribute: object[] = [],
    output = [value(name)],
  ) => nodes.push({ name: isNameless ? '' : name, opType, input, output, attribute });

  for (const node of graph.nodes) {
    const { name } = node;
    const inputs = 'inputs' in node ? node.inputs.map(value) : [value(node.input)];
    switch (node.op) {
      case 'convolution': {
        const { size, stride = 1, pad = 0, groups = 1, bias = true } = node;
        const { farPad = pad } = node;
        const window = [
          integers('kernel_shape', [size, size]),
          integers('strides', [stride, stride]),
          integers('pads', [pad, pad, farPad, farPad]),
          integer('group', groups),
        ];
        const parameters = [parameter(`${name}/weight`, 'w')];
        if (bias) parameters.push(parameter(`${name}/bias`, 'b'));
        add('Conv', name, [...inputs, ...parameters], window);
        break;
      }
      case 'batchNormalization':
        add(
          'BatchNormalization',
          name,
          [
            ...inputs,
            ...['weight', 'bias', 'mean', 'variance'].map((p) =>
              parameter(`${name}/${p}`, p),
            ),
          ],
          [float('epsilon', node.epsilon)],
        );
        break;
      case 'relu':
        add('Relu', name, inputs);
        break;
      case 'maxPool': {
        const { size, stride, pad = 0 } = node;
        const far = pad + stride - 1;
        add('MaxPool', name, inputs, [
          integers('kernel_shape', [size, size]),
          integers('strides', [stride, stride]),
          integers('pads', [pad, pad, far, far]),
        ]);
        break;
      }
      case 'localResponseNormalization':
        add('LRN', name, inputs, [
          integer('size', node.size),
          float('alpha', node.alpha),
          float('beta', node.beta),
          float('bias', node.k),
        ]);
        break;
      case 'concat':
        add('Concat', name, inputs, [integer('axis', 1)]);
        break;
      case 'globalAveragePool': {
        const [, , side] = shapes.get(node.input)!;
        add('AveragePool', name, inputs, [
          integers('kernel_shape', [side, side]),
          integers('strides', [1, 1]),
        ]);
        break;
      }
      case 'dropout':
        add(
          'Dropout',
          name,
          inputs,
          [float('ratio', node.rate)],
          [value(name), `_${name}_mask`],
        );
        break;
      case 'linear': {
        const columns = shapes
          .get(node.input)!
          .slice(1)
          .reduce((a, b) => a * b, 1);
        if (opset < 5)
          add('Reshape', `${name}/flat`, inputs, [integers('shape', [1, columns])]);
        else {
          const shapeName = `OC2_${name}_shape`;
          const rawData = new Uint8Array(BigInt64Array.of(1n, BigInt(columns)).buffer);
          initializers.push({
            name: shapeName,
            dims: [2],
            dataType: INT64,
            rawData,
          });
          add('Reshape', `${name}/flat`, [...inputs, shapeName]);
        }
        const flat = value(`${name}/flat`);
        const weight = parameter(`${name}/weight`, 'w', isProduct);
        const bias = parameter(`${name}/bias`, 'b');
        if (isProduct) {
          add('MatMul', `${name}/product`, [flat, weight]);
          add('Add', name, [bias, value(`${name}/product`)]);
        } else add('Gemm', name, [flat, weight, bias], [integer('transB', 1)]);
        break;
      }
      case 'flatten':
        add('Flatten', name, inputs);
        break;
      case 'softmax':
        if (!form.isWithoutSoftmax) add('Softmax', name, inputs);
        break;
      default:
        throw new Error(`the Model Zoo has no ${node.op}`);
    }
  }
  if (isReversed) initializers.reverse();
  const last = nodes.at(-1)!.output[0];
  return {
    ...{ nodes, initializers, opset },
    ...{ input: 'data_0', side: graph.inputSize![0], output: last },
  };
}

/** The bytes of such a model. */
export function writeZooModel(model: ZooModel): Uint8Array {
  const value = (name: string, dims: number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: { dim: dims.map((dimValue) => ({ dimValue })) },
      },
    },
  });
  const { nodes, initializers, input, side, output, opset } = model;
  const asInputs =
    opset < 9 ? initializers.map(({ name, dims }) => value(name, dims)) : [];
  return ModelProto.encode({
    irVersion: 3,
    producerName: 'onnx-caffe2',
    opsetImport: [{ version: opset }],
    graph: {
      name: 'bvlc_googlenet',
      node: nodes,
      initializer: initializers,
      input: [value(input, [1, 3, side, side]), ...asInputs],
      output: [{ name: output, type: { tensorType: { elemType: FLOAT } } }],
    },
  }).finish();
}
