/**
 * A number in JSON's grammar, read straight from bytes: correctly rounded, as
 * `Number` rounds it, without making a string of it.
 */

/** Where the number read last has ended. */
export let numberEnd = 0;

const powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`)); // exact
const SPLITTER = 2 ** 27 + 1;
const SLACK = 2 ** -100;

/**
 * Reads the number that starts at `at` and leaves its end in `numberEnd`. Reading
 * stops at the first byte that doesn't belong to it, so the bytes must end with one
 * (a 0 will do).
 *
 * @returns NaN when there is no number in JSON's grammar
 */
export function parseNumber(bytes: Uint8Array, at: number): number {
  let p = at;
  let byte = bytes[p];
  const negative = byte === 45;
  if (negative) byte = bytes[++p];
  const start = p;
  // The first 9 digits from the first one that isn't 0, then the next 9.
  let head = 0;
  let tail = 0;
  let digits = 0;
  let decimals = 0;
  let digit = byte - 48;
  if (digit >>> 0 > 9) return NaN;
  while (digit >>> 0 <= 9) {
    if (digits < 9) head = (head * 10 + digit) | 0;
    else if (digits < 18) tail = (tail * 10 + digit) | 0;
    if (digits > 0 || digit > 0) digits++;
    byte = bytes[++p];
    digit = byte - 48;
  }
  if (bytes[start] === 48 && p > start + 1) return NaN; // 01
  if (byte === 46) {
    const point = p;
    byte = bytes[++p];
    digit = byte - 48;
    while (digit >>> 0 <= 9) {
      if (digits < 9) head = (head * 10 + digit) | 0;
      else if (digits < 18) tail = (tail * 10 + digit) | 0;
      if (digits > 0 || digit > 0) digits++;
      byte = bytes[++p];
      digit = byte - 48;
    }
    decimals = p - point - 1;
    if (decimals === 0) return NaN; // 1.
  }
  if ((byte | 32) === 101) {
    let exponent = 0;
    byte = bytes[++p];
    const down = byte === 45;
    if (down || byte === 43) byte = bytes[++p];
    digit = byte - 48;
    if (digit >>> 0 > 9) return NaN;
    while (digit >>> 0 <= 9) {
      if (exponent < 10000) exponent = exponent * 10 + digit;
      byte = bytes[++p];
      digit = byte - 48;
    }
    decimals += down ? exponent : -exponent;
  }
  numberEnd = p;
  let value: number;
  if (digits <= 9 && decimals <= 22 && decimals >= 0) {
    value = decimals === 0 ? head : head / powers[decimals];
  } else if (digits > 18 || decimals > 22 || decimals < 0) {
    return Number(String.fromCharCode(...bytes.subarray(at, p)));
  } else {
    // Head and tail together in a pair of doubles: both products and sums are exact.
    const high = head * powers[digits - 9];
    const sum = high + tail;
    const rest = tail - (sum - high);
    if (digits <= 15) {
      value = sum / powers[decimals];
    } else {
      // Divided with the remainder (Dekker 1971), that is with some 100 bits.
      const divisor = powers[decimals];
      const quotient = sum / divisor;
      const product = quotient * divisor;
      let t = SPLITTER * quotient;
      const qHigh = t - (t - quotient);
      const qLow = quotient - qHigh;
      t = SPLITTER * divisor;
      const dHigh = t - (t - divisor);
      const dLow = divisor - dHigh;
      const error =
        qLow * dLow - (product - qHigh * dHigh - qLow * dHigh - qHigh * dLow);
      const correction = (sum - product - error + rest) / divisor;
      const slack = quotient * SLACK;
      value = quotient + (correction - slack);
      // Too close to the middle between two doubles to tell.
      if (value !== quotient + (correction + slack)) {
        return Number(String.fromCharCode(...bytes.subarray(at, p)));
      }
    }
  }
  return negative ? -value : value;
}
