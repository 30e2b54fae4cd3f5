import { normalizeId } from '../dataset/ids.js';
import { EvaluationError } from '../errors.js';
import type {
  CocoAnnotation,
  CocoDataset,
  CocoDetection,
  Id,
} from '../dataset/types.js';

/**
 * An object as every format has it: a class by name and a half-open box in pixels.
 * It is a detection when it has a score.
 */
export interface LabeledObject {
  label: string;
  /** x, y, width, height in pixels, half-open. */
  bbox: [x: number, y: number, width: number, height: number];
  score?: number;
  /** VOC: need not be found. */
  difficult?: boolean;
  /** COCO: a region of many. */
  crowd?: boolean;
  /** Open Images: one box around more than five that touch. */
  groupOf?: boolean;
  truncated?: boolean;
  occluded?: boolean;
  /** Area in pixels² where the format has one (COCO: of the mask). */
  area?: number;
}

/** A photo with its objects, which all formats can be turned into and made from. */
export interface LabeledImage {
  /** As the format gives it; with `/` between folders. */
  fileName: string;
  /** Pixels; missing where the format doesn't say. */
  width?: number;
  height?: number;
  objects: LabeledObject[];
}

/** How a dataset is put together from photos. */
export interface AssembleOptions {
  /**
   * The classes in the order of their ids. A label that is not among them is an error.
   * @default the labels that occur, in alphabetical order
   */
  classes?: readonly string[];
  /** Id of the first class. @default 1 */
  firstClassId?: number;
  /** Names the input in errors. */
  file?: string;
}

/**
 * A COCO dataset of photos: ids from 1 in the order given, `area` = width·height
 * unless the format has one, and the format's flags.
 *
 * @throws EvaluationError for a label outside `classes`
 */
export function assembleDataset(
  images: readonly LabeledImage[],
  options: AssembleOptions = {},
): CocoDataset {
  const { firstClassId = 1, file } = options;
  const classes = options.classes ?? labelsOf(images);
  const ids = new Map(classes.map((name, i) => [name, firstClassId + i]));
  const annotations: CocoAnnotation[] = [];
  images.forEach(({ fileName, objects }, i) => {
    for (const object of objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id: i + 1,
        category_id: classOf(object.label, ids, fileName, file),
        bbox: object.bbox,
        area: object.area ?? object.bbox[2] * object.bbox[3],
        iscrowd: object.crowd ? 1 : 0,
        ...(object.difficult === undefined
          ? {}
          : { difficult: object.difficult ? 1 : 0 }),
        ...(object.groupOf === undefined
          ? {}
          : { is_group_of: object.groupOf ? 1 : 0 }),
        ...(object.truncated === undefined
          ? {}
          : { truncated: object.truncated ? 1 : 0 }),
        ...(object.occluded === undefined ? {} : { occluded: object.occluded ? 1 : 0 }),
      });
    }
  });
  return {
    images: images.map(({ fileName, width, height }, i) => ({
      id: i + 1,
      file_name: fileName,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
    })),
    annotations,
    categories: classes.map((name, i) => ({ id: firstClassId + i, name })),
  };
}

/**
 * COCO results of photos whose objects have scores, with the ids of a ground truth.
 * Photos are found by file name, or by the name without folder and extension when only
 * one photo has it.
 *
 * @throws EvaluationError for a photo or label that the ground truth lacks, or an object
 *   without score
 */
export function assembleDetections(
  images: readonly LabeledImage[],
  groundTruth: Pick<CocoDataset, 'images' | 'categories'>,
  file?: string,
): CocoDetection[] {
  const findImage = indexFileNames(groundTruth);
  const ids = new Map<string, Id>();
  for (const { id, name } of groundTruth.categories) ids.set(name ?? String(id), id);
  return images.flatMap(({ fileName, objects }) => {
    const imageId = findImage(fileName);
    if (imageId === undefined) {
      throw new EvaluationError(
        'UNKNOWN_IMAGE',
        'the ground truth has no photo of this name, or several',
        file,
        fileName,
      );
    }
    return objects.map(({ label, bbox, score }) => {
      if (score === undefined) {
        throw new EvaluationError(
          'INVALID_STRUCTURE',
          'an object has no score; these are annotations, not detections',
          file,
          fileName,
        );
      }
      const categoryId = classOf(label, ids, fileName, file);
      return { image_id: imageId, category_id: categoryId, bbox, score };
    });
  });
}

