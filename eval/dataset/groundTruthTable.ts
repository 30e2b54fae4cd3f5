import { checkList, checkObject } from './checks.js';
import { GroundTruthBuilder } from './groundTruthBuilder.js';
import type { CocoDataset, Id } from './types.js';

/** A class as results name it. */
export interface Category {
  id: Id;
  name: string;
}

/**
 * Ground truth in columns. Images and categories are in the order of their ids,
 * and rows refer to them by their place in that order.
 */
export interface GroundTruthTable {
  images: Id[];
  imageIndex: Map<Id, number>;
  categories: Category[];
  categoryIndex: Map<Id, number>;
  /** Number of rows. */
  count: number;
  image: Int32Array;
  category: Int32Array;
  /** count × 4: x, y, width, height. */
  boxes: Float64Array;
  area: Float64Array;
  /** How many rows gave no area, so that width·height stands for it. */
  areasMissing: number;
  crowd: Uint8Array;
  /** `difficult`; where that is missing, `ignore`; where that is missing too, `iscrowd`. */
  difficult: Uint8Array;
  /** Open Images: `is_group_of`; where that is missing, `iscrowd`. */
  groupOf: Uint8Array;
  /** What is known of the classes of a photo that has no box of them. */
  labels: ImageLabels;
  /** LVIS: `f`, `c` or `r` by category; `null` where it isn't given. */
  frequency: ('f' | 'c' | 'r' | null)[];
}

/** Labels of photos as wholes. A pair of photo and class is image · categories + category. */
export interface ImageLabels {
  /** Pairs known to be absent (`neg_category_ids`); `null` when no photo says. */
  absent: Set<number> | null;
  /** Pairs known to be present, boxed or not (`pos_category_ids`). */
  present: Set<number>;
  /** Pairs of which not every object is boxed (`not_exhaustive_category_ids`). */
  notExhaustive: Set<number>;
}

/**
 * Checks a dataset and lays it out in columns.
 *
 * @throws EvaluationError naming the JSON path of the first fault.
 */
export function tabulateGroundTruth(
  dataset: CocoDataset,
  file = 'ground truth',
): GroundTruthTable {
  const root = checkObject(dataset, file, '');
  const images = checkList(
    root.images,
    file,
    'images',
    'annotation files hold { images, annotations, categories }',
  );
  const annotations = checkList(
    root.annotations,
    file,
    'annotations',
    'this may be a file of image information only; take the instances file',
  );
  const categories = checkList(
    root.categories,
    file,
    'categories',
    'list the classes as [{ id, name }]',
  );
  const builder = new GroundTruthBuilder(file);
  categories.forEach((category, i) => {
    builder.addCategory(category, `categories[${i}]`);
  });
  images.forEach((image, i) => {
    builder.addImage(image, `images[${i}]`);
  });
  annotations.forEach((annotation, i) => {
    builder.addAnnotation(annotation, () => `annotations[${i}]`);
  });
  return builder.finish();
}

/** Some rows of a table, in the order given. */
export function selectGroundTruth(
  table: GroundTruthTable,
  rows: Int32Array,
): GroundTruthTable {
  const boxes = new Float64Array(4 * rows.length);
  rows.forEach((row, i) => {
    boxes.set(table.boxes.subarray(4 * row, 4 * row + 4), 4 * i);
  });
  return {
    ...table,
    count: rows.length,
    image: rows.map((row) => table.image[row]),
    category: rows.map((row) => table.category[row]),
    boxes,
    area: Float64Array.from(rows, (row) => table.area[row]),
    crowd: Uint8Array.from(rows, (row) => table.crowd[row]),
    difficult: Uint8Array.from(rows, (row) => table.difficult[row]),
    groupOf: Uint8Array.from(rows, (row) => table.groupOf[row]),
  };
}

/** Whether the ground truth is in columns already. */
export function isGroundTruthTable(
  groundTruth: CocoDataset | GroundTruthTable,
): groundTruth is GroundTruthTable {
  return ArrayBuffer.isView((groundTruth as GroundTruthTable | null)?.boxes);
}
