export function pairedInterval(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  seed?: number,
): { value: number; low: number; high: number };
