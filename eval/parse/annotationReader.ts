import { checkObject } from '../dataset/checks.js';
import { GroundTruthBuilder } from '../dataset/groundTruthBuilder.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { EvaluationError } from '../errors.js';
import { findJsonFault } from './findJsonFault.js';
import { findValueEnd } from './findValueEnd.js';
import { decodeText } from './parseJson.js';

/** Takes an annotation file in pieces of any size. */
export interface AnnotationReader {
  /**
   * @param bytes the next piece of the file, in UTF-8
   * @throws EvaluationError naming the JSON path of the first fault
   */
  write(bytes: Uint8Array): void;
  /**
   * The ground truth in columns, at the end of the file.
   *
   * @throws EvaluationError when the file ends too early or lacks a part
   */
  end(): GroundTruthTable;
}

const lists = ['categories', 'images', 'annotations'] as const;
type List = (typeof lists)[number];

/** The members of an annotation that count; outlines would fill the memory. */
const kept = [
  ...[
    'id',
    'image_id',
    'category_id',
    'bbox',
    'area',
    'iscrowd',
    'ignore',
    'difficult',
  ],
  'is_group_of',
];

type State =
  | 'start'
  | 'first key'
  | 'key'
  | 'value'
  | 'first item'
  | 'item'
  | 'after item'
  | 'after value'
  | 'end';

/**
 * Reads COCO annotations of any size from bytes into columns: neither the file nor its
 * outlines are ever in memory as a whole, which V8's strings (half a gigabyte) would not
 * allow for the larger ones.
 *
 * @param file the file's name, for messages
 */
