import { DetectorError } from '../errors.js';
import type { CoMoments } from './coMoments.js';
import type { Site } from './findSites.js';
import { choleskyFactor, choleskySolve, invertMatrix } from './invertMatrix.js';
import { silentUnits, type Merge } from './proposeMerges.js';

/**
 * What is added to the variance of each unit, as a part of its own and of the layer's
 * median variance: the first keeps the equations sound where units are the same, the
 * second keeps units that hardly fired on the photos from counting for much, since
 * elsewhere they may fire a thousand times as strongly.
 */
const RIDGE = 1e-3;
/** With fewer samples a unit, combinations fit the samples and nothing else. */
const SAMPLES_A_UNIT = 4;

/**
 * The units of a layer that all the others together can stand for: each is a linear
 * combination of those that stay, by least squares. Units go one after the other,
 * always the one whose multiple correlation with the rest is highest, as long as that
 * is `threshold` or more; that of those gone earlier is somewhat lower in the end.
 *
 * @param threshold least multiple correlation at the time when a unit goes
 * @param multiple each convolution keeps a multiple of so many outputs: of those that
 *   could go, the last ones stay
 * @throws DetectorError INVALID_ARGUMENT when there are too few samples
 */
export function proposeCombinations(
  moments: CoMoments,
  correlations: Float64Array,
  site: Site,
  threshold: number,
  multiple = 1,
): Merge[] {
  const n = moments.variables;
  if (moments.count < SAMPLES_A_UNIT * n) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `layer "${site.name}": ${moments.count} samples for ${n} units are too few to combine them (${SAMPLES_A_UNIT} times as many are needed); take more photos, or larger ones`,
    );
  }
  const silent = silentUnits(moments);
  const ridges = ridgesOf(moments, silent);
  const order = [
    ...[...silent.keys()].filter((unit) => silent[unit]),
    ...eliminationOrder(correlations, ridges, silent, threshold),
  ];
  const gone = roundWidths(order, site, multiple);
  const isGone = new Uint8Array(n);
  for (const unit of gone) isGone[unit] = 1;
  const kept = [...isGone.keys()].filter((unit) => !isGone[unit] && !silent[unit]);
  return regress(moments, correlations, ridges, gone, kept).map((merge) =>
    silent[merge.unit]
      ? { unit: merge.unit, terms: [], offset: moments.mean[merge.unit], r: 1 }
      : merge,
  );
}

/** The ridge of each unit, as a part of its variance; 0 for units that never change. */
function ridgesOf(moments: CoMoments, silent: Uint8Array): Float64Array {
  const variances = Float64Array.from(silent, (_, i) => moments.covariance(i, i));
  const sorted = variances.filter((_, i) => !silent[i]).sort();
  const median = sorted[sorted.length >> 1];
  return variances.map((variance, i) =>
    silent[i] ? 0 : RIDGE * (1 + median / variance),
  );
}

/** Units in the order in which the rest can do without them. */
function eliminationOrder(
  correlations: Float64Array,
  ridges: Float64Array,
  silent: Uint8Array,
  threshold: number,
): number[] {
  const n = ridges.length;
  const ridged = correlations.slice();
  for (let i = 0; i < n; i++) ridged[i * n + i] += ridges[i];
  const precision = invertMatrix(ridged, n);
  if (!precision) return [];
  const isIn = silent.map((value) => 1 - value);
  // What a unit's variance keeps when the others are known: 1 / its precision, which
  // has its own ridge in it.
  const rest = (i: number) => 1 / precision[i * n + i] - ridges[i];
  const most = 1 - threshold ** 2;
  const order: number[] = [];
  for (;;) {
    let best = -1;
    for (let i = 0; i < n; i++) {
      if (isIn[i] && (best < 0 || rest(i) < rest(best))) best = i;
    }
    if (best < 0 || rest(best) > most) return order;
    order.push(best);
    isIn[best] = 0;
    // The precision of the rest without it (its Schur complement).
    const pivot = precision[best * n + best];
    for (let i = 0; i < n; i++) {
      const factor = precision[i * n + best] / pivot;
      if (!isIn[i] || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        precision[i * n + j] -= factor * precision[best * n + j];
      }
    }
  }
}

/** As many of a convolution's units, from the first on, as leave a multiple (and one at least). */
export function roundWidths(
  order: readonly number[],
  { units }: Site,
  multiple: number,
): number[] {
  const widths = new Map<string, number>();
  for (const { node } of units) widths.set(node, (widths.get(node) ?? 0) + 1);
  const wanted = new Map<string, number>();
  for (const unit of order) {
    const { node } = units[unit];
    wanted.set(node, (wanted.get(node) ?? 0) + 1);
  }
  const allowed = new Map<string, number>();
  for (const [node, count] of wanted) {
    const width = widths.get(node)!;
    const left = Math.max(multiple, Math.ceil((width - count) / multiple) * multiple);
    allowed.set(node, Math.max(0, width - left));
  }
  return order.filter((unit) => {
    const { node } = units[unit];
    const rest = allowed.get(node)!;
    allowed.set(node, rest - 1);
    return rest > 0;
  });
}

/** Each unit that goes as a combination of those that stay. */
function regress(
  moments: CoMoments,
  correlations: Float64Array,
  ridges: Float64Array,
  gone: readonly number[],
  kept: readonly number[],
): Merge[] {
  const n = moments.variables;
  const k = kept.length;
  const factor = new Float64Array(k * k);
  kept.forEach((a, i) =>
    kept.forEach((b, j) => {
      factor[i * k + j] = correlations[a * n + b] + (i === j ? ridges[a] : 0);
    }),
  );
  if (!choleskyFactor(factor, k)) return [];
  return gone
    .map((unit): Merge => {
      const solution = Float64Array.from(
        kept,
        (other) => correlations[unit * n + other],
      );
      choleskySolve(factor, k, solution);
      let explained = 0;
      let offset = moments.mean[unit];
      const terms = kept.map((into, i) => {
        explained += solution[i] * correlations[unit * n + into];
        const scale = (solution[i] * moments.deviation(unit)) / moments.deviation(into);
        offset -= scale * moments.mean[into];
        return { into, scale };
      });
      const r = Math.sqrt(Math.min(1, Math.max(0, explained)));
      return { unit, terms, offset, r };
    })
    .sort((a, b) => a.unit - b.unit);
}
