import type { Tensor } from '../../detectors/weights/weights.js';
import { decodeImage } from '../images/decodeImage.js';
import { ImageFileError } from '../images/errors.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';
import { listImages } from '../inputs/listImages.js';
import { noPhotos } from '../inputs/noPhotos.js';
import type { InputFailure, InputImage } from '../inputs/types.js';
import type { Progress } from '../progress.js';
import type { OpenedNetwork } from './openNetwork.js';

/** Photos for a network, which can be gone through more than once. */
export interface PhotoInputs {
  photos: InputImage[];
  /** What could not be used, so far. */
  failures: InputFailure[];
  /** The photos as the network's input, one after the other. */
  inputs(network: OpenedNetwork, progress?: Progress): AsyncIterable<Tensor>;
}

/**
 * Lists photos; of more than `limit`, that many at even distances.
 *
 * @throws UsageError NO_PHOTOS
 */
export async function findPhotoInputs(
  paths: readonly string[],
  limit: number,
): Promise<PhotoInputs> {
  const listed = await listImages(paths);
  const { images } = listed;
  if (images.length === 0) throw noPhotos(paths, listed);
  const count = Math.min(limit, images.length);
  const photos = Array.from(
    { length: count },
    (_, i) => images[Math.floor(((i + 0.5) * images.length) / count)],
  );
  const failures = [...listed.failures];
  const bad = new Set<string>();
  prepareSharpForWorker();
  return {
    photos,
    failures,
    async *inputs(network, progress) {
      for (const { path, name } of photos) {
        if (bad.has(path)) continue;
        let input: Tensor | undefined;
        try {
          input = network.prepare(await decodeImage(path));
        } catch (error) {
          if (!(error instanceof ImageFileError)) throw error;
          const { code, reason, remedy } = error;
          bad.add(path);
          failures.push({ file: name, code, reason: `${reason}; ${remedy}` });
        }
        if (input) yield input;
        progress?.step(input === undefined);
      }
    },
  };
}
