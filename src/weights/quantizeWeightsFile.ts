import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { readClassifier } from '../../detectors/classify/readClassifier.js';
import { cropViews, fillCrop } from '../../detectors/classify/cropViews.js';
import { chooseEngine } from '../../detectors/engines/chooseEngine.js';
import { backboneOf } from '../../detectors/graph/detectorGraph.js';
import type { Graph } from '../../detectors/graph/types.js';
import { DETECTOR_PROPOSALS } from '../../detectors/loadDetector.js';
import { readModel } from '../../detectors/model.js';
import { calibrate } from '../../detectors/quantization/calibrate.js';
import type { CalibrationMethod } from '../../detectors/quantization/rangeObserver.js';
import {
  storeHalf,
  storeQuantized,
} from '../../detectors/quantization/storeQuantized.js';
import { cropLength, toPhoto, type Photo } from '../../detectors/warp/photo.js';
import { resizePhoto } from '../../detectors/warp/resizePhoto.js';
import { PhotoPyramid, warpCrops } from '../../detectors/warp/warpCrops.js';
import { readWeights } from '../../detectors/weights/safetensors.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import { selectiveSearch } from '../../proposals/index.js';
import { failureOf, type Failure } from '../batch/failure.js';
import { UsageError } from '../errors.js';
import { decodeImage } from '../images/decodeImage.js';
import { listImages } from '../inputs/listImages.js';
import { noPhotos } from '../inputs/noPhotos.js';

export interface QuantizeOptions {
  precision: 'fp16' | 'int8';
  /** Photos, or folders of them, that int8 is calibrated with. */
  calibrate?: readonly string[];
  method: CalibrationMethod;
  percentile: number;
}

export interface QuantizeReport {
  before: number;
  after: number;
  /** Photos that were used. */
  photos: number;
  failures: ({ file: string } & Failure)[];
}

/** Proposals of a photo whose crops a detector is calibrated with. */
const CROPS = 8;

/** A network that can be calibrated, and how it sees a photo. */
interface Calibrated {
  graph: Graph;
  weights: Weights;
  inputs: (photo: Photo) => Tensor[];
}

/**
 * Writes a classifier's or a detector's weights in half precision, or in 8 bits with
 * the ranges that its activations have on calibration photos.
 *
 * @throws UsageError, DetectorError
 */
export async function quantizeWeightsFile(
  file: string,
  output: string,
  options: QuantizeOptions,
): Promise<QuantizeReport> {
  const { precision, method, percentile } = options;
  const bytes = await readFile(file);
  const { graph, weights, inputs } = readNetwork(bytes, file);
  const report: QuantizeReport = {
    ...{ before: bytes.length, after: 0, photos: 0, failures: [] },
  };
  let written: Uint8Array;
  if (precision === 'fp16') written = storeHalf(weights);
  else {
    const paths = options.calibrate ?? [];
    if (paths.length === 0) {
      throw new UsageError(
        'MISSING_OPTION',
        'int8 needs photos of the kind that it will see: --calibrate PHOTOS',
      );
    }
    const listed = await listImages(paths);
    if (listed.images.length === 0) throw noPhotos(paths, listed);
    report.failures.push(...listed.failures);
    const tensors = async function* (): AsyncGenerator<Tensor> {
      for (const { path, name } of listed.images) {
        try {
          const photo = toPhoto(await decodeImage(path));
          report.photos++;
          yield* inputs(photo);
        } catch (error) {
          report.failures.push({ file: name, ...failureOf(error) });
        }
      }
    };
    const { engine } = await chooseEngine('onnx');
    const ranges = await calibrate(engine, graph, weights, tensors(), {
      method,
      percentile,
    });
    if (report.photos === 0) throw noPhotos(paths, listed);
    written = storeQuantized(graph, weights, ranges, {
      method,
      ...(method === 'percentile' && { percentile }),
      photos: report.photos,
    });
  }
  await writeFileAtomic(output, Buffer.from(written));
  return { ...report, after: written.length };
}

function readNetwork(bytes: Uint8Array, file: string): Calibrated {
  // A .caffemodel is a classifier's; safetensors say what they are.
  const graph = bytes[8] === 0x7b ? readWeights(bytes, file).metadata.graph : undefined;
  if (graph !== undefined && backboneOf(graph)) return detectorInputs(bytes, file);
  const model = readClassifier(bytes, file);
  // Without a name of its own the file's new name would be all that is left.
  const metadata = { name: basename(file), ...model.weights.metadata };
  return {
    graph: model.graph,
    weights: { ...model.weights, metadata },
    inputs: (photo) =>
      [...cropViews(photo, 1, model.crops)].map((view) => {
        const { side } = view;
        const data = new Float32Array(cropLength(model.preprocessing.channels, side));
        fillCrop(view, model.preprocessing, data);
        return { shape: [1, model.graph.inputChannels, side, side], data };
      }),
  };
}

/** A detector sees photos as wholes, and warped proposals. */
function detectorInputs(bytes: Uint8Array, file: string): Calibrated {
  const model = readModel(readWeights(bytes, file), file);
  const { graph, weights, photoSide, preprocessing, warp } = model;
  return {
    graph,
    weights,
    inputs(photo) {
      const { boxes } = selectiveSearch(
        { ...photo, channels: 3 },
        { ...DETECTOR_PROPOSALS, maxBoxes: CROPS },
      );
      const count = boxes.length / 4;
      const data = new Float32Array(count * cropLength(warp.channels, warp.side));
      warpCrops(new PhotoPyramid(photo), boxes, warp, data);
      const crops = { shape: [count, graph.inputChannels, warp.side, warp.side], data };
      const whole = resizePhoto(photo, photoSide, preprocessing).input;
      return count > 0 ? [whole, crops] : [whole];
    },
  };
}
