import type { ConfusionMatrix } from '../../../eval/index.js';

/**
 * A matrix with no more rows than can be read: classes with most mix-ups (an object
 * counts a tenth of one) stay, in their order, the others become one.
 *
 * @returns names and counts, with background last
 */
export function mergeClasses(
  { classes, counts }: ConfusionMatrix,
  most: number,
): { names: string[]; counts: number[][] } {
  const size = classes.length;
  const weight = classes.map((_, a) => {
    let mixed = 0;
    let objects = 0;
    for (let b = 0; b <= size; b++) {
      objects += counts[a][b];
      if (b !== a && b < size) mixed += counts[a][b] + counts[b][a];
    }
    return mixed + objects / 10;
  });
  const kept = new Set(
    size <= most
      ? weight.keys()
      : [...weight.keys()].sort((a, b) => weight[b] - weight[a]).slice(0, most),
  );
  const names = classes.filter((_, i) => kept.has(i)).map(({ name }) => name);
  const others = size - kept.size;
  if (others > 0) names.push(`${others} other classes`);
  names.push('background');

  /** New place of each old one. */
  let next = 0;
  const place = classes.map((_, i) => (kept.has(i) ? next++ : kept.size));
  place.push(names.length - 1);
  const merged = names.map(() => names.map(() => 0));
  counts.forEach((row, truth) => {
    row.forEach((n, seen) => {
      merged[place[truth]][place[seen]] += n;
    });
  });
  return { names, counts: merged };
}
