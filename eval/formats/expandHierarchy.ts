import { normalizeId } from '../dataset/ids.js';
import type { CocoAnnotation, CocoDataset, Id } from '../dataset/types.js';
import { EvaluationError } from '../errors.js';

/** A class and what it includes, as in Open Images' `bbox_labels_*_hierarchy.json`. */
export interface ClassHierarchy {
  /** A category's name. Names that the dataset lacks (the root) are passed over. */
  LabelName: string;
  Subcategory?: readonly ClassHierarchy[];
}

/**
 * Adds what the hierarchy implies, as the Open Images Challenge does: every box also
 * for all ancestors of its class; photos' positive labels for all ancestors, negative
 * ones for all descendants. New annotations get ids after the largest integer id.
 *
 * @throws EvaluationError when the hierarchy is more than 100 levels deep
 */
export function expandHierarchy(
  dataset: CocoDataset,
  hierarchy: ClassHierarchy,
): CocoDataset {
  const idOf = new Map<string, Id>();
  for (const { id, name } of dataset.categories) idOf.set(name ?? String(id), key(id));
  const ancestors = new Map<Id, Set<Id>>();
  const descendants = new Map<Id, Set<Id>>();
  const visit = (node: ClassHierarchy, above: readonly Id[], depth: number): void => {
    if (depth > 100) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        'the hierarchy is too deep',
        'hierarchy',
      );
    }
    const id = idOf.get(node.LabelName);
    for (const ancestor of id === undefined ? [] : above) {
      if (ancestor === id) continue;
      addTo(ancestors, id!, ancestor);
      addTo(descendants, ancestor, id!);
    }
    const below = id === undefined ? above : [...above, id];
    for (const child of node.Subcategory ?? []) visit(child, below, depth + 1);
  };
  visit(hierarchy, [], 0);

  let nextId = 1;
  for (const { id } of dataset.annotations) {
    if (typeof id === 'number') nextId = Math.max(nextId, id + 1);
  }
  const implied: CocoAnnotation[] = [];
  for (const annotation of dataset.annotations) {
    for (const category_id of ancestors.get(key(annotation.category_id)) ?? []) {
      implied.push({ ...annotation, id: nextId++, category_id });
    }
  }
  const widen = (ids: readonly Id[], wider: Map<Id, Set<Id>>): Id[] => [
    ...new Set(ids.flatMap((id) => [key(id), ...(wider.get(key(id)) ?? [])])),
  ];
  return {
    ...dataset,
    images: dataset.images.map((image) => ({
      ...image,
      ...(image.pos_category_ids
        ? { pos_category_ids: widen(image.pos_category_ids, ancestors) }
        : {}),
      ...(image.neg_category_ids
        ? { neg_category_ids: widen(image.neg_category_ids, descendants) }
        : {}),
    })),
    annotations: [...dataset.annotations, ...implied],
  };
}

function addTo(sets: Map<Id, Set<Id>>, key: Id, value: Id): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

/** `12` and `"12"` are one id. */
const key = (id: Id): Id => normalizeId(id, 'dataset', 'id');
