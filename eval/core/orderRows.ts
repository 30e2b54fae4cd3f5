/** The rows 0 to count − 1. */
export function allRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  return rows;
}

/**
 * The rows in ascending order of their key, rows with equal keys as they were.
 *
 * @param rows every row once, in any order
 * @param keys for every row an integer in [0, buckets)
 * @param ordered where to write, not `rows` itself; made anew when it is missing
 */
export function orderByKey(
  rows: Int32Array,
  keys: Int32Array,
  buckets: number,
  ordered: Int32Array = new Int32Array(rows.length),
): Int32Array {
  spread(rows, keys, groupStarts(keys, buckets), ordered);
  return ordered;
}

/** For rows ordered by key: where each key's rows start; one more entry for the end. */
export function groupStarts(keys: Int32Array, buckets: number): Int32Array {
  const starts = new Int32Array(buckets + 1);
  countKeys(keys, starts);
  sumUp(starts);
  return starts;
}

/*
 * The loops below are functions of their own because they run over everything once:
 * V8 compiles each while it runs, and would start over at the next loop of a longer one.
 */

function countKeys(keys: Int32Array, counts: Int32Array): void {
  for (let i = 0; i < keys.length; i++) counts[keys[i] + 1]++;
}

function sumUp(counts: Int32Array): void {
  for (let b = 1; b < counts.length; b++) counts[b] += counts[b - 1];
}

function spread(
  rows: Int32Array,
  keys: Int32Array,
  starts: Int32Array,
  ordered: Int32Array,
): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    ordered[starts[keys[row]]++] = row;
  }
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The rows by score, best first, rows with equal scores as they were (a stable
 * sort, as in pycocotools and the VOC devkit).
 */
export function orderByScore(rows: Int32Array, scores: Float64Array): Int32Array {
  const count = rows.length;
  // Clearing four histograms of 65,536 entries pays off from a few thousand rows on.
  if (count < 4096) return rows.slice().sort((a, b) => scores[b] - scores[a]);

  const words = descendingBits(rows, scores);
  const high = littleEndian ? 1 : 0;
  // Least significant digit first: 16 bits a pass, each pass stable.
  let from: Int32Array = allRows(count);
  let to: Int32Array = new Int32Array(count);
  for (let digit = 0; digit < 4; digit++) {
    const word = digit < 2 ? 1 - high : high;
    const shift = 16 * (digit & 1);
    const starts = new Int32Array(65537);
    countDigits(words, word, shift, starts);
    if (starts.includes(count)) continue; // all the same: nothing to do
    sumUp(starts);
    spreadByDigit(from, words, word, shift, starts, to);
    [from, to] = [to, from];
  }
  lookUp(rows, from, to);
  return to;
}

/** The bits of the scores as pairs of integers that ascend as the scores descend. */
function descendingBits(rows: Int32Array, scores: Float64Array): Uint32Array {
  const copy = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) copy[i] = scores[rows[i]] + 0; // −0 becomes 0
  const words = new Uint32Array(copy.buffer);
  turnBits(words, littleEndian ? 1 : 0);
  return words;
}

function turnBits(words: Uint32Array, high: number): void {
  for (let i = 0; i < words.length; i += 2) {
    if (words[i + high] >>> 31 === 0) {
      words[i + high] ^= 0x7fffffff;
      words[i + 1 - high] ^= 0xffffffff;
    }
  }
}

function countDigits(
  words: Uint32Array,
  word: number,
  shift: number,
  counts: Int32Array,
): void {
  for (let i = word; i < words.length; i += 2) {
    counts[((words[i] >>> shift) & 0xffff) + 1]++;
  }
}

function spreadByDigit(
  from: Int32Array,
  words: Uint32Array,
  word: number,
  shift: number,
  starts: Int32Array,
  to: Int32Array,
): void {
  for (let i = 0; i < from.length; i++) {
    const place = from[i];
    to[starts[(words[2 * place + word] >>> shift) & 0xffff]++] = place;
  }
}

function lookUp(rows: Int32Array, places: Int32Array, out: Int32Array): void {
  for (let i = 0; i < places.length; i++) out[i] = rows[places[i]];
}
