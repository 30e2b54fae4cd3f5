import type { Category } from '../dataset/groundTruthTable.js';
import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { checkThresholds } from '../protocols/checkOptions.js';
import { overlapOf, photosOf } from './photos.js';

/** Options of `confusionMatrix`. */
export interface ConfusionMatrixOptions extends InputOptions {
  /** IoU from which a detection and an object are the same thing. @default 0.5 */
  iouThreshold?: number;
  /** Detections with less don't count. @default 0 */
  scoreThreshold?: number;
  /** A photo's best detections that count, over all classes. @default 100 */
  maxDetections?: number;
}

/** What was there against what was seen. */
export interface ConfusionMatrix {
  /** The classes in the order of their ids. */
  classes: Category[];
  /**
   * `counts[truth][seen]`; the last row is background (false positives), the last
   * column what was not seen at all.
   */
  counts: number[][];
}

/**
 * Confusion matrix of a detector. Detections, best first, take the free object that they
 * overlap most, of their own class if one reaches the threshold, else of any class.
 * Crowds don't count, nor do detections that lie in a crowd of their class.
 */
export function confusionMatrix(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  const {
    iouThreshold = 0.5,
    scoreThreshold = -Infinity,
    maxDetections = 100,
  } = options;
  checkThresholds([iouThreshold], 'iouThreshold');
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const size = truths.categories.length + 1;
  const background = size - 1;
  const counts = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const taken = new Uint8Array(truths.count);
  for (const photo of photosOf(truths, found, maxDetections)) {
    for (const row of photo.detections) {
      if (found.scores[row] < scoreThreshold) continue;
      const category = found.category[row];
      let chosen = -1;
      let best = 0;
      let isOwn = false;
      let inCrowd = false;
      for (const truth of photo.groundTruths) {
        const own = truths.category[truth] === category;
        if (truths.crowd[truth] === 1) {
          if (own)
            inCrowd ||= overlapOf(found, row, truths, truth, true) >= iouThreshold;
          continue;
        }
        if (taken[truth] === 1) continue;
        const overlap = overlapOf(found, row, truths, truth);
        if (overlap < iouThreshold || (isOwn && !own)) continue;
        if (overlap > best || (own && !isOwn)) {
          chosen = truth;
          best = overlap;
          isOwn = own;
        }
      }
      if (chosen >= 0) {
        taken[chosen] = 1;
        counts[truths.category[chosen]][category]++;
      } else if (!inCrowd) {
        counts[background][category]++;
      }
    }
  }
  for (let truth = 0; truth < truths.count; truth++) {
    if (taken[truth] === 0 && truths.crowd[truth] === 0) {
      counts[truths.category[truth]][background]++;
    }
  }
  return { classes: truths.categories, counts };
}
