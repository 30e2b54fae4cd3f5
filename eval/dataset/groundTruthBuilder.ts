import { EvaluationError } from '../errors.js';
import {
  checkFlag,
  checkList,
  checkNumber,
  checkObject,
  isBox,
  refuseBox,
} from './checks.js';
import type { GroundTruthTable, ImageLabels } from './groundTruthTable.js';
import { compareIds, describe, normalizeId } from './ids.js';
import type { Id } from './types.js';

/**
 * Takes ground truth piece by piece, checks every piece, and lays it out in columns.
 * Categories come first, an image before its annotations.
 */
export class GroundTruthBuilder {
  private readonly images = new Map<Id, number>(); // id → order of appearance
  private readonly categories = new Map<Id, number>();
  private readonly names: string[] = [];
  private readonly annotationIds = new Set<Id>();
  private readonly image: number[] = [];
  private readonly category: number[] = [];
  private readonly boxes: number[] = [];
  private readonly area: number[] = [];
  private readonly crowd: number[] = [];
  private readonly difficult: number[] = [];
  private readonly groupOf: number[] = [];
  private readonly frequency: ('f' | 'c' | 'r' | null)[] = [];
  /** Lists of classes that photos have, as given, with their paths. */
  private readonly imageLabels: {
    image: number;
    kind: keyof ImageLabels;
    ids: unknown[];
    where: string;
  }[] = [];
  private areasMissing = 0;

  /** @param file names the ground truth in errors */
  constructor(private readonly file: string) {}

  /** How many images there are so far. */
  get imageCount(): number {
    return this.images.size;
  }

  addCategory(category: unknown, where: string): void {
    const { file } = this;
    const row = checkObject(category, file, where);
    const id = normalizeId(row.id, file, `${where}.id`);
    const name = checkText(row.name, file, `${where}.name`);
    addId(this.categories, id, file, `${where}.id`);
    this.names.push(name ?? String(id));
    const { frequency } = row;
    const isKnown = frequency === 'f' || frequency === 'c' || frequency === 'r';
    this.frequency.push(isKnown ? frequency : null);
  }

  addImage(image: unknown, where: string): void {
    const { file } = this;
    const row = checkObject(image, file, where);
    checkText(row.file_name, file, `${where}.file_name`);
    checkSize(row.width, file, `${where}.width`);
    checkSize(row.height, file, `${where}.height`);
    const id = normalizeId(row.id, file, `${where}.id`);
    addId(this.images, id, file, `${where}.id`);
    for (const [field, kind] of imageLabelFields) {
      const ids = row[field];
      if (ids === undefined || ids === null) continue;
      const place = `${where}.${field}`;
      this.imageLabels.push({
        image: this.images.size - 1,
        kind,
        ids: checkList(ids, file, place, 'give the ids of classes'),
        where: place,
      });
    }
  }

  /**
   * @param where the annotation's path, put together only when it is needed
   * @param imageId the annotation's image, when the annotation itself doesn't say
   */
  addAnnotation(annotation: unknown, where: () => string, imageId?: Id): void {
    if (!this.addPlain(annotation as PlainAnnotation | null, imageId)) {
      this.addChecked(annotation, where(), imageId);
    }
  }

  /**
   * Adds an annotation in its usual form, with numbers for ids.
   *
   * @returns whether it had that form and is sound
   */
  private addPlain(row: PlainAnnotation | null, imageId: Id | undefined): boolean {
    if (typeof row !== 'object' || row === null) return false;
    const { id, bbox: box, area, iscrowd } = row;
    const image = this.images.get(imageId ?? row.image_id);
    const category = this.categories.get(row.category_id);
    if (
      image === undefined ||
      category === undefined ||
      (id !== undefined && (!Number.isSafeInteger(id) || this.annotationIds.has(id))) ||
      !Array.isArray(box) ||
      box.length !== 4 ||
      typeof box[0] !== 'number' ||
      typeof box[1] !== 'number' ||
      typeof box[2] !== 'number' ||
      typeof box[3] !== 'number' ||
      !isBox(box[0], box[1], box[2], box[3]) ||
      (area !== undefined &&
        !(typeof area === 'number' && area >= 0 && area < Infinity)) ||
      (iscrowd !== undefined && iscrowd !== 0 && iscrowd !== 1) ||
      row.ignore !== undefined ||
      row.difficult !== undefined ||
      row.is_group_of !== undefined
    ) {
      return false;
    }
    if (id !== undefined) this.annotationIds.add(id + 0);
    if (area === undefined) this.areasMissing++;
    this.image.push(image);
    this.category.push(category);
    this.boxes.push(box[0], box[1], box[2], box[3]);
    this.area.push(area ?? box[2] * box[3]);
    this.crowd.push(iscrowd ?? 0);
    this.difficult.push(iscrowd ?? 0);
    this.groupOf.push(iscrowd ?? 0);
    return true;
  }

