import { basename, dirname } from 'node:path';
import { ByteWriter, encodeMessage, varintSize } from './encodeMessage.js';
import type { ModelMessage } from './messages.js';

/** Field numbers of onnx.proto3, with the wire type of bytes: (number << 3) | 2. */
const MODEL_GRAPH = (7 << 3) | 2;
const GRAPH_INITIALIZER = (5 << 3) | 2;
const TENSOR_RAW_DATA = (9 << 3) | 2;

/**
 * The bytes of a model. Its weights, which are nearly all of it, are copied once, to
 * their place: a writer of messages within messages would copy them at every level.
 */
export function encodeOnnx(model: ModelMessage): Uint8Array {
  const { graph, ...rest } = model;
  const outside = encodeMessage('ModelProto', rest);
  const inside = encodeMessage('GraphProto', { ...graph, initializer: [] });
  const tensors = graph.initializer.map(({ name, dims, dataType, rawData }) => ({
    head: encodeMessage('TensorProto', { name, dims, dataType }),
    data: rawData,
  }));
  const tensorSize = ({ head, data }: (typeof tensors)[number]) =>
    head.length + 1 + varintSize(data.length) + data.length;
  let graphSize = inside.length;
  for (const tensor of tensors) {
    const size = tensorSize(tensor);
    graphSize += 1 + varintSize(size) + size;
  }
  const size = outside.length + 1 + varintSize(graphSize) + graphSize;
  const file = new ByteWriter(size);
  file.bytes(outside);
  file.integer(MODEL_GRAPH);
  file.integer(graphSize);
  file.bytes(inside);
  for (const tensor of tensors) {
    file.integer(GRAPH_INITIALIZER);
    file.integer(tensorSize(tensor));
    file.bytes(tensor.head);
    file.integer(TENSOR_RAW_DATA);
    file.lengthAndBytes(tensor.data);
  }
  return file.finish();
}

/** Bytes of numbers that stand beside a model, under the name that it has for them. */
export interface ExternalData {
  path: string;
  data: Uint8Array;
}

/** A tensor of fewer bytes stands in the model itself. */
const EXTERNAL_BYTES = 1024;
const FLOAT_BYTES = 4;
/** TensorProto.DataLocation */
const EXTERNAL = 1;

/** A model, and what stands beside it: in memory, or in a file of the folder. */
export interface ModelBeside {
  model: Uint8Array;
  externalData?: ExternalData[];
  folder?: string;
}

/**
 * A model that finds its large tensors beside it, as ONNX's external data, in their file
 * where they have one and else in memory: their bytes are not copied.
 */
export function encodeOnnxBeside(model: ModelMessage): ModelBeside {
  const { initializer: tensors } = model.graph;
  const file = tensors.find(({ place }) => place)?.place?.file;
  const paths = new Map<ArrayBufferLike, string>();
  const beside = (location: string, offset: number, length: number) => ({
    dataLocation: EXTERNAL,
    externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({
      key,
      value: String(value),
    })),
  });
  const initializer = tensors.map((tensor) => {
    const { name, dims, dataType, place } = tensor;
    const head = { name, dims, dataType };
    if (place && place.file === file) {
      const length = FLOAT_BYTES * dims.reduce((product, n) => product * n, 1);
      return { ...head, ...beside(basename(file), place.offset, length) };
    }
    const { rawData } = tensor;
    const { buffer, byteOffset, byteLength } = rawData;
    // The runtime takes what is beside from memory or from a file, not from both.
    if (file !== undefined || byteLength < EXTERNAL_BYTES) return { ...head, rawData };
    const location = paths.get(buffer) ?? String(paths.size);
    paths.set(buffer, location);
    return { ...head, ...beside(location, byteOffset, byteLength) };
  });
  return {
    model: encodeMessage('ModelProto', {
      ...model,
      graph: { ...model.graph, initializer },
    }),
    ...(file === undefined
      ? {
          externalData: Array.from(paths, ([buffer, path]) => ({
            path,
            data: new Uint8Array(buffer),
          })),
        }
      : { folder: dirname(file) }),
  };
}
