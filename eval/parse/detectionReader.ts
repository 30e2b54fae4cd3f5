import { isBox } from '../dataset/checks.js';
import { DetectionBuilder } from '../dataset/detectionBuilder.js';
import type { DetectionColumns } from '../dataset/detectionColumns.js';
import { addDetection } from '../dataset/detectionColumns.js';
import { EvaluationError } from '../errors.js';
import { findJsonFault } from './findJsonFault.js';
import { decodeText } from './parseJson.js';
import { numberEnd, parseNumber } from './parseNumber.js';
import { findValueEnd } from './findValueEnd.js';

/** Takes a results file in pieces of any size. */
export interface DetectionReader {
  /**
   * @param bytes the next piece of the file, in UTF-8
   * @throws EvaluationError naming the JSON path of the first fault
   */
  write(bytes: Uint8Array): void;
  /**
   * The detections in columns, at the end of the file.
   *
   * @throws EvaluationError when the file ends too early
   */
  end(): DetectionColumns;
}

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COMMA = 44;
const QUOTE = 34;

const WINDOW = 1 << 18;

type State = 'start' | 'first' | 'item' | 'after' | 'end';

/**
 * Reads COCO results, a plain list of `{ image_id, category_id, bbox, score }`, from
 * bytes into columns. No string and no object is made of a detection in its usual
 * form, so files of any size can be read (V8's strings stop at half a gigabyte); any
 * other form goes through `JSON.parse` one by one.
 *
 * @param file the file's name, for messages
 */
export function createDetectionReader(file = 'detections'): DetectionReader {
  const builder = new DetectionBuilder();
  /** What is still to be read, with a 0 behind it at which every scan stops. */
  let window = new Uint8Array(WINDOW + 1);
  let filled = 0;
  let before = 0; // bytes of the file before the window
  let state: State = 'start';

  const refuse = (at: number, reason: string): never => {
    throw new EvaluationError(
      'INVALID_SYNTAX',
      `not JSON: ${reason}`,
      file,
      `byte ${before + at + 1}, after ${builder.count} detections`,
    );
  };
  const quote = (at: number) =>
    JSON.stringify(
      new TextDecoder().decode(window.subarray(at, Math.min(at + 20, filled))),
    );

  /** Reads an unusual item. Returns its end, or −1 when it isn't all there. */
  const readSlowly = (at: number): number => {
    const end = findValueEnd(window, at, filled);
    if (end < 0) return -1;
    const text = decodeText(window.subarray(at, end), file);
    let item: unknown;
    try {
      item = JSON.parse(text);
    } catch {
      const { position, path } = findJsonFault(text) ?? { position: 0, path: '' };
      const found =
        position < text.length
          ? JSON.stringify(text.slice(position, position + 20))
          : quote(end);
      const place = path === '' || path.startsWith('[') ? path : `.${path}`;
      refuse(at, `found ${found} at [${builder.count}]${place}`);
    }
    addDetection(builder, item, file, builder.count);
    return end;
  };

  /** Reads what it can of the window and drops it. */
  const readWindow = (): void => {
    window[filled] = 0;
    let at = 0;
    for (;;) {
      while (window[at] <= 32 && window[at] !== 0) at++;
      if (at >= filled) break;
      const byte = window[at];
      if (state === 'start') {
        if (byte === 0xef && before + at === 0) {
          if (filled < 3) break;
          at += 3; // a byte order mark
          continue;
        }
        if (byte !== OPEN_BRACKET) {
          if (byte === OPEN_BRACE) {
            throw new EvaluationError(
              'INVALID_STRUCTURE',
              'expected a list, found an object; a results file is a plain list of ' +
                '{ image_id, category_id, bbox, score }',
              file,
            );
          }
          refuse(at, `expected a list, found ${quote(at)}`);
        }
        at++;
        state = 'first';
      } else if (state === 'after') {
        if (byte === COMMA) state = 'item';
        else if (byte === CLOSE_BRACKET) state = 'end';
        else refuse(at, `expected a comma, found ${quote(at)}`);
        at++;
      } else if (state === 'end') {
        refuse(at, `found ${quote(at)} after the list`);
      } else if (state === 'first' && byte === CLOSE_BRACKET) {
        at++;
        state = 'end';
      } else {
        let end = readQuickly(window, at, builder);
        if (end < 0) end = readSlowly(at);
        if (end < 0) break;
        at = end;
        state = 'after';
      }
    }
    window.copyWithin(0, at, filled);
    filled -= at;
    before += at;
  };

  return {
    write(bytes) {
      let from = 0;
      while (from < bytes.length) {
        if (filled === window.length - 1) {
          // One item fills the whole window.
          const larger = new Uint8Array(2 * window.length - 1);
          larger.set(window);
          window = larger;
        }
        const to = Math.min(bytes.length, from + window.length - 1 - filled);
        window.set(bytes.subarray(from, to), filled);
        filled += to - from;
        from = to;
        readWindow();
      }
    },
    end() {
      if (state !== 'end') {
        refuse(
          filled,
          before + filled === 0 ? 'the file is empty' : 'the file ends; is it cut off?',
        );
      }
      return builder.finish();
    },
  };
}

