import { ModelProto, type ModelMessage, type TensorMessage } from './schema.js';

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
  const outside = ModelProto.encode({ ...rest }).finish();
  const inside = graphBytes({ ...graph, initializer: [] });
  const tensors = graph.initializer.map((tensor) => ({
    head: tensorBytes(tensor),
    data: tensor.rawData,
  }));
  const tensorSize = ({ head, data }: (typeof tensors)[number]) =>
    head.length + 1 + varintSize(data.length) + data.length;
  let graphSize = inside.length;
  for (const tensor of tensors) {
    const size = tensorSize(tensor);
    graphSize += 1 + varintSize(size) + size;
  }
  const file = new ByteWriter(outside.length + 1 + varintSize(graphSize) + graphSize);
  file.bytes(outside);
  file.varint(MODEL_GRAPH);
  file.varint(graphSize);
  file.bytes(inside);
  for (const tensor of tensors) {
    file.varint(GRAPH_INITIALIZER);
    file.varint(tensorSize(tensor));
    file.bytes(tensor.head);
    file.varint(TENSOR_RAW_DATA);
    file.varint(tensor.data.length);
    file.bytes(tensor.data);
  }
  return file.buffer;
}

/** A graph without its numbers, as the inside of a message. */
function graphBytes(graph: ModelMessage['graph']): Uint8Array {
  return GraphProto.encode(graph).finish();
}

/** A tensor without its numbers, as the inside of a message. */
function tensorBytes({ name, dims, dataType }: TensorMessage): Uint8Array {
  return TensorProto.encode({ name, dims, dataType }).finish();
}

const GraphProto = ModelProto.root.lookupType('GraphProto');
const TensorProto = ModelProto.root.lookupType('TensorProto');

function varintSize(value: number): number {
  let size = 1;
  for (; value >= 128; value = Math.floor(value / 128)) size++;
  return size;
}

class ByteWriter {
  readonly buffer: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.buffer = new Uint8Array(size);
  }

  bytes(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) {
      this.buffer[this.#at++] = (rest % 128) | 128;
    }
    this.buffer[this.#at++] = rest;
  }
}
