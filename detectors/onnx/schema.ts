import protobuf from 'protobufjs/light.js';
import { MESSAGES } from './messages.js';

/** Reads any ONNX model. Models of ours are written by `encodeMessage`. */
export const ModelProto = protobuf.Root.fromJSON({ nested: MESSAGES }).lookupType(
  'ModelProto',
);
