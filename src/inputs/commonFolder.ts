import { sep } from 'node:path';

/** How paths below the deepest folder that all given ones share are named. */
export interface CommonFolder {
  /** The folder itself; '' when the given ones share none (Windows drives). */
  path: string;
  /** The name of an absolute path relative to it, with '/'. */
  nameOf: (path: string) => string;
}

/**
 * The deepest folder that contains (or is) all the given ones.
 *
 * @param folders absolute paths
 */
export function commonFolder(folders: readonly string[]): CommonFolder {
  let common = parts(folders[0] ?? sep);
  for (const folder of folders.slice(1)) {
    const other = parts(folder);
    let shared = 0;
    while (shared < common.length && common[shared] === other[shared]) shared++;
    common = common.slice(0, shared);
  }
  const path = common.join(sep);
  const start = common.length === 0 ? 0 : path.length + 1;
  return { path, nameOf: (file) => withSlashes(file.slice(start), start === 0) };
}

/** '/a/b' is ['', 'a', 'b'], and the root is ['']. */
function parts(folder: string): string[] {
  return (folder.endsWith(sep) ? folder.slice(0, -1) : folder).split(sep);
}

function withSlashes(path: string, hasDrive: boolean): string {
  const name = sep === '/' ? path : path.replaceAll(sep, '/');
  return hasDrive ? name.replace(/^([A-Za-z]):/, '$1') : name;
}
