import { caffeParameters, readCaffeNet } from './caffe/caffemodel.js';
import { chooseNetwork, type ChooseNetworkOptions } from './chooseNetwork.js';
import { classifierMetadata } from './classifierMetadata.js';
import type { Weights } from './weights.js';

/**
 * Reads the parameters of a Caffe classifier (`.caffemodel`, in the legacy V1 form
 * with `layers` or the later one with `layer`). The network is found by the names and
 * shapes of its layers; auxiliary heads (`loss1/…`, `loss2/…`) are left out unless
 * asked for. The number of classes is that of the file's own classifier.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the file is truncated or no
 *   .caffemodel; WEIGHTS_MISMATCH when it is another network's.
 */
export function readCaffemodel(
  bytes: Uint8Array,
  source: string,
  options: ChooseNetworkOptions = {},
): Weights {
  const net = readCaffeNet(bytes, source);
  const { graph, tensors } = chooseNetwork(caffeParameters(net, source), options);
  return { tensors, metadata: classifierMetadata(graph) };
}
