import { normalizeId } from '../dataset/ids.js';
import type { CocoDataset, Id } from '../dataset/types.js';
import { EvaluationError } from '../errors.js';

/** VOC's class names and what COCO calls the same; the other 14 are equal. */
export const vocToCoco: ReadonlyMap<string, string> = new Map([
  ['aeroplane', 'airplane'],
  ['diningtable', 'dining table'],
  ['motorbike', 'motorcycle'],
  ['pottedplant', 'potted plant'],
  ['sofa', 'couch'],
  ['tvmonitor', 'tv'],
]);

/** COCO's class names and what VOC calls the same. */
export const cocoToVoc: ReadonlyMap<string, string> = new Map(
  [...vocToCoco].map(([voc, coco]) => [coco, voc]),
);

/** What has become of the classes. */
export interface ClassMapping {
  /** The new dataset. */
  dataset: CocoDataset;
  /** Classes that have another name now: `[old, new]`. */
  renamed: [from: string, to: string][];
  /** Classes that kept their name. */
  kept: string[];
  /** Classes that went, with their annotations. */
  dropped: { name: string; annotations: number }[];
}

/** How classes are mapped. */
export interface MapClassesOptions {
  /**
   * The classes that the result may have. Others are an error, or are dropped.
   * @default any
   */
  into?: readonly string[];
  /** What becomes of a class that is not in `into`. @default 'error' */
  others?: 'error' | 'drop';
}

/**
 * Renames the classes of a dataset; what is not in the mapping keeps its name. Two
 * classes that get one name become one, under the id of the first. Nothing happens
 * silently: the result says what was renamed, kept and dropped.
 *
 * @throws EvaluationError for a class outside `into`
 */
export function mapClasses(
  dataset: CocoDataset,
  mapping: ReadonlyMap<string, string>,
  options: MapClassesOptions = {},
): ClassMapping {
  const { into, others = 'error' } = options;
  const result: ClassMapping = {
    dataset: { ...dataset, categories: [], annotations: [] },
    renamed: [],
    kept: [],
    dropped: [],
  };
  const idOfName = new Map<string, Id>();
  const idOfOld = new Map<Id, Id>();
  dataset.categories.forEach((category, i) => {
    const name = category.name ?? String(category.id);
    const target = mapping.get(name) ?? name;
    if (into && !into.includes(target)) {
      if (others === 'error') {
        throw new EvaluationError(
          'UNKNOWN_CATEGORY',
          `the class ${JSON.stringify(name)} has no counterpart; add it to the mapping, or have such classes dropped`,
          undefined,
          `categories[${i}]`,
        );
      }
      const annotations = dataset.annotations.filter(
        ({ category_id }) => key(category_id) === key(category.id),
      ).length;
      result.dropped.push({ name, annotations });
      return;
    }
    if (target === name) result.kept.push(name);
    else result.renamed.push([name, target]);
    const known = idOfName.get(target);
    idOfOld.set(key(category.id), known ?? category.id);
    if (known !== undefined) return;
    idOfName.set(target, category.id);
    result.dataset.categories.push({ ...category, name: target });
  });
  for (const annotation of dataset.annotations) {
    const category_id = idOfOld.get(key(annotation.category_id));
    if (category_id !== undefined) {
      result.dataset.annotations.push({ ...annotation, category_id });
    }
  }
  return result;
}

/** `12` and `"12"` are one id. */
const key = (id: Id): Id => normalizeId(id, 'dataset', 'id');
