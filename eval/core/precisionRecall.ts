/**
 * Precision and recall, drawn from nothing but the true positives: `totals[n − 1]` is
 * the number of detections, true and false, down to the nth true positive, so that
 * precision there is n / totals[n − 1] and recall n / positives. Between two true
 * positives recall stands still and precision only falls, hence every rule of
 * interpolation can be told from these points alone.
 */

/** The precision at each true positive, raised to the best at that recall or beyond. */
export function precisionEnvelope(totals: ArrayLike<number>): Float64Array {
  const envelope = new Float64Array(totals.length);
  let best = 0;
  for (let n = totals.length; n > 0; n--) {
    const precision = n / totals[n - 1];
    if (precision > best) best = precision;
    envelope[n - 1] = best;
  }
  return envelope;
}

/**
 * Mean of the interpolated precision at given recalls, which is the best precision at
 * that recall or more, and 0 where that recall isn't reached: 101 recalls make COCO's
 * average precision, 11 make VOC 2007's. `null` without positives.
 *
 * @param recalls ascending, in [0, 1]
 */
export function interpolatedAveragePrecision(
  totals: ArrayLike<number>,
  positives: number,
  recalls: ArrayLike<number>,
): number | null {
  if (positives === 0) return null;
  // From the last true positive back: `best` is the envelope at the nth.
  let sum = 0;
  let best = 0;
  let r = recalls.length - 1;
  while (r >= 0 && recalls[r] > totals.length / positives) r--;
  for (let n = totals.length; n > 0 && r >= 0; n--) {
    best = Math.max(best, n / totals[n - 1]);
    const before = n === 1 ? -1 : (n - 1) / positives;
    for (; r >= 0 && recalls[r] > before; r--) sum += best;
  }
  return sum / recalls.length;
}

/**
 * Area under the interpolated precision-recall curve, all points (VOC 2010 and later,
 * ILSVRC, Open Images). `null` without positives.
 */
export function allPointAveragePrecision(
  totals: ArrayLike<number>,
  positives: number,
): number | null {
  if (positives === 0) return null;
  // Every true positive is a step in recall of 1 / positives.
  let sum = 0;
  for (const precision of precisionEnvelope(totals)) sum += precision;
  return sum / positives;
}

/** Mean of what is there; `null` when nothing is. */
export function meanOf(values: Iterable<number | null>): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}
