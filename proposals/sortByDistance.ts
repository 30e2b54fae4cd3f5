/** Edges and their distances, at the same places. */
export interface MeasuredEdges {
  edges: Int32Array;
  distances: Float64Array;
}

/** Which half of a double, as 32-bit words, holds its exponent. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** Bits of a digit; a key has two. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Bits of a double's high word that its key leaves out. */
const DROPPED_BITS = 2;

/**
 * Stable, ascending. A radix sort by a key of 22 bits in which edges and distances
 * move together, so that each pass reads in order; few edges share a key, and those
 * are sorted by their distances after it.
 *
 * The bits of non-negative doubles ascend with the value, so the key is the exponent,
 * of the 16 up to the largest distance's, and the 18 bits that follow it.
 *
 * @param measured distances ≥ 0 in a buffer of their own; its arrays are overwritten, and
 *   may be those of the result
 */
export function sortByDistance(measured: MeasuredEdges): MeasuredEdges {
  const { distances } = measured;
  const n = distances.length;
  let largest = 0;
  for (let i = 0; i < n; i++) if (distances[i] > largest) largest = distances[i];
  const base = new Int32Array(Float64Array.of(largest).buffer)[HIGH] - (1 << 24) + 1;
  let from = measured;
  let to: MeasuredEdges = { edges: new Int32Array(n), distances: new Float64Array(n) };
  for (const shift of [0, DIGIT_BITS]) {
    moveByDigit(from, to, base, DROPPED_BITS + shift);
    [from, to] = [to, from];
  }
  const words = new Int32Array(from.distances.buffer);
  for (let start = 0, end = 1; start < n; start = end++) {
    const bits = Math.max(words[2 * start + HIGH] - base, 0) >> DROPPED_BITS;
    while (
      end < n &&
      Math.max(words[2 * end + HIGH] - base, 0) >> DROPPED_BITS === bits
    ) {
      end++;
    }
    sortRun(from, to, start, end);
  }
  return from;
}

/** One pass of the radix sort: by the digit at `shift` of what the high words exceed `base` by. */
function moveByDigit(
  from: MeasuredEdges,
  to: MeasuredEdges,
  base: number,
  shift: number,
): void {
  const n = from.edges.length;
  const words = new Int32Array(from.distances.buffer);
  const places = new Int32Array(DIGITS);
  for (let i = 0; i < n; i++) {
    places[(Math.max(words[2 * i + HIGH] - base, 0) >> shift) & (DIGITS - 1)]++;
  }
  for (let digit = 0, start = 0; digit < DIGITS; digit++) {
    start += places[digit];
    places[digit] = start - places[digit];
  }
  for (let i = 0; i < n; i++) {
    const digit = (Math.max(words[2 * i + HIGH] - base, 0) >> shift) & (DIGITS - 1);
    const place = places[digit]++;
    to.edges[place] = from.edges[i];
    to.distances[place] = from.distances[i];
  }
}

/** Runs up to this length are sorted by insertion. */
const SHORT_RUN = 16;

/** Merge sort of places start … end − 1 of `run`, stable; `spare` is as long and is overwritten. */
function sortRun(
  run: MeasuredEdges,
  spare: MeasuredEdges,
  start: number,
  end: number,
): void {
  const { edges, distances } = run;
  if (end - start <= SHORT_RUN) {
    for (let i = start + 1; i < end; i++) {
      const edge = edges[i];
      const distance = distances[i];
      let j = i;
      for (; j > start && distances[j - 1] > distance; j--) {
        edges[j] = edges[j - 1];
        distances[j] = distances[j - 1];
      }
      edges[j] = edge;
      distances[j] = distance;
    }
    return;
  }
  const middle = (start + end) >>> 1;
  sortRun(run, spare, start, middle);
  sortRun(run, spare, middle, end);
  if (distances[middle - 1] <= distances[middle]) return;
  spare.edges.set(edges.subarray(start, middle), start);
  spare.distances.set(distances.subarray(start, middle), start);
  let i = start;
  let j = middle;
  for (let place = start; i < middle; place++) {
    // Of equal ones, that of the first half goes first.
    if (j < end && distances[j] < spare.distances[i]) {
      edges[place] = edges[j];
      distances[place] = distances[j++];
    } else {
      edges[place] = spare.edges[i];
      distances[place] = spare.distances[i++];
    }
  }
}
