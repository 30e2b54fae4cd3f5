import { errorTypes, type ErrorType } from '../../eval/index.js';

/** An error that may be shown. */
export interface Candidate {
  type: ErrorType;
  /** Class that the error counts for. */
  category: unknown;
  photo: unknown;
  /** Higher is worse; compared within a type only. */
  badness: number;
}

/** A photo gives at most so many examples of a type while others wait. */
const PER_PHOTO = 3;

/**
 * Chooses errors to show. Every type gets the same number of places, and those it
 * cannot fill go to the others. Within a type the worst come first, but while others
 * wait no class takes more than a quarter of the places, and no photo more than three:
 * a gallery of one crowd of people would teach nothing.
 *
 * @returns the worst of each type in turn, then the second worst, and so on
 */
export function chooseExamples<T extends Candidate>(
  candidates: readonly T[],
  count: number,
): T[] {
  const byType = errorTypes.map((type) =>
    candidates
      .filter((candidate) => candidate.type === type)
      // Sorting is stable, so equally bad ones keep their order.
      .toSorted((a, b) => b.badness - a.badness),
  );
  const places = sharePlaces(
    byType.map((list) => list.length),
    count,
  );
  const chosen = byType.map((list, i) => takeVaried(list, places[i]));
  const longest = Math.max(0, ...places);
  return Array.from({ length: longest }, (_, rank) =>
    chosen.flatMap((list) => list.slice(rank, rank + 1)),
  ).flat();
}

/** Shares places equally; nobody gets more than wanted, and none is left over needlessly. */
function sharePlaces(wanted: readonly number[], count: number): number[] {
  const places = wanted.map(() => 0);
  for (let left = count; left > 0;) {
    const hungry = wanted.flatMap((n, i) => (places[i] < n ? [i] : []));
    if (hungry.length === 0) break;
    const share = Math.max(1, Math.floor(left / hungry.length));
    for (const i of hungry) {
      const more = Math.min(share, wanted[i] - places[i], left);
      places[i] += more;
      left -= more;
    }
  }
  return places;
}

function takeVaried<T extends Candidate>(worstFirst: readonly T[], count: number): T[] {
  const perClass = Math.ceil(count / 4);
  const ofClass = new Map<unknown, number>();
  const ofPhoto = new Map<unknown, number>();
  const isVaried = ({ category, photo }: T) => {
    const sameClass = ofClass.get(category) ?? 0;
    const samePhoto = ofPhoto.get(photo) ?? 0;
    if (sameClass >= perClass || samePhoto >= PER_PHOTO) return false;
    ofClass.set(category, sameClass + 1);
    ofPhoto.set(photo, samePhoto + 1);
    return true;
  };
  const taken = new Set<T>();
  for (const candidate of worstFirst) {
    if (taken.size === count) break;
    if (isVaried(candidate)) taken.add(candidate);
  }
  for (const candidate of worstFirst) {
    if (taken.size === count) break;
    taken.add(candidate);
  }
  return worstFirst.filter((candidate) => taken.has(candidate));
}
