import { EvaluationError } from '../errors.js';
import {
  checkFlag,
  checkList,
  checkNumber,
  checkObject,
  isBox,
  refuseBox,
} from './checks.js';
import { compareIds, describe, normalizeId } from './ids.js';
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

  const imageIds = images.map((image, i) => {
    const where = `images[${i}]`;
    return normalizeId(checkObject(image, file, where).id, file, `${where}.id`);
  });
  const names = new Map<Id, string>();
  const categoryIds = categories.map((category, i) => {
    const where = `categories[${i}]`;
    const row = checkObject(category, file, where);
    const id = normalizeId(row.id, file, `${where}.id`);
    if (row.name !== undefined && typeof row.name !== 'string') {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected text, found ${describe(row.name)}`,
        file,
        `${where}.name`,
      );
    }
    if (!names.has(id)) names.set(id, row.name ?? String(id));
    return id;
  });
  const imageIndex = indexIds(imageIds, file, 'images');
  const categoryIndex = indexIds(categoryIds, file, 'categories');

  const count = annotations.length;
  const table: GroundTruthTable = {
    images: [...imageIndex.keys()],
    imageIndex,
    categories: [...categoryIndex.keys()].map((id) => ({ id, name: names.get(id)! })),
    categoryIndex,
    count,
    image: new Int32Array(count),
    category: new Int32Array(count),
    boxes: new Float64Array(4 * count),
    area: new Float64Array(count),
    areasMissing: 0,
    crowd: new Uint8Array(count),
    difficult: new Uint8Array(count),
  };
  const seen = new Set<Id>();
  for (let i = 0; i < count; i++) {
    fillRow(table, i, annotations[i], seen, file);
  }
  return table;
}

function fillRow(
  table: GroundTruthTable,
  i: number,
  annotation: unknown,
  seen: Set<Id>,
  file: string,
): void {
  const where = `annotations[${i}]`;
  const row = checkObject(annotation, file, where);
  if (row.id !== undefined) {
    const id = normalizeId(row.id, file, `${where}.id`);
    if (seen.has(id)) {
      throw new EvaluationError(
        'DUPLICATE_ID',
        `another annotation has the id ${JSON.stringify(id)} already; number them anew`,
        file,
        `${where}.id`,
      );
    }
    seen.add(id);
  }
  const imageId = normalizeId(row.image_id, file, `${where}.image_id`);
  const image = table.imageIndex.get(imageId);
  if (image === undefined) {
    throw new EvaluationError(
      'UNKNOWN_IMAGE',
      `no image has the id ${JSON.stringify(imageId)}; add it to images or drop the annotation`,
      file,
      `${where}.image_id`,
    );
  }
  const categoryId = normalizeId(row.category_id, file, `${where}.category_id`);
  const category = table.categoryIndex.get(categoryId);
  if (category === undefined) {
    throw new EvaluationError(
      'UNKNOWN_CATEGORY',
      `no category has the id ${JSON.stringify(categoryId)}; add it to categories or drop the annotation`,
      file,
      `${where}.category_id`,
    );
  }
  const box = row.bbox as number[];
  if (
    !Array.isArray(box) ||
    box.length !== 4 ||
    !box.every((value) => typeof value === 'number') ||
    !isBox(box[0], box[1], box[2], box[3])
  ) {
    refuseBox(row.bbox, file, `${where}.bbox`);
  }
  let area = box[2] * box[3];
  if (row.area === undefined) {
    table.areasMissing++;
  } else {
    area = checkNumber(row.area, file, `${where}.area`);
    if (area < 0) {
      throw new EvaluationError(
        'INVALID_NUMBER',
        `the area is negative (${area}); leave it out to have width·height`,
        file,
        `${where}.area`,
      );
    }
  }
  const crowd = checkFlag(row.iscrowd, file, `${where}.iscrowd`);
  const ignore = checkFlag(row.ignore, file, `${where}.ignore`);
  const difficult = checkFlag(row.difficult, file, `${where}.difficult`);
  table.image[i] = image;
  table.category[i] = category;
  table.boxes.set(box, 4 * i);
  table.area[i] = area;
  table.crowd[i] = crowd;
  table.difficult[i] =
    row.difficult !== undefined ? difficult : row.ignore !== undefined ? ignore : crowd;
}

/** Ids in their order, each with its place. */
function indexIds(ids: Id[], file: string, list: string): Map<Id, number> {
  const seen = new Set<Id>();
  ids.forEach((id, i) => {
    if (seen.has(id)) {
      throw new EvaluationError(
        'DUPLICATE_ID',
        `another entry has the id ${JSON.stringify(id)} already; keep one of them`,
        file,
        `${list}[${i}].id`,
      );
    }
    seen.add(id);
  });
  return new Map([...ids].sort(compareIds).map((id, rank) => [id, rank]));
}

/** Whether the ground truth is in columns already. */
export function isGroundTruthTable(
  groundTruth: CocoDataset | GroundTruthTable,
): groundTruth is GroundTruthTable {
  return ArrayBuffer.isView((groundTruth as GroundTruthTable | null)?.boxes);
}
