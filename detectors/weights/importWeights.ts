import { createHash } from 'node:crypto';
import { DetectorError } from '../errors.js';
import { readOnnxWeights } from '../onnx/onnxWeights.js';
import { readTfjsWeights, type ReadShard } from '../tfjs/readTfjs.js';
import { readCaffeMean } from './caffe/caffeMean.js';
import { caffeParameters, readCaffeNet } from './caffe/caffemodel.js';
import {
  chooseNetwork,
  type ChooseNetworkOptions,
  type FoundNetwork,
} from './chooseNetwork.js';
import {
  classifierMetadata,
  type KnownPixels,
  type PixelForm,
} from './classifierMetadata.js';
import { detectFormat, type WeightsFormat } from './detectFormat.js';
import { graphOfWeights } from './graphOfWeights.js';
import { readWeights } from './safetensors.js';
import type { StoredTensor } from './storedTensors.js';
import { readTorchFile } from './torch/torchFile.js';
import { torchParameters } from './torch/torchParameters.js';
import type { Weights } from './weights.js';

export interface ImportWeightsOptions extends ChooseNetworkOptions {
  /** A Caffe mean file (`.binaryproto`), whose channel means go into the metadata. */
  mean?: { bytes: Uint8Array; source: string };
  /** The pixels that the network was trained on, where the file does not say. */
  pixels?: PixelForm;
  /** Reads a file beside a tfjs `model.json`. Without it tfjs models are refused. */
  readShard?: ReadShard;
}

export interface ImportedWeights extends Weights {
  format: WeightsFormat;
  /** What one should know of the import. */
  notes: string[];
}

/**
 * Reads the weights of a network from any file that is understood: Caffe's
 * `.caffemodel` (V1 and V2), ONNX, PyTorch's `.pth` and `.safetensors` of torchvision's
 * names, tfjs graph models, and our own `.safetensors`. What a file is, is told
 * by its content. The metadata say what the network is, how it wants its pixels, and
 * (`imported`) which bytes it came from.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the file is unsound or of no such kind;
 *   WEIGHTS_MISMATCH when it is of another network; INVALID_ARGUMENT when there is no
 *   network of the name that is asked for
 */
export async function importWeights(
  bytes: Uint8Array,
  source: string,
  options: ImportWeightsOptions = {},
): Promise<ImportedWeights> {
  const detected = detectFormat(bytes);
  if ('problem' in detected) {
    throw new DetectorError('INVALID_WEIGHTS', `${source}: ${detected.problem}`);
  }
  const { format } = detected;
  const notes: string[] = [];
  const mean = options.mean && meanOf(options.mean, notes);
  const imported = JSON.stringify({
    format,
    bytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  const describe: Describe = ({ graph, tensors, notes: own = [] }, said) => {
    notes.push(...own);
    const { pixels } = options;
    const known = { ...(pixels ? { pixels } : said), ...(mean ? { mean } : {}) };
    const metadata: Weights['metadata'] = {
      ...classifierMetadata(graph, known),
      imported,
    };
    if (format === 'tfjs' && !pixels) {
      const why = said
        ? 'by the scaling that the model begins with; the order of the channels is a guess'
        : 'as networks of this kind are trained, since the model does not say';
      notes.push(`${source}: pixels: ${metadata.preprocessing}, ${why} (see --pixels)`);
    }
    return { tensors, metadata };
  };
  const weights = await readFormat(format, bytes, source, options, describe);
  return { format, notes, ...weights };
}

/** Adds metadata to weights, with what their file says of pixels. */
type Describe = (
  found: FoundNetwork & { notes?: string[] },
  said?: KnownPixels,
) => Weights;

async function readFormat(
  format: WeightsFormat,
  bytes: Uint8Array,
  source: string,
  options: ImportWeightsOptions,
  describe: Describe,
): Promise<Weights> {
  switch (format) {
    case 'caffemodel': {
      const file = caffeParameters(readCaffeNet(bytes, source), source);
      return describe(chooseNetwork(file, options));
    }
    case 'caffe-mean':
      throw new DetectorError(
        'INVALID_WEIGHTS',
        `${source}: this is a Caffe mean file and no network; give it with --mean beside the .caffemodel`,
      );
    case 'torch': {
      const file = torchParameters(readTorchFile(bytes, source), source);
      return describe(chooseNetwork(file, options));
    }
    case 'onnx': {
      const { metadata, ...found } = readOnnxWeights(bytes, source, options);
      return metadata ? { metadata, tensors: found.tensors } : describe(found);
    }
    case 'safetensors': {
      const weights = readWeights(bytes, source);
      if (weights.metadata.graph !== undefined) {
        graphOfWeights(weights, source);
        return weights;
      }
      const file = torchParameters(stored(weights), source);
      return describe(chooseNetwork(file, options));
    }
    case 'tfjs': {
      if (!options.readShard) {
        throw new DetectorError(
          'INVALID_ARGUMENT',
          `${source}: a tfjs model has its numbers in other files, and no way to read them was given`,
        );
      }
      const read = await readTfjsWeights(bytes, source, options.readShard, options);
      if ('metadata' in read) return read;
      return describe(read, read.pixels);
    }
  }
}

const stored = ({ tensors }: Weights): Map<string, StoredTensor> =>
  new Map(
    [...tensors].map(([name, { shape, data }]) => [
      name,
      { shape, type: 'float', read: () => data },
    ]),
  );

function meanOf(
  file: { bytes: Uint8Array; source: string },
  notes: string[],
): number[] {
  const { channels, height, width, spread } = readCaffeMean(file.bytes, file.source);
  const list = channels.map((value) => value.toFixed(3)).join(', ');
  notes.push(
    `${file.source}: a mean image of ${width}×${height}; its channel means ${list} are subtracted, its pixels differ from them by up to ${spread.toFixed(1)}`,
  );
  return channels;
}