  private addChecked(
    annotation: unknown,
    where: string,
    imageId: Id | undefined,
  ): void {
    const { file } = this;
    const row = checkObject(annotation, file, where);
    const image = findId(
      this.images,
      imageId ?? row.image_id,
      file,
      `${where}.image_id`,
      'UNKNOWN_IMAGE',
    );
    const category = findId(
      this.categories,
      row.category_id,
      file,
      `${where}.category_id`,
      'UNKNOWN_CATEGORY',
    );
    const box = row.bbox as number[];
    if (
      !Array.isArray(box) ||
      box.length !== 4 ||
      typeof box[0] !== 'number' ||
      typeof box[1] !== 'number' ||
      typeof box[2] !== 'number' ||
      typeof box[3] !== 'number' ||
      !isBox(box[0], box[1], box[2], box[3])
    ) {
      refuseBox(row.bbox, file, `${where}.bbox`);
    }
    let area = box[2] * box[3];
    const areaMissing = row.area === undefined || row.area === null;
    if (!areaMissing) {
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
    const groupOf = checkFlag(row.is_group_of, file, `${where}.is_group_of`);
    const difficult = checkFlag(row.difficult, file, `${where}.difficult`);
    if (row.id !== undefined && row.id !== null) {
      const id = normalizeId(row.id, file, `${where}.id`);
      if (this.annotationIds.has(id)) refuseDuplicate(id, file, `${where}.id`);
      this.annotationIds.add(id);
    }
    // Nothing is kept of an annotation that was refused.
    if (areaMissing) this.areasMissing++;
    this.image.push(image);
    this.category.push(category);
    this.boxes.push(box[0], box[1], box[2], box[3]);
    this.area.push(area);
    this.crowd.push(crowd);
    this.groupOf.push(isSaid(row.is_group_of) ? groupOf : crowd);
    this.difficult.push(
      isSaid(row.difficult) ? difficult : isSaid(row.ignore) ? ignore : crowd,
    );
  }

  /** Where things stand, for `revert`. */
  mark(): GroundTruthMark {
    return {
      images: this.images.size,
      rows: this.image.length,
      annotationIds: this.annotationIds.size,
      imageLabels: this.imageLabels.length,
      areasMissing: this.areasMissing,
    };
  }

  /** Forgets the images and annotations that came after the mark. */
  revert(mark: GroundTruthMark): void {
    for (const id of [...this.images.keys()].slice(mark.images)) this.images.delete(id);
    for (const id of [...this.annotationIds].slice(mark.annotationIds)) {
      this.annotationIds.delete(id);
    }
    this.imageLabels.length = mark.imageLabels;
    this.areasMissing = mark.areasMissing;
    this.boxes.length = 4 * mark.rows;
    for (const column of [
      this.image,
      this.category,
      this.area,
      this.crowd,
      this.difficult,
      this.groupOf,
    ]) {
      column.length = mark.rows;
    }
  }

  /** The table of everything so far. More may be added afterwards. */
  finish(): GroundTruthTable {
    const images = rankIds(this.images);
    const categories = rankIds(this.categories);
    return {
      images: images.ids,
      imageIndex: images.index,
      categories: categories.ids.map((id) => ({
        id,
        name: this.names[this.categories.get(id)!],
      })),
      categoryIndex: categories.index,
      count: this.image.length,
      image: lookUp(this.image, images.ranks),
      category: lookUp(this.category, categories.ranks),
      boxes: new Float64Array(this.boxes),
      area: new Float64Array(this.area),
      areasMissing: this.areasMissing,
      crowd: new Uint8Array(this.crowd),
      difficult: new Uint8Array(this.difficult),
      groupOf: new Uint8Array(this.groupOf),
      labels: this.indexLabels(images.ranks, categories.ranks),
      frequency: categories.ids.map((id) => this.frequency[this.categories.get(id)!]),
    };
  }

  private indexLabels(images: Int32Array, categories: Int32Array): ImageLabels {
    const labels: ImageLabels = {
      absent: null,
      present: new Set(),
      notExhaustive: new Set(),
    };
    for (const { image, kind, ids, where } of this.imageLabels) {
      const set = (labels[kind] ??= new Set());
      ids.forEach((id, i) => {
        const place = `${where}[${i}]`;
        const category = findId(
          this.categories,
          id,
          this.file,
          place,
          'UNKNOWN_CATEGORY',
        );
        set.add(images[image] * categories.length + categories[category]);
      });
    }
    return labels;
  }
}

/** An annotation's usual form; what it really is remains to be seen. */
interface PlainAnnotation {
  id?: number;
  image_id: number;
  category_id: number;
  bbox: number[];
  area?: number;
  iscrowd?: number;
  ignore?: unknown;
  difficult?: unknown;
  is_group_of?: unknown;
}

/** A state of a builder. */
export interface GroundTruthMark {
  images: number;
  rows: number;
  annotationIds: number;
  imageLabels: number;
  areasMissing: number;
}

function lookUp(places: readonly number[], ranks: Int32Array): Int32Array {
  const out = new Int32Array(places.length);
  for (let i = 0; i < places.length; i++) out[i] = ranks[places[i]];
  return out;
}

const imageLabelFields = [
  ['neg_category_ids', 'absent'],
  ['pos_category_ids', 'present'],
  ['not_exhaustive_category_ids', 'notExhaustive'],
] as const;

/** Ids in their order, and for each order of appearance its place in that order. */
function rankIds(places: Map<Id, number>): {
  ids: Id[];
  index: Map<Id, number>;
  ranks: Int32Array;
} {
  const ids = [...places.keys()].sort(compareIds);
  const ranks = new Int32Array(ids.length);
  const index = new Map<Id, number>();
  ids.forEach((id, rank) => {
    ranks[places.get(id)!] = rank;
    index.set(id, rank);
  });
  return { ids, index, ranks };
}

function addId(places: Map<Id, number>, id: Id, file: string, where: string): void {
  if (places.has(id)) refuseDuplicate(id, file, where);
  places.set(id, places.size);
}

function findId(
  places: Map<Id, number>,
  value: unknown,
  file: string,
  where: string,
  code: 'UNKNOWN_IMAGE' | 'UNKNOWN_CATEGORY',
): number {
  const place = typeof value === 'number' ? places.get(value) : undefined;
  if (place !== undefined) return place;
  const id = normalizeId(value, file, where);
  const found = places.get(id);
  if (found !== undefined) return found;
  const [one, list] =
    code === 'UNKNOWN_IMAGE' ? ['image', 'images'] : ['category', 'categories'];
  throw new EvaluationError(
    code,
    `no ${one} has the id ${JSON.stringify(id)}; add it to ${list} or drop the reference`,
    file,
    where,
  );
}

function refuseDuplicate(id: Id, file: string, where: string): never {
  throw new EvaluationError(
    'DUPLICATE_ID',
    `the id ${JSON.stringify(id)} is taken already; keep one entry, or number them anew`,
    file,
    where,
  );
}

function isSaid(flag: unknown): boolean {
  return flag !== undefined && flag !== null;
}

function checkText(value: unknown, file: string, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new EvaluationError(
    'INVALID_STRUCTURE',
    `expected text, found ${describe(value)}`,
    file,
    where,
  );
}

function checkSize(value: unknown, file: string, where: string): void {
  if (value === undefined || value === null) return;
  if (checkNumber(value, file, where) >= 0) return;
  throw new EvaluationError(
    'INVALID_NUMBER',
    'the size of a photo is negative; leave it out if unknown',
    file,
    where,
  );
}
