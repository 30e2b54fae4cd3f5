/**
 * Finds the end of the JSON value that starts at `at`, by its brackets and strings
 * only: whether it is sound inside is for `JSON.parse` to say.
 *
 * @returns the place behind the value; −1 if it doesn't end before `end`
 */
export function findValueEnd(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0;
  for (let p = at; p < end; p++) {
    switch (bytes[p]) {
      case 34: // "
        for (p++; p < end && bytes[p] !== 34; p++) if (bytes[p] === 92) p++;
        if (p >= end) return -1;
        if (depth === 0) return p + 1;
        break;
      case 91: // [
      case 123: // {
        depth++;
        break;
      case 93: // ]
      case 125: // }
        if (depth === 0) return p;
        if (--depth === 0) return p + 1;
        break;
      case 44: // ,
        if (depth === 0) return p;
        break;
    }
  }
  return -1;
}
