import { googlenetClassifier } from '../../detectors/graph/googlenet.js';
import type { Graph } from '../../detectors/graph/types.js';
import { readModel, type DetectorModel } from '../../detectors/model.js';
import type { Preprocessing } from '../../detectors/warp/photo.js';
import { resizePhoto } from '../../detectors/warp/resizePhoto.js';
import { toPhoto, type PixelImage } from '../../detectors/warp/photo.js';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import { readWeights } from '../../detectors/weights/safetensors.js';
import {
  checkWeights,
  type Tensor,
  type Weights,
} from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

/** Longest side at which a classifier looks at a whole photo. */
const CLASSIFIER_SIDE = 256;

/** A network of a weights file, and how photos get into it. */
export interface OpenedNetwork {
  /** What to call it. */
  name: string;
  file: string;
  graph: Graph;
  weights: Weights;
  /** When the file is a detector's. */
  detector?: DetectorModel;
  /** Longest side of a photo in the network, in pixels. */
  side: number;
  preprocessing: Preprocessing;
  /** A whole photo as the network's input, [1, 3, height, width]. */
  prepare(photo: PixelImage): Tensor;
}

/**
 * Reads a detector, or a GoogLeNet classifier in its own or in Caffe's form.
 *
 * @param side longest side of a photo; by default the detector's own, else 256
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export async function openNetwork(file: string, side?: number): Promise<OpenedNetwork> {
  const bytes = await readInputFile(file);
  const weights = file.endsWith('.caffemodel')
    ? readCaffemodel(bytes, file)
    : readWeights(bytes, file);
  const { metadata } = weights;
  if (metadata.graph === 'googlenet') {
    const graph = googlenetClassifier(classCount(weights, file));
    checkWeights(graph, weights, file);
    return opened(file, graph, weights, CAFFE_PREPROCESSING, side ?? CLASSIFIER_SIDE);
  }
  const detector = readModel(weights, file);
  const { graph, preprocessing, photoSide } = detector;
  return {
    ...opened(file, graph, weights, preprocessing, side ?? photoSide),
    detector,
  };
}

/** As Caffe's GoogLeNet was trained: means of blue, green and red. */
const CAFFE_PREPROCESSING: Preprocessing = { channels: 'BGR', mean: [104, 117, 123] };

function opened(
  file: string,
  graph: Graph,
  weights: Weights,
  preprocessing: Preprocessing,
  side: number,
): OpenedNetwork {
  return {
    name: weights.metadata.name ?? graph.name,
    file,
    graph,
    weights,
    side,
    preprocessing,
    prepare: (photo) => resizePhoto(toPhoto(photo), side, preprocessing).input,
  };
}

function classCount({ tensors }: Weights, file: string): number {
  const bias = tensors.get('loss3/classifier/bias');
  if (!bias) {
    throw new UsageError(
      'NOT_A_CLASSIFIER',
      `${file}: the weights have no "loss3/classifier/bias", which says how many classes there are`,
    );
  }
  return bias.data.length;
}
