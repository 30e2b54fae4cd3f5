import { addDetection } from './dataset/detectionColumns.js';
import { DetectionBuilder } from './dataset/detectionBuilder.js';
import { resolveDetections } from './dataset/detectionTable.js';
import { checkList, checkObject } from './dataset/checks.js';
import { GroundTruthBuilder } from './dataset/groundTruthBuilder.js';
import { normalizeId } from './dataset/ids.js';
import type {
  CocoAnnotation,
  CocoCategory,
  CocoDetection,
  Id,
} from './dataset/types.js';
import type { EvaluateOptions } from './evaluate.js';
import { evaluateTables } from './protocols/protocol.js';
import type { EvaluationResult } from './results.js';

/** One photo with what is in it and what was found in it. */
export interface EvaluatorImage {
  id: Id;
  groundTruths: readonly Omit<CocoAnnotation, 'image_id'>[];
  detections: readonly Omit<CocoDetection, 'image_id'>[];
  /** LVIS, Open Images: classes known to be absent, present, or not boxed throughout. */
  neg_category_ids?: readonly Id[];
  pos_category_ids?: readonly Id[];
  not_exhaustive_category_ids?: readonly Id[];
}

/** Takes photos as they come and gives the metrics of all so far. */
export interface Evaluator {
  /**
   * Adds a photo. Nothing of it is kept when it is refused.
   *
   * @throws EvaluationError naming the path, as in `detections[2].score`
   */
  add(image: EvaluatorImage): void;
  /** The metrics of the photos so far; photos may be added afterwards. */
  result(): EvaluationResult;
  /** Number of photos so far. */
  readonly images: number;
}

/** The classes to evaluate, and the options of `evaluate`. */
export type EvaluatorOptions = EvaluateOptions & {
  categories: readonly CocoCategory[];
};

/**
 * An evaluator for loops that see one photo at a time, such as validation in training.
 * It keeps about 60 bytes a detection. `result()` equals `evaluate` on the same data
 * (for the VOC protocols with the photos' detections in the order in which they came).
 *
 * @throws EvaluationError for categories without proper ids
 */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const {
    groundTruthName = 'ground truth',
    detectionsName = 'detections',
    categories,
  } = options;
  const truths = new GroundTruthBuilder(groundTruthName);
  const found = new DetectionBuilder();
  categories.forEach((category, i) => {
    truths.addCategory(category, `categories[${i}]`);
  });

  return {
    add(image: EvaluatorImage) {
      const row = checkObject(image, groundTruthName, 'image');
      const id = normalizeId(row.id, groundTruthName, 'image.id');
      const objects = checkList(
        row.groundTruths,
        groundTruthName,
        'groundTruths',
        'give the objects of the photo',
      );
      const detections = checkList(
        row.detections,
        detectionsName,
        'detections',
        'give what was found in the photo',
      );
      const truthsBefore = truths.mark();
      const detectionsBefore = found.count;
      try {
        truths.addImage(row, 'image');
        objects.forEach((object, i) => {
          truths.addAnnotation(object, () => `groundTruths[${i}]`, id);
        });
        detections.forEach((detection, i) => {
          addDetection(found, detection, detectionsName, `detections[${i}]`, id);
        });
      } catch (error) {
        truths.revert(truthsBefore);
        found.revert(detectionsBefore);
        throw error;
      }
    },
    result() {
      const groundTruth = truths.finish();
      const table = resolveDetections(
        found.finish(),
        groundTruth,
        options,
        detectionsName,
      );
      return evaluateTables(groundTruth, table, options);
    },
    get images() {
      return truths.imageCount;
    },
  };
}
