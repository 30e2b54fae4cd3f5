import type { Graph } from '../graph/types.js';
import type { Weights } from '../weights/weights.js';
import { emitOnnx } from './emitOnnx.js';
import { encodeMessage } from './encodeMessage.js';

/**
 * A network as an ONNX file (see `emitOnnx`) that also carries the weights' metadata,
 * so that `readOnnxWeights` gives back all that went in.
 *
 * @param outputs names of the activations that the model gives
 * @throws DetectorError INVALID_GRAPH, WEIGHTS_MISMATCH
 */
export function exportOnnx(
  graph: Graph,
  weights: Weights,
  outputs: readonly string[],
): Uint8Array {
  const model = emitOnnx(graph, weights, outputs);
  const metadataProps = Object.entries(weights.metadata).map(([key, value]) => ({
    key,
    value,
  }));
  // One message behind another is both: protocol buffers merge them.
  const metadata = encodeMessage('ModelProto', { metadataProps });
  const file = new Uint8Array(model.length + metadata.length);
  file.set(model);
  file.set(metadata, model.length);
  return file;
}
