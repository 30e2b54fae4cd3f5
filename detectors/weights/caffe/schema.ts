import protobuf from 'protobufjs/light.js';
import { DetectorError } from '../../errors.js';
import type { StoredTensor } from '../storedTensors.js';

/**
 * The few fields of Caffe's NetParameter that carry names, wiring and numbers; all
 * else is skipped. Field numbers: caffe.proto. `data` is a packed list of floats,
 * which has the same form on the wire as bytes, so it is read without a copy.
 */
const schema = protobuf.Root.fromJSON({
  nested: {
    NetParameter: {
      fields: {
        name: { type: 'string', id: 1 },
        layers: { rule: 'repeated', type: 'V1Layer', id: 2 },
        layer: { rule: 'repeated', type: 'Layer', id: 100 },
      },
    },
    V1Layer: {
      fields: {
        bottom: { rule: 'repeated', type: 'string', id: 2 },
        top: { rule: 'repeated', type: 'string', id: 3 },
        name: { type: 'string', id: 4 },
        type: { type: 'int32', id: 5 },
        blobs: { rule: 'repeated', type: 'Blob', id: 6 },
      },
    },
    Layer: {
      fields: {
        name: { type: 'string', id: 1 },
        type: { type: 'string', id: 2 },
        bottom: { rule: 'repeated', type: 'string', id: 3 },
        top: { rule: 'repeated', type: 'string', id: 4 },
        blobs: { rule: 'repeated', type: 'Blob', id: 7 },
      },
    },
    Blob: {
      fields: {
        num: { type: 'int32', id: 1 },
        channels: { type: 'int32', id: 2 },
        height: { type: 'int32', id: 3 },
        width: { type: 'int32', id: 4 },
        data: { type: 'bytes', id: 5 },
        shape: { type: 'BlobShape', id: 7 },
        doubleData: { type: 'bytes', id: 8 },
      },
    },
    BlobShape: { fields: { dim: { rule: 'repeated', type: 'int64', id: 1 } } },
  },
});

export const NetParameter = schema.lookupType('NetParameter');
export const BlobProto = schema.lookupType('Blob');

/** A BlobProto as decoded. */
export interface Blob {
  num?: number;
  channels?: number;
  height?: number;
  width?: number;
  data?: Uint8Array;
  doubleData?: Uint8Array;
  shape?: { dim?: (number | { toNumber(): number })[] };
}

/** More dimensions than this are no blob. */
const MAX_DIMENSIONS = 32;

/**
 * A blob as a tensor: its dimensions are in `shape` in the later form, in four
 * numbers in the legacy one.
 *
 * @param place what to call the blob in messages
 * @throws DetectorError INVALID_WEIGHTS when it has not as many numbers as it says
 */
export function blobTensor(blob: Blob, place: string, source: string): StoredTensor {
  const { num = 0, channels = 0, height = 0, width = 0 } = blob;
  const shape = blob.shape?.dim?.map(Number) ?? [num, channels, height, width];
  const isDouble = (blob.doubleData?.byteLength ?? 0) > 0;
  const bytes = (isDouble ? blob.doubleData : blob.data) ?? new Uint8Array(0);
  const size = isDouble ? 8 : 4;
  const count = shape.reduce((product, n) => product * n, 1);
  const isProper = shape.length <= MAX_DIMENSIONS && shape.every((n) => n >= 1);
  if (!isProper || bytes.byteLength !== size * count) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: not a sound Caffe file: ${place} says [${shape.slice(0, 8).join(', ')}] and holds ${bytes.byteLength / size} numbers`,
    );
  }
  return {
    shape,
    type: isDouble ? 'double' : 'float',
    read() {
      const { buffer } = new Uint8Array(bytes);
      return isDouble
        ? Float32Array.from(new Float64Array(buffer))
        : new Float32Array(buffer);
    },
  };
}