export function createAnnotationReader(file = 'annotations'): AnnotationReader {
  const builder = new GroundTruthBuilder(file);
  let window = new Uint8Array(1 << 18);
  let filled = 0;
  let before = 0; // bytes of the file before the window
  let state: State = 'start';
  let key = '';
  let list: List | null = null;
  let index = 0;
  const seen = new Set<string>();
  /** Annotations that stand before the categories or images that they refer to. */
  const waiting: unknown[] = [];

  const refuse = (at: number, reason: string): never => {
    const where = `byte ${before + at + 1}${key === '' ? '' : `, in ${key}`}`;
    throw new EvaluationError('INVALID_SYNTAX', `not JSON: ${reason}`, file, where);
  };
  const quote = (at: number) =>
    JSON.stringify(
      new TextDecoder().decode(window.subarray(at, Math.min(at + 20, filled))),
    );
  const parse = (at: number, end: number, place: string): unknown => {
    const text = decodeText(window.subarray(at, end), file);
    try {
      return JSON.parse(text);
    } catch {
      const { position, path } = findJsonFault(text) ?? { position: 0, path: '' };
      const found =
        position < text.length
          ? JSON.stringify(text.slice(position, position + 20))
          : quote(end);
      const inside = path === '' || path.startsWith('[') ? path : `.${path}`;
      return refuse(at, `found ${found} at ${place}${inside}`);
    }
  };
  const add = (name: List, item: unknown, i: number): void => {
    const where = `${name}[${i}]`;
    if (name === 'categories') builder.addCategory(item, where);
    else if (name === 'images') builder.addImage(item, where);
    else builder.addAnnotation(item, () => where);
  };
  /** Reads a value or item at `at`; returns its end, or −1 when it isn't all there. */
  const readValue = (at: number): number => {
    if (state === 'value') {
      if (lists.includes(key as List)) {
        if (window[at] !== 91) {
          const end = findValueEnd(window, at, filled);
          if (end < 0) return -1;
          parse(at, end, key);
          throw new EvaluationError('INVALID_STRUCTURE', 'expected a list', file, key);
        }
        list = key as List;
        index = 0;
        state = 'first item';
        return at + 1;
      }
      const end = findValueEnd(window, at, filled);
      if (end < 0) return -1;
      parse(at, end, key);
      state = 'after value';
      return end;
    }
    const end = findValueEnd(window, at, filled);
    if (end < 0) return -1;
    const name = list!;
    const item = parse(at, end, `${name}[${index}]`);
    const isEarly =
      name === 'annotations' && !(seen.has('categories') && seen.has('images'));
    if (isEarly) waiting.push(slim(item));
    else add(name, item, index);
    index++;
    state = 'after item';
    return end;
  };

  const readKey = (at: number): number => {
    if (window[at] !== 34) refuse(at, `expected a name, found ${quote(at)}`);
    const end = findValueEnd(window, at, filled);
    if (end < 0) return -1;
    let colon = end;
    while (colon < filled && isSpace(window[colon])) colon++;
    if (colon >= filled) return -1;
    if (window[colon] !== 58) refuse(colon, `expected a colon, found ${quote(colon)}`);
    key = parse(at, end, 'a name') as string;
    if (lists.includes(key as List) && seen.has(key)) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        'the list is there twice',
        file,
        key,
      );
    }
    state = 'value';
    return colon + 1;
  };

  /** Reads what comes next; returns its end, or −1 when it isn't all there. */
  const step = (at: number): number => {
    const byte = window[at];
    switch (state) {
      case 'start':
        if (byte === 0xef && before + at === 0) return filled < 3 ? -1 : 3;
        if (byte !== 123) {
          throw new EvaluationError(
            'INVALID_STRUCTURE',
            `expected an object { images, annotations, categories }, found ${quote(at)}`,
            file,
          );
        }
        state = 'first key';
        return at + 1;
      case 'first key':
        if (byte === 125) {
          state = 'end';
          return at + 1;
        }
        return readKey(at);
      case 'key':
        return readKey(at);
      case 'first item':
        if (byte === 93) {
          closeList();
          return at + 1;
        }
        return readValue(at);
      case 'value':
      case 'item':
        return readValue(at);
      case 'after item':
        if (byte === 44) state = 'item';
        else if (byte === 93) closeList();
        else refuse(at, `expected a comma, found ${quote(at)}`);
        return at + 1;
      case 'after value':
        if (byte === 44) state = 'key';
        else if (byte === 125) state = 'end';
        else refuse(at, `expected a comma, found ${quote(at)}`);
        return at + 1;
      case 'end':
        return refuse(at, `found ${quote(at)} after the object`);
    }
  };
  const closeList = () => {
    seen.add(list!);
    list = null;
    state = 'after value';
  };

  return {
    write(bytes) {
      let from = 0;
      while (from < bytes.length) {
        if (filled === window.length) {
          const larger = new Uint8Array(2 * window.length);
          larger.set(window);
          window = larger;
        }
        const to = Math.min(bytes.length, from + window.length - filled);
        window.set(bytes.subarray(from, to), filled);
        filled += to - from;
        from = to;
        let at = 0;
        for (;;) {
          while (at < filled && isSpace(window[at])) at++;
          if (at >= filled) break;
          const end = step(at);
          if (end < 0) break;
          at = end;
        }
        window.copyWithin(0, at, filled);
        filled -= at;
        before += at;
      }
    },
    end() {
      if (state !== 'end') {
        const isEmpty = before + filled === 0;
        refuse(filled, isEmpty ? 'the file is empty' : 'the file ends; is it cut off?');
      }
      for (const name of lists) {
        if (!seen.has(name)) {
          throw new EvaluationError(
            'INVALID_STRUCTURE',
            'the list is missing; annotation files hold { images, annotations, categories }',
            file,
            name,
          );
        }
      }
      waiting.forEach((item, i) => add('annotations', item, i));
      return builder.finish();
    },
  };
}

/** An annotation without what isn't needed. */
function slim(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const row = checkObject(item, '', '');
  const entries = kept
    .filter((name) => Object.hasOwn(row, name))
    .map((name) => [name, row[name]] as const);
  return Object.fromEntries(entries);
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
