/** The ids that photos and classes have in the results. */
export interface PhotoIds {
  /** The image id of input number `index`. */
  photoId(index: number): number;
  /** The category id that stands for a class of the model. */
  categoryId(modelId: number): number;
  /** Photos that the annotations don't have; undefined without annotations. */
  notAnnotated?: number;
  /** Names of the model's classes that the annotations don't have. */
  unknownClasses: readonly string[];
}

/** What the ids are taken from. */
export interface AnnotatedIds {
  images: readonly { id: number; file_name: string }[];
  categories: readonly { id: number; name: string }[];
}

const bareName = (name: string) => name.slice(name.lastIndexOf('/') + 1);

/**
 * Without annotations photos are numbered from 1 in the order of their names and
 * classes keep the model's ids. With annotations a photo has the id of the image
 * of the same file name (or of the same bare file name, when it is the only one
 * on both sides), and a class the id of the category of the same name; photos and
 * classes that the annotations don't have are numbered after their largest ids.
 */
export function numberPhotos(
  photos: readonly { name: string }[],
  classes: readonly { id: number; name: string }[],
  annotated?: AnnotatedIds,
): PhotoIds {
  if (!annotated) {
    return {
      photoId: (index) => index + 1,
      categoryId: (id) => id,
      unknownClasses: [],
    };
  }
  const { images, categories } = annotated;
  const exact = new Map(images.map(({ file_name, id }) => [file_name, id]));
  const bareImages = uniqueBy(
    images.map(({ file_name, id }) => [bareName(file_name), id]),
  );
  const barePhotos = uniqueBy(photos.map(({ name }) => [bareName(name), name]));

  let nextPhoto = 1 + largest(images);
  let notAnnotated = 0;
  const photoIds = photos.map(({ name }) => {
    const bare = bareName(name);
    const id =
      exact.get(name) ??
      (barePhotos.get(bare) === name ? bareImages.get(bare) : undefined);
    if (id !== undefined && id !== null) return id;
    notAnnotated++;
    return nextPhoto++;
  });

  const byName = new Map(categories.map(({ name, id }) => [name, id]));
  let nextCategory = 1 + largest(categories);
  const categoryIds = new Map(
    classes.map(({ id, name }) => [id, byName.get(name) ?? nextCategory++]),
  );
  return {
    photoId: (index) => photoIds[index],
    categoryId: (modelId) => categoryIds.get(modelId) ?? modelId,
    notAnnotated,
    unknownClasses: classes
      .filter(({ name }) => !byName.has(name))
      .map(({ name }) => name),
  };
}

function largest(items: readonly { id: number }[]): number {
  return items.reduce((most, { id }) => Math.max(most, id), 0);
}

/** Values by key; null where a key has several. */
function uniqueBy<T>(pairs: readonly (readonly [string, T])[]): Map<string, T | null> {
  const map = new Map<string, T | null>();
  for (const [key, value] of pairs) map.set(key, map.has(key) ? null : value);
  return map;
}
