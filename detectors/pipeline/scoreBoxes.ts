import type { BoxArray } from '../../geometry/index.js';
import type { NetworkSession } from '../engines/engine.js';
import { MAPS } from '../graph/detectorGraph.js';
import { decodeOutputs, type ScoredBoxes } from '../heads/decodeOutputs.js';
import {
  poolingWeights,
  PositionSensitiveMaps,
} from '../heads/positionSensitivePooling.js';
import type { DetectorModel } from '../model.js';
import { channelCount, cropLength, type Photo } from '../warp/photo.js';
import { resizePhoto } from '../warp/resizePhoto.js';
import { PhotoPyramid, warpCrops } from '../warp/warpCrops.js';

/**
 * Shared mode: the network runs once on the whole photo, and every box is pooled
 * from the same maps. In further passes the boxes are pooled where regression has moved
 * them (iterative localization, Gidaris and Komodakis 2015), and probabilities become
 * the geometric mean of all passes.
 *
 * @param boxes n×4 in pixels of the photo
 * @param passes how often the boxes are pooled
 */
export async function scoreShared(
  session: NetworkSession,
  model: DetectorModel,
  photo: Photo,
  boxes: BoxArray,
  passes = 1,
): Promise<ScoredBoxes> {
  const { input, scaleX, scaleY } = resizePhoto(
    photo,
    model.photoSide,
    model.preprocessing,
  );
  const activations = await session.run(input);
  const maps = new PositionSensitiveMaps(activations[MAPS], model.head);
  const scoreAt = (at: BoxArray): ScoredBoxes => {
    const scaled = Float64Array.from(at, (v, i) => v * (i % 2 ? scaleY : scaleX));
    return decodeOutputs(maps.pool(scaled), at, photo, model.head);
  };
  let at = boxes;
  const scored = scoreAt(at);
  const { probabilities } = scored;
  for (let pass = 2; pass <= passes; pass++) {
    at = movedBoxes(at, scored.boxes);
    const next = scoreAt(at);
    scored.boxes = next.boxes;
    for (let i = 0; i < probabilities.length; i++)
      probabilities[i] *= next.probabilities[i];
  }
  if (passes === 1) return scored;
  // What underflows here is no detection.
  const root = passes === 2 ? Math.sqrt : (p: number) => p ** (1 / passes);
  for (let i = 0; i < probabilities.length; i++)
    probabilities[i] = root(probabilities[i]);
  return scored;
}

/** Boxes where regression has moved them; those that it left under a pixel wide or high stay. */
function movedBoxes(from: BoxArray, to: Float32Array): Float32Array {
  const moved = to.slice();
  for (let o = 0; o < moved.length; o += 4) {
    if (to[o + 2] - to[o] >= 1 && to[o + 3] - to[o + 1] >= 1) continue;
    for (let c = o; c < o + 4; c++) moved[c] = from[c];
  }
  return moved;
}

/** Crops that go through the network at once. */
export const BATCH = 16;

/**
 * Crop mode: each box is warped, with context, to a crop of its own, which goes
 * through the network alone. A photo's crops are batched among themselves, so
 * the result depends on nothing else.
 *
 * @param boxes n×4 in pixels of the photo
 */
export async function scoreCrops(
  session: NetworkSession,
  model: DetectorModel,
  photo: Photo,
  boxes: Float32Array,
): Promise<ScoredBoxes> {
  const { warp, head } = model;
  const count = boxes.length / 4;
  const numbers = cropLength(warp.channels, warp.side);
  const pyramid = new PhotoPyramid(photo);
  const crops = new Float32Array(Math.min(count, BATCH) * numbers);
  const outputs = new Float32Array(count * head.outputs);
  for (let start = 0; start < count; start += BATCH) {
    const batch = boxes.subarray(4 * start, 4 * (start + BATCH));
    const size = batch.length / 4;
    const data = crops.subarray(0, size * numbers);
    warpCrops(pyramid, batch, warp, data);
    outputs.set(await cropOutputs(session, model, data), start * head.outputs);
  }
  return decodeOutputs(outputs, boxes, photo, head);
}

/**
 * Runs warped crops through the network and pools each crop's own box, its
 * inside without the context, from its own maps.
 *
 * @param crops [n, 3 or 1, S, S], minus the mean
 * @returns n × outputs: logits, then raw deltas
 */
export async function cropOutputs(
  session: NetworkSession,
  { warp, head }: DetectorModel,
  crops: Float32Array,
): Promise<Float32Array> {
  const { side } = warp;
  const count = crops.length / cropLength(warp.channels, side);
  const shape = [count, channelCount(warp.channels), side, side];
  const activations = await session.run({ data: crops, shape });
  const maps = activations[MAPS];
  const [, channels, height, width] = maps.shape;
  const margin = warp.context * side;
  const inside = [margin, margin, side - margin, side - margin];
  const weights = poolingWeights(inside, head, height, width);
  const cells = height * width;
  const outputs = new Float32Array(count * head.outputs);
  for (let i = 0, from = 0; i < count; i++) {
    for (let channel = 0; channel < channels; channel++, from += cells) {
      const part = Math.floor(channel / head.outputs) * cells;
      let sum = 0;
      for (let cell = 0; cell < cells; cell++) {
        sum += weights[part + cell] * maps.data[from + cell];
      }
      outputs[i * head.outputs + (channel % head.outputs)] += sum;
    }
  }
  return outputs;
}