/**
 * Reads a results file that is all in memory.
 *
 * @throws EvaluationError naming the JSON path of the first fault
 */
export function parseDetectionColumns(
  bytes: Uint8Array,
  file = 'detections',
): DetectionColumns {
  const reader = createDetectionReader(file);
  reader.write(bytes);
  return reader.end();
}

/**
 * Reads a detection in its usual form: integer ids, a box of four numbers, a score,
 * in any order, and other members only if they are numbers.
 *
 * @returns where it ends; −1 if it has another form, or is not all there
 */
function readQuickly(b: Uint8Array, at: number, builder: DetectionBuilder): number {
  if (b[at] !== OPEN_BRACE) return -1;
  let p = at + 1;
  let image = NaN;
  let category = NaN;
  let x = NaN;
  let y = NaN;
  let width = NaN;
  let height = NaN;
  let score = NaN;
  for (;;) {
    while (b[p] <= 32 && b[p] !== 0) p++;
    if (b[p] !== QUOTE) return -1;
    const key = p + 1;
    p = key;
    // Letters, digits and _ make names that need no decoding.
    while (b[p] >= 48 && b[p] < 128 && b[p] !== 92) p++;
    if (b[p] !== QUOTE) return -1;
    const length = p - key;
    p++;
    while (b[p] <= 32 && b[p] !== 0) p++;
    if (b[p] !== 58) return -1;
    p++;
    while (b[p] <= 32 && b[p] !== 0) p++;

    if (length === 4 && isName(b, key, BBOX)) {
      if (b[p] !== OPEN_BRACKET) return -1;
      p = skipSpace(b, p + 1);
      x = parseNumber(b, p);
      p = separator(b, x);
      if (p < 0) return -1;
      y = parseNumber(b, p);
      p = separator(b, y);
      if (p < 0) return -1;
      width = parseNumber(b, p);
      p = separator(b, width);
      if (p < 0) return -1;
      height = parseNumber(b, p);
      if (height !== height) return -1;
      p = skipSpace(b, numberEnd);
      if (b[p] !== CLOSE_BRACKET) return -1;
      p++;
    } else {
      const value = parseNumber(b, p);
      if (value !== value) return -1;
      p = numberEnd;
      if (length === 5 && isName(b, key, SCORE)) score = value;
      else if (length === 8 && isName(b, key, IMAGE_ID)) image = value;
      else if (length === 11 && isName(b, key, CATEGORY_ID)) category = value;
    }
    while (b[p] <= 32 && b[p] !== 0) p++;
    if (b[p] === COMMA) {
      p++;
      continue;
    }
    if (b[p] !== CLOSE_BRACE) return -1;
    p++;
    break;
  }
  // Whatever is missing or out of range is NaN or fails here, and is explained slowly.
  if (
    (image | 0) !== image ||
    (category | 0) !== category ||
    !isBox(x, y, width, height) ||
    !(score >= -Number.MAX_VALUE && score <= Number.MAX_VALUE)
  ) {
    return -1;
  }
  builder.add(
    builder.images.placeInteger(image),
    builder.categories.placeInteger(category),
    x,
    y,
    width,
    height,
    score,
  );
  return p;
}

const encode = (name: string) => new TextEncoder().encode(name);
const BBOX = encode('bbox');
const SCORE = encode('score');
const IMAGE_ID = encode('image_id');
const CATEGORY_ID = encode('category_id');

function isName(b: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (b[at + i] !== name[i]) return false;
  return true;
}

function skipSpace(b: Uint8Array, at: number): number {
  let p = at;
  while (b[p] <= 32 && b[p] !== 0) p++;
  return p;
}

/** Where the next number starts after a comma; −1 if there was no number or no comma. */
function separator(b: Uint8Array, value: number): number {
  if (value !== value) return -1;
  const p = skipSpace(b, numberEnd);
  return b[p] === COMMA ? skipSpace(b, p + 1) : -1;
}
