import type { BoxArray } from '../../geometry/index.js';

/** Deltas are held to this after scaling, so that exp() can't run away. */
const MAX_LOG_SIZE = 3;

export interface HeadOptions {
  /** Classes, the background included. */
  classes: number;
  /** Factors of (dx, dy, dw, dh). */
  boxScale: readonly number[];
}

/** What a head says of n boxes. */
export interface ScoredBoxes {
  /** n×4 boxes after regression, clipped to the photo. */
  boxes: Float32Array;
  /** n × classes, the background first; each row sums to 1. */
  probabilities: Float32Array;
}

/**
 * Turns the head's raw outputs into probabilities and boxes: softmax over the
 * logits; the deltas, scaled, move the centre by a part of the box's size and
 * stretch its sides by exp (Girshick et al. 2014, appendix C).
 *
 * @param outputs n × (classes + 4): logits, then dx, dy, dw, dh
 * @param references n×4, the boxes that the outputs are about
 */
export function decodeOutputs(
  outputs: Float32Array,
  references: BoxArray,
  photo: { width: number; height: number },
  { classes, boxScale }: HeadOptions,
): ScoredBoxes {
  const stride = classes + 4;
  const count = references.length / 4;
  const boxes = new Float32Array(4 * count);
  const probabilities = new Float32Array(classes * count);
  const hold = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  const logSize = (delta: number) =>
    Math.min(Math.max(delta, -MAX_LOG_SIZE), MAX_LOG_SIZE);

  for (let i = 0; i < count; i++) {
    const from = i * stride;
    const to = i * classes;
    let highest = -Infinity;
    for (let c = 0; c < classes; c++) highest = Math.max(highest, outputs[from + c]);
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const e = Math.exp(outputs[from + c] - highest);
      probabilities[to + c] = e;
      total += e;
    }
    for (let c = 0; c < classes; c++) probabilities[to + c] /= total;

    const o = 4 * i;
    const d = from + classes;
    const width = references[o + 2] - references[o];
    const height = references[o + 3] - references[o + 1];
    const centreX = references[o] + width / 2 + boxScale[0] * outputs[d] * width;
    const centreY =
      references[o + 1] + height / 2 + boxScale[1] * outputs[d + 1] * height;
    const halfWidth = (width * Math.exp(logSize(boxScale[2] * outputs[d + 2]))) / 2;
    const halfHeight = (height * Math.exp(logSize(boxScale[3] * outputs[d + 3]))) / 2;
    boxes[o] = hold(centreX - halfWidth, photo.width);
    boxes[o + 1] = hold(centreY - halfHeight, photo.height);
    boxes[o + 2] = hold(centreX + halfWidth, photo.width);
    boxes[o + 3] = hold(centreY + halfHeight, photo.height);
  }
  return { boxes, probabilities };
}
