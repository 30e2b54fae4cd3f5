import { createHash } from 'node:crypto';
import { readClassifier } from '../../detectors/classify/readClassifier.js';
import { cropViews, fillCrop } from '../../detectors/classify/cropViews.js';
import { networks } from '../../detectors/graph/networks/index.js';
import type { Graph } from '../../detectors/graph/types.js';
import { readModel, type DetectorModel } from '../../detectors/model.js';
import {
  cropLength,
  toPhoto,
  type PixelImage,
  type Preprocessing,
} from '../../detectors/warp/photo.js';
import { resizePhoto } from '../../detectors/warp/resizePhoto.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import { readWeights } from '../../detectors/weights/safetensors.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

/** Longest side at which a classifier looks at a whole photo. */
const CLASSIFIER_SIDE = 256;

/** A network of a weights file, and how photos get into it. */
export interface OpenedNetwork {
  /** What to call it. */
  name: string;
  file: string;
  /** Of the file. */
  sha256: string;
  graph: Graph;
  weights: Weights;
  /** When the file is a detector's. */
  detector?: DetectorModel;
  /** Longest side of a photo in the network, in pixels; of its input when it is cropped. */
  side: number;
  /** Whether the network sees the middle of photos at one size, as when it classifies. */
  isCropped: boolean;
  /** A photo as the network's input, [1, channels, height, width]. */
  prepare(photo: PixelImage): Tensor;
}

/**
 * Reads a detector or a classifier, in its own or in Caffe's form. Detectors and
 * classifiers that take any size see photos whole; others as when they classify.
 *
 * @param side longest side of a photo; by default the detector's own, else 256
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH; UsageError NOT_A_NETWORK, and
 *   BAD_OPTION when a side is given for a network of one size
 */
export async function openNetwork(file: string, side?: number): Promise<OpenedNetwork> {
  const bytes = await readInputFile(file);
  const weights = file.endsWith('.caffemodel')
    ? readCaffemodel(bytes, file)
    : readWeights(bytes, file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { metadata } = weights;
  const { graph: graphName = '' } = metadata;
  const opened = (
    graph: Graph,
    photoSide: number,
    preprocessing: Preprocessing,
    scale = 1,
  ): OpenedNetwork => ({
    name: metadata.name ?? graph.name,
    file,
    sha256,
    graph,
    weights,
    side: photoSide,
    isCropped: false,
    prepare(photo) {
      const { input } = resizePhoto(toPhoto(photo), photoSide, preprocessing);
      return scale === 1
        ? input
        : { ...input, data: input.data.map((value) => value * scale) };
    },
  });
  if (!Object.hasOwn(networks, graphName)) {
    const detector = readModel(weights, file);
    const { graph, photoSide, preprocessing } = detector;
    return { ...opened(graph, side ?? photoSide, preprocessing), detector };
  }
  const graph = graphOfWeights(weights, file);
  if (graph.nodes.some(({ op }) => op === 'flatten')) {
    const { crops, preprocessing } = readClassifier(bytes, file);
    const shape = [1, graph.inputChannels, crops.side, crops.side];
    if (side !== undefined && side !== crops.side) {
      throw new UsageError(
        'BAD_OPTION',
        `--side ${side}: a "${graphName}" network (${file}) takes ${crops.side}×${crops.side} pixels alone`,
      );
    }
    return {
      ...{ name: metadata.name ?? graph.name, file, sha256, graph, weights },
      ...{ side: crops.side, isCropped: true },
      prepare(photo) {
        const [view] = cropViews(toPhoto(photo), 1, crops);
        const data = new Float32Array(cropLength(preprocessing.channels, crops.side));
        fillCrop(view, preprocessing, data);
        return { data, shape };
      },
    };
  }
  const { scale, ...preprocessing } = readPreprocessing(metadata, file);
  return opened(graph, side ?? CLASSIFIER_SIDE, preprocessing, scale);
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

function readPreprocessing(
  metadata: Readonly<Record<string, string>>,
  file: string,
): Preprocessing & { scale?: number } {
  const { mean, channels, scale } = (parse(metadata.preprocessing) ?? {}) as Partial<
    Preprocessing & { scale: number }
  >;
  const isSound =
    Array.isArray(mean) &&
    mean.length === 3 &&
    mean.every(Number.isFinite) &&
    (channels === 'BGR' || channels === 'RGB') &&
    (scale === undefined || (Number.isFinite(scale) && scale > 0));
  if (isSound) return { mean, channels, scale };
  throw new UsageError(
    'NOT_A_NETWORK',
    `${file}: the metadata entry "preprocessing" does not say how three channels of a photo are prepared`,
  );
}
