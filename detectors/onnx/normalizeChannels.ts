import type { LocalResponseNormalization } from '../graph/types.js';
import {
  FLOAT,
  INT64,
  integer,
  integers,
  type NodeMessage,
  type TensorMessage,
} from './messages.js';

/** Nodes and constants that stand for one node of a graph. */
export interface NodeGroup {
  nodes: NodeMessage[];
  initializers: TensorMessage[];
}

/** Channels that a group has at most; a group reads a few more. */
const GROUP = 16;

/**
 * Local response normalisation as operations that engines have fast code for.
 * onnxruntime's own LRN raises every number to a power one by one, which takes more
 * than half of GoogLeNet's time. Here the sum over neighbouring channels is a 1×1
 * convolution of the squares with a banded matrix (α / size on the band, bias k), and
 * s^0.75 is √s · √√s: the same numbers to the last bits of single precision.
 *
 * @param channels of the input
 * @param isGrouped whether a band is cut into groups, which read the channels that they
 *   share with others from a copy, instead of multiplying by all its zeros
 * @returns undefined when β is not 0.75 or k may make the sum 0
 */
export function normalizeChannels(
  node: LocalResponseNormalization,
  channels: number,
  isGrouped = false,
): NodeGroup | undefined {
  const { name, input, size, alpha, beta, k } = node;
  if (beta !== 0.75 || !(k > 0)) return undefined;
  // As in Caffe and ONNX, an even size reaches one channel further up than down.
  const below = Math.floor((size - 1) / 2);
  let outputs = channels;
  if (isGrouped) for (outputs = GROUP; channels % outputs !== 0;) outputs--;
  const groups = channels / outputs;
  const inputs = groups === 1 ? channels : outputs + size - 1;
  const band = new Float32Array(channels * inputs);
  /** The channel that each group's inputs are; the nearest, weighing 0, outside. */
  const read = new BigInt64Array(groups * inputs);
  for (let i = 0; i < read.length; i++) {
    const first = Math.floor(i / inputs) * outputs;
    const other = groups === 1 ? i : first + (i % inputs) - below;
    read[i] = BigInt(Math.min(Math.max(other, 0), channels - 1));
    if (other < 0 || other >= channels) continue;
    for (let c = first; c < first + outputs; c++) {
      const offset = other - c + below;
      if (offset >= 0 && offset < size) band[c * inputs + (i % inputs)] = alpha / size;
    }
  }
  const side = (suffix: string) => `${name}#${suffix}`;
  const add = (
    opType: string,
    output: string,
    ...inputNames: string[]
  ): NodeMessage => ({
    name: output,
    opType,
    input: inputNames,
    output: [output],
    attribute: [],
  });
  const summed = groups === 1 ? side('squares') : side('read');
  const sum = add('Conv', side('sum'), summed, side('band'), side('k'));
  sum.attribute = [integers('kernel_shape', [1, 1]), integer('group', groups)];
  const gather = add('Gather', side('read'), side('squares'), side('channels'));
  gather.attribute = [integer('axis', 1)];
  return {
    nodes: [
      add('Mul', side('squares'), input, input),
      ...(groups === 1 ? [] : [gather]),
      sum,
      add('Sqrt', side('root'), side('sum')),
      add('Sqrt', side('rootroot'), side('root')),
      add('Mul', side('scale'), side('root'), side('rootroot')),
      add('Div', name, input, side('scale')),
    ],
    initializers: [
      singles(side('band'), band, [channels, inputs, 1, 1]),
      singles(side('k'), new Float32Array(channels).fill(k), [channels]),
      ...(groups === 1 ? [] : [wholes(side('channels'), read)]),
    ],
  };
}

/** A list of whole numbers, as a constant. */
export function wholes(name: string, values: BigInt64Array): TensorMessage {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dims: [values.length], dataType: INT64, rawData };
}

/** A constant in single precision. */
export function singles(
  name: string,
  { buffer, byteOffset, byteLength }: Float32Array,
  dims: number[],
): TensorMessage {
  const rawData = new Uint8Array(buffer, byteOffset, byteLength);
  return { name, dims, dataType: FLOAT, rawData };
}
