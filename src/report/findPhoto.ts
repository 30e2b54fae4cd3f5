import { OutputError, safeJoin } from '../formats/index.js';

/**
 * Paths within a folder at which a photo may lie, likeliest first, by the name that the
 * annotations give. A name that leads out of the folder, as the absolute ones of some
 * exporters do, or that is written with backslashes counts by its last part too; none
 * leads elsewhere: annotations of strangers must not choose the files that are shown.
 */
export function findPhoto(folder: string, name: string): string[] {
  const whole = joinSafely(folder, name);
  if (whole !== null && !name.includes('\\')) return [whole];
  const last = joinSafely(folder, name.split(/[/\\]/).at(-1)!);
  return [whole, last].filter((path) => path !== null);
}

function joinSafely(folder: string, name: string): string | null {
  try {
    return safeJoin(folder, name);
  } catch (error) {
    if (error instanceof OutputError) return null;
    throw error;
  }
}
