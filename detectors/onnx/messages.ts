import type { FilePlace } from '../weights/weights.js';

/** A field of a message: its type and its number on the wire. */
export interface Field {
  type: string;
  id: number;
  rule?: 'repeated';
}

export interface MessageType {
  fields: Record<string, Field>;
  oneofs?: Record<string, { oneof: string[] }>;
}

/**
 * The part of ONNX's protocol buffers that models of ours use, written or read.
 * Names and numbers of the fields: onnx.proto3, IR version 8. `floatData` is a
 * packed list of floats, which has the same form on the wire as bytes.
 */
export const MESSAGES = {
  ModelProto: {
    fields: {
      irVersion: { type: 'int64', id: 1 },
      producerName: { type: 'string', id: 2 },
      graph: { type: 'GraphProto', id: 7 },
      opsetImport: { rule: 'repeated', type: 'OperatorSetIdProto', id: 8 },
      metadataProps: { rule: 'repeated', type: 'StringStringEntryProto', id: 14 },
    },
  },
  OperatorSetIdProto: {
    fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } },
  },
  StringStringEntryProto: {
    fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } },
  },
  GraphProto: {
    fields: {
      node: { rule: 'repeated', type: 'NodeProto', id: 1 },
      name: { type: 'string', id: 2 },
      initializer: { rule: 'repeated', type: 'TensorProto', id: 5 },
      input: { rule: 'repeated', type: 'ValueInfoProto', id: 11 },
      output: { rule: 'repeated', type: 'ValueInfoProto', id: 12 },
      valueInfo: { rule: 'repeated', type: 'ValueInfoProto', id: 13 },
    },
  },
  NodeProto: {
    fields: {
      input: { rule: 'repeated', type: 'string', id: 1 },
      output: { rule: 'repeated', type: 'string', id: 2 },
      name: { type: 'string', id: 3 },
      opType: { type: 'string', id: 4 },
      domain: { type: 'string', id: 7 },
      attribute: { rule: 'repeated', type: 'AttributeProto', id: 5 },
    },
  },
  AttributeProto: {
    fields: {
      name: { type: 'string', id: 1 },
      f: { type: 'float', id: 2 },
      i: { type: 'int64', id: 3 },
      s: { type: 'bytes', id: 4 },
      t: { type: 'TensorProto', id: 5 },
      ints: { rule: 'repeated', type: 'int64', id: 8 },
      type: { type: 'int32', id: 20 },
    },
  },
  TensorProto: {
    fields: {
      dims: { rule: 'repeated', type: 'int64', id: 1 },
      dataType: { type: 'int32', id: 2 },
      floatData: { type: 'bytes', id: 4 },
      int64Data: { rule: 'repeated', type: 'int64', id: 7 },
      name: { type: 'string', id: 8 },
      rawData: { type: 'bytes', id: 9 },
      externalData: { rule: 'repeated', type: 'StringStringEntryProto', id: 13 },
      dataLocation: { type: 'int32', id: 14 },
    },
  },
  ValueInfoProto: {
    fields: {
      name: { type: 'string', id: 1 },
      type: { type: 'TypeProto', id: 2 },
    },
  },
  TypeProto: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
  TensorType: {
    fields: {
      elemType: { type: 'int32', id: 1 },
      shape: { type: 'TensorShapeProto', id: 2 },
    },
  },
  TensorShapeProto: {
    fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } },
  },
  Dimension: {
    oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
    fields: {
      dimValue: { type: 'int64', id: 1 },
      dimParam: { type: 'string', id: 2 },
    },
  },
} satisfies Record<string, MessageType>;

/** TensorProto.DataType */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT8 = 3;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT16 = 10;
export const DOUBLE = 11;

/** AttributeProto.AttributeType */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

export interface NodeMessage {
  name: string;
  opType: string;
  /** ONNX's own when there is none. */
  domain?: string;
  input: string[];
  output: string[];
  attribute: object[];
}

export interface TensorMessage {
  name: string;
  dims: number[];
  dataType: number;
  readonly rawData: Uint8Array;
  /** Where a file has the same bytes. */
  place?: FilePlace;
}

export interface ModelMessage {
  irVersion: number;
  producerName: string;
  opsetImport: { domain?: string; version: number }[];
  graph: {
    name: string;
    node: NodeMessage[];
    initializer: TensorMessage[];
    input: object[];
    output: { name: string; type: object }[];
    /** What is known of the shapes of other activations. */
    valueInfo?: object[];
  };
}

/** An attribute whose number is a float even when it is whole. */
export const float = (name: string, f: number) => ({ name, f, type: ATTRIBUTE_FLOAT });
export const integer = (name: string, i: number) => ({ name, i, type: ATTRIBUTE_INT });
export const integers = (name: string, ints: number[]) => ({
  name,
  ints,
  type: ATTRIBUTE_INTS,
});
export const text = (name: string, s: string) => ({
  name,
  s: new TextEncoder().encode(s),
  type: ATTRIBUTE_STRING,
});
