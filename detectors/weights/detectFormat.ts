import { isLegacyTorchFile } from './torch/torchFile.js';

export type WeightsFormat =
  'safetensors' | 'caffemodel' | 'caffe-mean' | 'onnx' | 'torch' | 'tfjs';

/** What a file is, or why it can't be read. */
export type DetectedFormat = { format: WeightsFormat } | { problem: string };

/** Kinds of file that are known and not read, by how they begin. */
const REFUSED: readonly { start: readonly number[]; at?: number; problem: string }[] = [
  { start: [0x1f, 0x8b], problem: 'it is gzipped; unzip it first' },
  {
    start: [0x89, 0x48, 0x44, 0x46],
    problem: 'it is an HDF5 file (.h5), of Keras or of Caffe; save it in another form',
  },
  {
    start: [...'ustar'].map((c) => c.charCodeAt(0)),
    at: 257,
    problem:
      'it is a tar file, as PyTorch wrote before 0.1.10 or as the ONNX Model Zoo packs; unpack it, or save it anew',
  },
  { start: [0x80], problem: 'it is a bare pickle; save the weights with torch.save' },
];

/** Fields of a message are looked at up to this many. */
const MAX_FIELDS = 64;

/**
 * Tells a weights file by its content, whatever its name says: safetensors by the
 * length and the brace that begin it, zip and PyTorch's older form by their first
 * bytes, JSON as tfjs's model.json, and protocol buffers by the numbers and kinds of
 * their first fields.
 */
export function detectFormat(bytes: Uint8Array): DetectedFormat {
  if (isLegacyTorchFile(bytes)) return { format: 'torch' };
  const begins = (start: readonly number[], at = 0) =>
    start.every((byte, i) => bytes[at + i] === byte);
  if (begins([0x50, 0x4b, 3, 4])) return { format: 'torch' };
  const refused = REFUSED.find(({ start, at }) => begins(start, at));
  if (refused) return { problem: refused.problem };
  if (bytes.byteLength > 9 && bytes[8] === 0x7b) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A header longer than the file is a truncated file, which its reader names.
    if (view.getBigUint64(0, true) < 1n << 32n) return { format: 'safetensors' };
  }
  if (/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))) {
    return { format: 'tfjs' };
  }
  return (
    detectMessage(bytes) ?? {
      problem:
        'it is none of .caffemodel, .binaryproto, .onnx, .pth, .safetensors and a tfjs model.json (truncated?)',
    }
  );
}

/** Which of three protocol buffers a file is; undefined when it is none. */
function detectMessage(bytes: Uint8Array): DetectedFormat | undefined {
  const fields = readFields(bytes);
  const has = (field: number, wire: number) => fields.has(8 * field + wire);
  // ModelProto: ir_version, graph, opset_import; the graph is past all doubt.
  if (has(1, 0) && has(7, 2) && !has(5, 2) && !has(2, 0)) return { format: 'onnx' };
  // BlobProto: num, channels, height, width, or shape; and data.
  if ((has(1, 0) || has(7, 2)) && (has(5, 2) || has(8, 2)) && !has(2, 2)) {
    return { format: 'caffe-mean' };
  }
  // NetParameter: name, and layers of either generation.
  if (has(100, 2) || has(2, 2)) return { format: 'caffemodel' };
  return undefined;
}

/** The tags of a message's first fields, as far as it is well-formed. */
function readFields(bytes: Uint8Array): Set<number> {
  const tags = new Set<number>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 63 && at < bytes.length; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return NaN;
  };
  for (let i = 0; i < MAX_FIELDS && at < bytes.length; i++) {
    const tag = varint();
    const wire = tag % 8;
    if (!(tag >= 8) || ![0, 1, 2, 5].includes(wire)) break;
    const length =
      wire === 0 ? (varint(), 0) : wire === 1 ? 8 : wire === 5 ? 4 : varint();
    if (!(length >= 0)) break;
    // The last field of a truncated file counts too.
    tags.add(tag);
    at += length;
  }
  return tags;
}
