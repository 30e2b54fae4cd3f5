import type { ConfusionMatrix } from '../../../eval/index.js';

/** Objects of one class that were seen as another. */
export interface Confusion {
  is: string;
  seen: string;
  count: number;
  /** Of the objects of the class, in [0, 1]. */
  part: number;
}

/** The pairs of classes that are mixed up most often; background is no class. */
export function listConfusions(
  { classes, counts }: ConfusionMatrix,
  most: number,
): Confusion[] {
  const pairs: Confusion[] = [];
  classes.forEach(({ name: is }, truth) => {
    const total = counts[truth].reduce((a, b) => a + b, 0);
    classes.forEach(({ name: seen }, other) => {
      const count = counts[truth][other];
      if (truth !== other && count > 0)
        pairs.push({ is, seen, count, part: count / total });
    });
  });
  return pairs.sort((a, b) => b.count - a.count || b.part - a.part).slice(0, most);
}
