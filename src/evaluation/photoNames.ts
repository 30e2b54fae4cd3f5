/** A photo that a name leads to. */
export type FindPhoto<T> = (name: string) => T | undefined;

/** What a photo's name is without its extension; folders stay. */
export function withoutExtension(name: string): string {
  return name.replace(/\.[^./\\]+$/, '');
}

/**
 * Finds photos by name: the whole name, else the name without extension, else the name
 * without folders and extension when only one photo has it.
 */
export function indexPhotos<T>(photos: Iterable<readonly [string, T]>): FindPhoto<T> {
  const byName = new Map<string, T>();
  const byPath = new Map<string, T | undefined>();
  const byStem = new Map<string, T | undefined>();
  const add = (index: Map<string, T | undefined>, name: string, photo: T) =>
    index.set(name, index.has(name) ? undefined : photo);
  for (const [given, photo] of photos) {
    const name = given.replaceAll('\\', '/');
    byName.set(name, photo);
    add(byPath, withoutExtension(name), photo);
    add(byStem, stem(name), photo);
  }
  return (given) => {
    const name = given.replaceAll('\\', '/');
    const exact = byName.get(name);
    if (exact !== undefined) return exact;
    // A name may have a dot and no extension: 2007.000549.
    for (const path of [name, withoutExtension(name)]) {
      if (byPath.has(path)) return byPath.get(path);
    }
    return byStem.get(name.replace(/^.*\//, '')) ?? byStem.get(stem(name));
  };
}

function stem(name: string): string {
  return withoutExtension(name).replace(/^.*\//, '');
}
