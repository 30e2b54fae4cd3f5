import { DetectorError } from '../../errors.js';
import { blobTensor, BlobProto, type Blob } from './schema.js';

/** What a Caffe mean file says. */
export interface CaffeMean {
  /** Means of the channels over the whole image, in the file's order: BGR for photos. */
  channels: number[];
  height: number;
  width: number;
  /** Largest distance of a pixel of the mean image from its channel's mean. */
  spread: number;
}

/**
 * Reads a Caffe mean file (`.binaryproto`, a BlobProto of [1, channels, height,
 * width]). Networks here run at any size and subtract one number a channel, so the
 * mean image is averaged over its pixels, as BVLC's GoogLeNet was trained; `spread`
 * says what that leaves out.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readCaffeMean(bytes: Uint8Array, source: string): CaffeMean {
  let blob: Blob;
  try {
    blob = BlobProto.decode(bytes) as Blob;
  } catch (error) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: not a sound Caffe mean file: ${(error as Error).message} (truncated?)`,
      { cause: error },
    );
  }
  const tensor = blobTensor(blob, 'the mean', source);
  const shape = tensor.shape.length === 3 ? [1, ...tensor.shape] : tensor.shape;
  const [images, channels, height, width] = shape;
  if (shape.length !== 4 || images !== 1 || channels > 4) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: a mean of [${tensor.shape.join(', ')}]; one image of 1 to 4 channels is needed`,
    );
  }
  const data = tensor.read();
  const area = height * width;
  const means: number[] = [];
  let spread = 0;
  for (let channel = 0; channel < channels; channel++) {
    const plane = data.subarray(channel * area, (channel + 1) * area);
    const mean = plane.reduce((sum, value) => sum + value, 0) / area;
    for (const value of plane) spread = Math.max(spread, Math.abs(value - mean));
    means.push(mean);
  }
  if (!means.every(Number.isFinite)) {
    throw new DetectorError('INVALID_WEIGHTS', `${source}: its means are no numbers`);
  }
  return { channels: means, height, width, spread };
}
