import { EvaluationError } from '../errors.js';
import type { DetectionColumns } from './detectionColumns.js';
import type { GroundTruthTable } from './groundTruthTable.js';
import type { Id } from './types.js';

/** Detections whose images and categories are those of a ground truth. */
export interface DetectionTable {
  count: number;
  /** Place of the image in the ground truth's table. */
  image: Int32Array;
  /** Place of the category in the ground truth's table. */
  category: Int32Array;
  /** count × 4: x, y, width, height. */
  boxes: Float64Array;
  scores: Float64Array;
  /** Place of each row in the detections as given; `null` when it is the same place. */
  source: Int32Array | null;
  /** Detections left out, by reason. */
  ignored: { unknownImage: number; unknownCategory: number };
}

/** What to do with a detection whose image or class the ground truth lacks. */
export interface UnknownIdOptions {
  /**
   * `'error'` refuses, `'ignore'` leaves the detection out and counts it.
   * @default 'error'
   */
  unknownImages?: 'error' | 'ignore';
  /**
   * The same for classes. pycocotools leaves them out without a word, which hides
   * detections numbered 0–79 against COCO's ids 1–90.
   * @default 'error'
   */
  unknownCategories?: 'error' | 'ignore';
}

/**
 * Finds the detections' images and categories in the ground truth.
 *
 * @throws EvaluationError for an unknown image or category unless told to ignore it.
 */
export function resolveDetections(
  columns: DetectionColumns,
  groundTruth: GroundTruthTable,
  options: UnknownIdOptions = {},
  file = 'detections',
): DetectionTable {
  const images = findIds(columns.imageIds, groundTruth.imageIndex);
  const categories = findIds(columns.categoryIds, groundTruth.categoryIndex);
  const ignored = { unknownImage: 0, unknownCategory: 0 };
  const { count, boxes, scores } = columns;
  if (!images.includes(-1) && !categories.includes(-1)) {
    return {
      count,
      image: lookUp(columns.image, images),
      category: lookUp(columns.category, categories),
      boxes,
      scores,
      source: null,
      ignored,
    };
  }

  const kept: number[] = [];
  for (let i = 0; i < count; i++) {
    if (images[columns.image[i]] < 0) {
      if (options.unknownImages !== 'ignore') {
        throw new EvaluationError(
          'UNKNOWN_IMAGE',
          `the ground truth has no image ${JSON.stringify(columns.imageIds[columns.image[i]])}; ` +
            `take the annotations of the same photos, or have unknown images ignored`,
          file,
          `[${i}].image_id`,
        );
      }
      ignored.unknownImage++;
    } else if (categories[columns.category[i]] < 0) {
      if (options.unknownCategories !== 'ignore') {
        throw new EvaluationError(
          'UNKNOWN_CATEGORY',
          `the ground truth has no category ${JSON.stringify(columns.categoryIds[columns.category[i]])}; ` +
            `map the classes (are they numbered from 0?), or have unknown categories ignored`,
          file,
          `[${i}].category_id`,
        );
      }
      ignored.unknownCategory++;
    } else {
      kept.push(i);
    }
  }
  const table: DetectionTable = {
    count,
    image: lookUp(columns.image, images),
    category: lookUp(columns.category, categories),
    boxes,
    scores,
    source: null,
    ignored,
  };
  return selectDetections(table, Int32Array.from(kept));
}

/** Some rows of a table, in the order given. */
export function selectDetections(
  table: DetectionTable,
  rows: Int32Array,
): DetectionTable {
  const boxes = new Float64Array(4 * rows.length);
  rows.forEach((row, i) => {
    boxes.set(table.boxes.subarray(4 * row, 4 * row + 4), 4 * i);
  });
  return {
    count: rows.length,
    image: rows.map((row) => table.image[row]),
    category: rows.map((row) => table.category[row]),
    boxes,
    scores: Float64Array.from(rows, (row) => table.scores[row]),
    source: table.source ? rows.map((row) => table.source![row]) : rows,
    ignored: table.ignored,
  };
}

function lookUp(places: Int32Array, ranks: Int32Array): Int32Array {
  const out = new Int32Array(places.length);
  for (let i = 0; i < places.length; i++) out[i] = ranks[places[i]];
  return out;
}

function findIds(ids: readonly Id[], index: Map<Id, number>): Int32Array {
  return Int32Array.from(ids, (id) => index.get(id) ?? -1);
}
