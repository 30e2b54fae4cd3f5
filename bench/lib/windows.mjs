/**
 * What a detector's head is trained on: windows of a photo with their classes and box
 * deltas, and the features that the head's position-sensitive maps are linear in.
 */
import { importBuilt } from './run.mjs';

const { intersectionOverUnion } = await importBuilt('geometry/index.js');
const { poolingWeights } = await importBuilt(
  'detectors/heads/positionSensitivePooling.js',
);

/** IoU with an object from which a window shows it (Girshick et al. 2014, §2.3). */
const POSITIVE_IOU = 0.5;
/** Windows moved off each object, some of which still show it. */
const JITTERED = 8;

/** Shuffles in place (Fisher and Yates). */
export function shuffle(list, random) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/**
 * The deltas that lead from a window to a box: what `decodeOutputs` undoes.
 *
 * @param boxScale factors of (dx, dy, dw, dh)
 */
export function encodeDeltas(window, box, boxScale) {
  const width = window[2] - window[0];
  const height = window[3] - window[1];
  const moved = (low) => (box[low] + box[low + 2] - window[low] - window[low + 2]) / 2;
  return [
    moved(0) / width,
    moved(1) / height,
    Math.log((box[2] - box[0]) / width),
    Math.log((box[3] - box[1]) / height),
  ].map((delta, i) => delta / boxScale[i]);
}

/** A box whose sides have moved by up to a third of its size, within the photo. */
function jitter(box, photo, random) {
  return box.map((side, i) => {
    const size = box[(i % 2) + 2] - box[i % 2];
    const limit = i % 2 ? photo.height : photo.width;
    return Math.min(Math.max(side + ((2 * random() - 1) * size) / 3, 0), limit);
  });
}

/**
 * Windows of a photo: up to a third of them show an object (its own box, boxes moved off
 * it, proposals), the rest is background (proposals, then boxes anywhere).
 *
 * @param objects [{ box, label }], labels from 1
 * @param proposals n×4
 * @returns fewer than `count` only in a photo that hardly has background; each is
 *   { box, label, truth }, with label 0 and no truth for background
 */
export function sampleWindows(objects, proposals, photo, random, count) {
  const candidates = objects.flatMap(({ box }) => [
    box,
    ...Array.from({ length: JITTERED }, () => jitter(box, photo, random)),
  ]);
  for (let o = 0; o + 3 < proposals.length; o += 4)
    candidates.push([...proposals.slice(o, o + 4)]);
  for (let i = 0; i < 4 * count; i++) {
    const [x1, x2] = [random(), random()]
      .sort((a, b) => a - b)
      .map((x) => x * photo.width);
    const [y1, y2] = [random(), random()]
      .sort((a, b) => a - b)
      .map((y) => y * photo.height);
    candidates.push([x1, y1, x2, y2]);
  }
  const moved = objects.length * (1 + JITTERED);
  const positives = [];
  const proposed = [];
  const anywhere = [];
  candidates.forEach((box, i) => {
    if (!(box[2] - box[0] >= 1 && box[3] - box[1] >= 1)) return;
    let best = 0;
    let truth;
    for (const object of objects) {
      const iou = intersectionOverUnion(box, 0, object.box, 0);
      if (iou > best) [best, truth] = [iou, object];
    }
    const isRandom = i >= moved + proposals.length / 4;
    if (best < POSITIVE_IOU) {
      // A window moved off its object is a harder background than chance would find.
      (isRandom ? anywhere : proposed).push({ box, label: 0 });
    } else if (!isRandom) positives.push({ box, label: truth.label, truth: truth.box });
  });
  const chosen = shuffle(positives, random).slice(0, Math.floor(count / 3));
  const background = [...shuffle(proposed, random), ...anywhere];
  return [...chosen, ...background.slice(0, count - chosen.length)];
}

/**
 * What the position-sensitive maps of a 1×1 convolution are linear in: the mean of each
 * bin over the features below it, divided by the number of bins. A box's output is then
 * the sum over bins and channels of weight times feature, plus the mean of the bins'
 * biases, so that a head can be trained without its maps.
 *
 * @param features [1, channels, height, width]
 * @param boxes in pixels of the network's input
 * @returns n × bins² · channels, laid out [bin, channel]
 */
export function poolWindows({ shape, data }, boxes, layout) {
  const [, channels, height, width] = shape;
  const cells = height * width;
  const rows = new Float32Array(cells * channels);
  for (let c = 0; c < channels; c++) {
    for (let cell = 0; cell < cells; cell++)
      rows[cell * channels + c] = data[c * cells + cell];
  }
  const parts = layout.bins ** 2;
  const pooled = new Float32Array(boxes.length * parts * channels);
  boxes.forEach((box, i) => {
    const weights = poolingWeights(box, layout, height, width);
    for (let part = 0; part < parts; part++) {
      const to = (i * parts + part) * channels;
      for (let cell = 0; cell < cells; cell++) {
        const weight = weights[part * cells + cell];
        if (weight === 0) continue;
        const from = cell * channels;
        for (let c = 0; c < channels; c++) pooled[to + c] += weight * rows[from + c];
      }
    }
  });
  return pooled;
}
