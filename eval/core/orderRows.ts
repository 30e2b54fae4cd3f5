/** The rows 0 to count − 1. */
export function allRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  return rows;
}

/**
 * The rows in ascending order of their key, rows with equal keys as they were.
 *
 * @param keys for every row an integer in [0, buckets)
 */
export function orderByKey(
  rows: Int32Array,
  keys: Int32Array,
  buckets: number,
): Int32Array {
  const starts = new Int32Array(buckets + 1);
  for (let i = 0; i < rows.length; i++) starts[keys[rows[i]] + 1]++;
  for (let b = 0; b < buckets; b++) starts[b + 1] += starts[b];
  const ordered = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    ordered[starts[keys[row]]++] = row;
  }
  return ordered;
}

/** For rows ordered by key: where each key's rows start; one more entry for the end. */
export function groupStarts(
  rows: Int32Array,
  keys: Int32Array,
  buckets: number,
): Int32Array {
  const starts = new Int32Array(buckets + 1);
  for (let i = 0; i < rows.length; i++) starts[keys[rows[i]] + 1]++;
  for (let b = 0; b < buckets; b++) starts[b + 1] += starts[b];
  return starts;
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

  // The bits of a double, turned so that they ascend as the scores descend.
  const copy = new Float64Array(count);
  for (let i = 0; i < count; i++) copy[i] = scores[rows[i]] + 0; // −0 becomes 0
  const words = new Uint32Array(copy.buffer);
  const high = littleEndian ? 1 : 0;
  for (let i = 0; i < words.length; i += 2) {
    if (words[i + high] >>> 31 === 0) {
      words[i + high] ^= 0x7fffffff;
      words[i + 1 - high] ^= 0xffffffff;
    }
  }
  // Least significant digit first: 16 bits a pass, each pass stable.
  let places: Int32Array = allRows(count);
  let next: Int32Array = new Int32Array(count);
  for (let digit = 0; digit < 4; digit++) {
    const word = digit < 2 ? 1 - high : high;
    const shift = 16 * (digit & 1);
    const starts = new Int32Array(65537);
    for (let i = 0; i < count; i++) {
      starts[((words[2 * i + word] >>> shift) & 0xffff) + 1]++;
    }
    if (starts.includes(count)) continue; // all the same: nothing to do
    for (let b = 0; b < 65536; b++) starts[b + 1] += starts[b];
    for (let i = 0; i < count; i++) {
      const place = places[i];
      next[starts[(words[2 * place + word] >>> shift) & 0xffff]++] = place;
    }
    [places, next] = [next, places];
  }
  for (let i = 0; i < count; i++) next[i] = rows[places[i]];
  return next;
}
