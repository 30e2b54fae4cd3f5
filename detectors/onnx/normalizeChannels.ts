import type { LocalResponseNormalization } from '../graph/types.js';
import { FLOAT, integers, type NodeMessage, type TensorMessage } from './messages.js';

/** Nodes and constants that stand for one node of a graph. */
export interface NodeGroup {
  nodes: NodeMessage[];
  initializers: TensorMessage[];
}

/**
 * Local response normalisation as operations that engines have fast code for.
 * onnxruntime's own LRN raises every number to a power one by one, which takes more
 * than half of GoogLeNet's time. Here the sum over neighbouring channels is a 1×1
 * convolution of the squares with a banded matrix (α / size on the band, bias k), and
 * s^0.75 is √s · √√s: the same numbers to the last bits of single precision.
 *
 * @param channels of the input
 * @returns undefined when β is not 0.75 or k may make the sum 0
 */
export function normalizeChannels(
  node: LocalResponseNormalization,
  channels: number,
): NodeGroup | undefined {
  const { name, input, size, alpha, beta, k } = node;
  if (beta !== 0.75 || !(k > 0)) return undefined;
  const band = new Float32Array(channels * channels);
  // As in Caffe and ONNX, an even size reaches one channel further up than down.
  const below = Math.floor((size - 1) / 2);
  const above = size - 1 - below;
  for (let c = 0; c < channels; c++) {
    const last = Math.min(c + above, channels - 1);
    for (let other = Math.max(c - below, 0); other <= last; other++) {
      band[c * channels + other] = alpha / size;
    }
  }
  const side = (suffix: string) => `${name}#${suffix}`;
  const add = (opType: string, output: string, ...inputs: string[]): NodeMessage => ({
    name: output,
    opType,
    input: inputs,
    output: [output],
    attribute: [],
  });
  const sum = add('Conv', side('sum'), side('squares'), side('band'), side('k'));
  sum.attribute = [integers('kernel_shape', [1, 1])];
  return {
    nodes: [
      add('Mul', side('squares'), input, input),
      sum,
      add('Sqrt', side('root'), side('sum')),
      add('Sqrt', side('rootroot'), side('root')),
      add('Mul', side('scale'), side('root'), side('rootroot')),
      add('Div', name, input, side('scale')),
    ],
    initializers: [
      singles(side('band'), band, [channels, channels, 1, 1]),
      singles(side('k'), new Float32Array(channels).fill(k), [channels]),
    ],
  };
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
