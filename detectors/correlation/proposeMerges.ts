import type { CoMoments } from './coMoments.js';

/** A unit that others stand for: unit ≈ Σ scale · into + offset. */
export interface Merge {
  unit: number;
  /** None for a unit that never changes. */
  terms: { into: number; scale: number }[];
  offset: number;
  /** Correlation of the unit with what stands for it; 1 for a unit that never changes. */
  r: number;
}

/**
 * The units of a layer for each of which one other can stand, by least squares. Pairs are taken
 * from the highest correlation down; of a pair, the unit that others have been merged
 * into stays, else the one that varies more. No chains arise: each unit that goes
 * has the correlation asked for with the one that stays.
 *
 * @param correlations of the same units, [n, n]
 * @param threshold least correlation, over 0; negative ones never count, since what
 *   follows (maximum pooling) keeps order and does not reverse it
 */
export function proposeMerges(
  moments: CoMoments,
  correlations: Float64Array,
  threshold: number,
): Merge[] {
  const n = moments.variables;
  const merges: Merge[] = [];
  const isGone = new Uint8Array(n);
  const isKept = new Uint8Array(n);
  const isSilent = silentUnits(moments);
  for (let unit = 0; unit < n; unit++) {
    if (!isSilent[unit]) continue;
    isGone[unit] = 1;
    merges.push({ unit, terms: [], offset: moments.mean[unit], r: 1 });
  }
  const pairs: { a: number; b: number; r: number }[] = [];
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const r = correlations[a * n + b];
      if (r >= threshold && !isGone[a] && !isGone[b]) pairs.push({ a, b, r });
    }
  }
  pairs.sort((x, y) => y.r - x.r || x.a - y.a || x.b - y.b);
  for (const { a, b, r } of pairs) {
    if (isGone[a] || isGone[b] || (isKept[a] && isKept[b])) continue;
    const isFirstKept = isKept[a] || isKept[b] ? isKept[a] : varies(moments, a, b);
    const [into, unit] = isFirstKept ? [a, b] : [b, a];
    isKept[into] = 1;
    isGone[unit] = 1;
    const scale = moments.covariance(unit, into) / moments.covariance(into, into);
    const offset = moments.mean[unit] - scale * moments.mean[into];
    merges.push({ unit, terms: [{ into, scale }], offset, r });
  }
  return merges.sort((x, y) => x.unit - y.unit);
}

/** Units that never change: 1 where so. */
export function silentUnits(moments: CoMoments): Uint8Array {
  return Uint8Array.from({ length: moments.variables }, (_, i) =>
    moments.deviation(i) <= 1e-12 * Math.abs(moments.mean[i]) ? 1 : 0,
  );
}

const varies = (moments: CoMoments, a: number, b: number) =>
  moments.deviation(a) >= moments.deviation(b);
