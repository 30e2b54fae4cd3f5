import { join } from 'node:path';
import { UsageError } from '../errors.js';
import type { Format } from './formats.js';
import { kindOf, listFiles, readStart } from './files.js';

/** Which option says the format, for messages. */
export interface DetectFormatOptions {
  /** As in `--annotations-format`. */
  option: string;
}

/**
 * The format of annotations or detections by what is there: a file's first bytes, or
 * the kinds of files in a folder.
 *
 * @throws UsageError UNKNOWN_FORMAT when it can't be told; it names the option that says it
 */
export async function detectFormat(
  path: string,
  { option }: DetectFormatOptions,
): Promise<Format> {
  const refuse = (found: string): never => {
    throw new UsageError(
      'UNKNOWN_FORMAT',
      `${path}: ${found}; say its format with ${option}`,
    );
  };
  if ((await kindOf(path)) === 'file') {
    const start = new TextDecoder().decode(await readStart(path));
    const name = formatOfText(start, path);
    return name ?? refuse('the format cannot be told from its beginning');
  }
  const files = await listFiles(path, ['.xml', '.json', '.txt']);
  const kinds = new Set(files.filter(isData).map((name) => extensionOf(name)));
  if (kinds.size === 0) return refuse('the folder has no .xml, .json or .txt files');
  if (kinds.size > 1) {
    return refuse(`the folder has files of several kinds (${[...kinds].join(', ')})`);
  }
  const [kind] = kinds;
  const data = files.filter(isData);
  if (kind === 'txt') {
    if (data.every((name) => VOC_RESULTS.test(name))) return { name: 'voc-text' };
    // Lines whose box leaves the photo, with the score last (YOLO) and with it first.
    let last = 0;
    let first = 0;
    for (const name of data.slice(0, MOST_LOOKED_AT)) {
      const start = new TextDecoder().decode(await readStart(join(path, name)));
      const lines = start.split('\n').filter((line) => line.trim() !== '');
      if (lines.length > 0 && !isYolo(lines[0])) {
        return refuse(
          `${name} is no YOLO text, whose lines have a class number and parts`,
        );
      }
      for (const line of lines) {
        const fields = line.trim().split(/\s+/).map(Number);
        if (fields.length !== 6) continue;
        if (leaves(fields.slice(1, 5))) last++;
        if (leaves(fields.slice(2, 6))) first++;
      }
    }
    if (last > 2 * first) {
      return refuse(
        `read as YOLO text (class cx cy width height score) ${last} boxes leave their photos; with the score before the box (text:cxcywh:relative) ${first} do`,
      );
    }
    return { name: 'yolo' };
  }
  const start = new TextDecoder().decode(await readStart(join(path, data[0])));
  return (
    formatOfText(start, data[0]) ??
    refuse(`the format of ${data[0]} cannot be told from its beginning`)
  );
}

/** So many files of a folder are looked into. */
const MOST_LOOKED_AT = 200;

/** Whether a box in parts of the photo sticks out of it by more than rounding. */
function leaves([cx, cy, width, height]: readonly number[]): boolean {
  const out = Math.max(
    ...[width / 2 - cx, height / 2 - cy, cx + width / 2 - 1, cy + height / 2 - 1],
  );
  return out > 0.01;
}

/** `comp4_det_test_cat.txt` and its like: a class's results. */
export const VOC_RESULTS = /(?:^|\/)comp\d+_det_[^/_]+_([^/]+)\.txt$/;

/** Names files of classes and readmes are no labels. */
export function isData(name: string): boolean {
  return !/(?:^|\/)(?:classes|labels|obj|readme|license|notes)(?:\.names)?\.(?:txt|json)$/i.test(
    name,
  );
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

function formatOfText(start: string, path: string): Format | undefined {
  const text = start.replace(/^\ufeff/, '').trimStart();
  if (text.startsWith('[')) return { name: 'coco' };
  if (text.startsWith('{')) {
    const isLabelMe = /"(?:shapes|imagePath)"\s*:/.test(text);
    return { name: isLabelMe && !/"annotations"\s*:/.test(text) ? 'labelme' : 'coco' };
  }
  if (text.startsWith('<')) {
    const isIlsvrc = /<database>\s*(?:ILSVRC|ImageNet)/i.test(text);
    return { name: isIlsvrc ? 'ilsvrc' : 'voc' };
  }
  const [header] = text.split('\n');
  if (VOC_RESULTS.test(path)) return { name: 'voc-text' };
  if (/^"?ImageID"?,/i.test(header)) return { name: 'openimages' };
  if (header.includes(',') && /\b(?:label|class|name|category)/i.test(header)) {
    return { name: 'csv' };
  }
  const fields = header.trim().split(/\s+/);
  if (fields.length === 7 && fields.slice(2).every((field) => isNumber(field))) {
    return { name: 'ilsvrc-text' };
  }
  return undefined;
}

/** A class number, and parts of a photo: four, a score too, or an outline. */
function isYolo(line: string): boolean {
  const [first, ...rest] = line.trim().split(/\s+/);
  return (
    /^\d+$/.test(first) &&
    rest.length >= 4 &&
    rest.every((field) => isNumber(field) && Math.abs(Number(field)) <= 2)
  );
}

function isNumber(field: string): boolean {
  return field !== '' && Number.isFinite(Number(field));
}
