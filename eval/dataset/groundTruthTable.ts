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

/** Whether the ground truth is in columns already. */
export function isGroundTruthTable(
  groundTruth: CocoDataset | GroundTruthTable,
): groundTruth is GroundTruthTable {
  return ArrayBuffer.isView((groundTruth as GroundTruthTable | null)?.boxes);
}
