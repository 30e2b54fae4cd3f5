import protobuf from 'protobufjs/light.js';
import { gaborFilters } from '../../detectors/graph/gaborFilters.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';

const layer = (name: number, bottom: number, top: number, blobs: number) => ({
  bottom: { rule: 'repeated' as const, type: 'string', id: bottom },
  top: { rule: 'repeated' as const, type: 'string', id: top },
  name: { type: 'string', id: name },
  blobs: { rule: 'repeated' as const, type: 'Blob', id: blobs },
});
const packed = { packed: true };

/** caffe.proto, as far as files of weights go. */
const root = protobuf.Root.fromJSON({
  nested: {
    Net: {
      fields: {
        name: { type: 'string', id: 1 },
        layers: { rule: 'repeated', type: 'OldLayer', id: 2 },
        layer: { rule: 'repeated', type: 'Layer', id: 100 },
      },
    },
    OldLayer: { fields: { ...layer(4, 2, 3, 6), type: { type: 'int32', id: 5 } } },
    Layer: { fields: { ...layer(1, 3, 4, 7), type: { type: 'string', id: 2 } } },
    Blob: {
      fields: {
        num: { type: 'int32', id: 1 },
        channels: { type: 'int32', id: 2 },
        height: { type: 'int32', id: 3 },
        width: { type: 'int32', id: 4 },
        // Packed floats and doubles, which are bytes on the wire.
        data: { type: 'bytes', id: 5 },
        shape: { type: 'Shape', id: 7 },
        doubleData: { type: 'bytes', id: 8 },
      },
    },
    Shape: {
      fields: { dim: { rule: 'repeated', type: 'int64', id: 1, options: packed } },
    },
  },
});

const rawBytes = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A layer of Caffe's with its blobs as tensors. */
export interface CaffePart {
  name: string;
  type: string;
  bottom: string[];
  top: string[];
  blobs: Tensor[];
}

/** caffe.proto, V1LayerParameter.LayerType */
const V1_TYPES: Record<string, number> = { Convolution: 4, InnerProduct: 14, ReLU: 18 };
const TYPES: Record<string, string> = {
  convolution: 'Convolution',
  linear: 'InnerProduct',
  relu: 'ReLU',
  batchNormalization: 'BatchNorm',
  maximum: 'Eltwise',
};

/**
 * A graph's layers as a trained Caffe net has them: batch normalization as BatchNorm
 * (sums over a factor) and Scale, in place.
 */
export function caffeParts(graph: Graph, weights: Weights): CaffePart[] {
  const get = (name: string) => weights.tensors.get(name);
  return graph.nodes.flatMap((node): CaffePart[] => {
    const { name } = node;
    const bottom = 'inputs' in node ? [...node.inputs] : [node.input];
    const part = { name, type: TYPES[node.op] ?? 'Other', bottom, top: [name] };
    if (node.op === 'fixedConvolution') {
      return [
        {
          ...part,
          type: 'Convolution',
          blobs: [gaborFilters(node, graph.inputChannels)],
        },
      ];
    }
    if (node.op !== 'batchNormalization') {
      const blobs = [get(`${name}/weight`), get(`${name}/bias`)];
      return [{ ...part, blobs: blobs.filter((blob) => blob !== undefined) }];
    }
    const factor = 8;
    const sums = ['mean', 'variance'].map((parameter) => {
      const { shape, data } = get(`${name}/${parameter}`)!;
      return { shape, data: data.map((x) => x * factor) };
    });
    const scale = { name: `${name}/scale`, type: 'Scale', bottom: [name], top: [name] };
    return [
      { ...part, blobs: [...sums, { shape: [1], data: Float32Array.of(factor) }] },
      { ...scale, blobs: [get(`${name}/weight`)!, get(`${name}/bias`)!] },
    ];
  });
}

/** How blobs are written. */
export interface CaffeForm {
  /** `layers`: V1, shapes as four numbers; `layer`: V2. */
  form: 'layer' | 'layers';
  /** Numbers in double precision. */
  isDouble?: boolean;
}

/** A `.caffemodel` of layers. */
export function writeCaffemodel(
  parts: readonly CaffePart[],
  { form, isDouble = false }: CaffeForm,
): Uint8Array {
  const layers = parts.map(({ type, blobs, ...rest }) => ({
    ...rest,
    type: form === 'layers' ? (V1_TYPES[type] ?? 0) : type,
    blobs: blobs.map(({ shape, data }) => {
      const [num, channels, height, width] = [1, 1, 1, 1, ...shape].slice(-4);
      const size =
        form === 'layer' ? { shape: { dim: shape } } : { num, channels, height, width };
      const numbers = rawBytes(isDouble ? Float64Array.from(data) : data);
      return { ...size, [isDouble ? 'doubleData' : 'data']: numbers };
    }),
  }));
  return root
    .lookupType('Net')
    .encode({ name: 'net', [form]: layers })
    .finish();
}

/** A mean file: a blob of [1, channels, height, width]. */
export function writeCaffeMean({ shape, data }: Tensor, isNew = false): Uint8Array {
  const [num, channels, height, width] = shape;
  const size = isNew ? { shape: { dim: shape } } : { num, channels, height, width };
  return root
    .lookupType('Blob')
    .encode({ ...size, data: rawBytes(data) })
    .finish();
}