/**
 * The photos of a dataset with their objects, for writing in another format; or with
 * detections instead of the annotations.
 */
export function labeledImages(
  dataset: CocoDataset,
  detections?: readonly CocoDetection[],
): LabeledImage[] {
  const names = new Map<Id, string>();
  for (const { id, name } of dataset.categories) names.set(key(id), name ?? String(id));
  const images = new Map<Id, LabeledImage>();
  for (const { id, file_name, width, height } of dataset.images) {
    images.set(key(id), {
      fileName: file_name ?? String(id),
      ...(typeof width === 'number' ? { width } : {}),
      ...(typeof height === 'number' ? { height } : {}),
      objects: [],
    });
  }
  const rows: readonly (CocoAnnotation | CocoDetection)[] =
    detections ?? dataset.annotations;
  for (const row of rows) {
    const image = images.get(key(row.image_id));
    const label = names.get(key(row.category_id));
    if (!image || label === undefined) {
      throw new EvaluationError(
        image ? 'UNKNOWN_CATEGORY' : 'UNKNOWN_IMAGE',
        `the dataset has no ${image ? `category ${row.category_id}` : `image ${row.image_id}`}`,
      );
    }
    const object: LabeledObject = {
      label,
      bbox: [row.bbox[0], row.bbox[1], row.bbox[2], row.bbox[3]],
    };
    if (typeof row.score === 'number') object.score = row.score;
    if (isFlag(row.difficult)) object.difficult = Boolean(row.difficult);
    else if (isFlag(row.ignore)) object.difficult = Boolean(row.ignore);
    if (row.iscrowd) object.crowd = true;
    if (isFlag(row.is_group_of)) object.groupOf = Boolean(row.is_group_of);
    if (isFlag(row.truncated)) object.truncated = Boolean(row.truncated);
    if (isFlag(row.occluded)) object.occluded = Boolean(row.occluded);
    if (typeof row.area === 'number') object.area = row.area;
    image.objects.push(object);
  }
  return [...images.values()];
}

/** The labels that occur, in alphabetical order. */
export function labelsOf(images: readonly LabeledImage[]): string[] {
  const labels = new Set<string>();
  for (const { objects } of images) for (const { label } of objects) labels.add(label);
  return [...labels].sort();
}

/** Photos that several files describe (one a class, say) become one. */
export function mergeImages(images: readonly LabeledImage[]): LabeledImage[] {
  const merged = new Map<string, LabeledImage>();
  for (const image of images) {
    const known = merged.get(image.fileName);
    if (known) known.objects.push(...image.objects);
    else merged.set(image.fileName, { ...image, objects: [...image.objects] });
  }
  return [...merged.values()];
}

function indexFileNames(
  groundTruth: Pick<CocoDataset, 'images'>,
): (fileName: string) => Id | undefined {
  const byName = new Map<string, Id>();
  const byStem = new Map<string, Id | undefined>();
  for (const { id, file_name } of groundTruth.images) {
    const name = file_name ?? String(id);
    byName.set(name, id);
    const stem = stemOf(name);
    byStem.set(stem, byStem.has(stem) ? undefined : id);
  }
  return (fileName) => byName.get(fileName) ?? byStem.get(stemOf(fileName));
}

/** A file's name without folders and extension. */
export function stemOf(fileName: string): string {
  return fileName.replace(/^.*[/\\]/, '').replace(/\.[^.]+$/, '');
}

function classOf<T>(
  label: string,
  ids: Map<string, T>,
  fileName: string,
  file?: string,
): T {
  const id = ids.get(label);
  if (id !== undefined) return id;
  throw new EvaluationError(
    'UNKNOWN_CATEGORY',
    `no class is called ${JSON.stringify(label)}; map the class names, or list the class`,
    file,
    fileName,
  );
}

/** `12` and `"12"` are one id. */
const key = (id: Id): Id => normalizeId(id, 'dataset', 'id');

function isFlag(value: unknown): boolean {
  return value === 0 || value === 1 || typeof value === 'boolean';
}
