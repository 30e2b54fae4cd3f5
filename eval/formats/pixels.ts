import { EvaluationError } from '../errors.js';
import { isBox } from '../dataset/checks.js';

/** How a format counts pixels. */
export interface PixelConvention {
  /** Number of the first column and row. */
  origin: 0 | 1;
  /** Whether the right and bottom edge name the last pixel inside (else the first outside). */
  lastPixelIncluded: boolean;
}

/** VOC: from 1, the last pixel included. */
export const vocPixels: PixelConvention = { origin: 1, lastPixelIncluded: true };
/** ILSVRC: from 0, the last pixel included. */
export const ilsvrcPixels: PixelConvention = { origin: 0, lastPixelIncluded: true };
/** COCO, LabelMe, YOLO, Open Images, this project's CSV: from 0, half-open. */
export const halfOpenPixels: PixelConvention = { origin: 0, lastPixelIncluded: false };

type Box = [x: number, y: number, width: number, height: number];

/**
 * Corners in a format's pixels as a half-open box.
 *
 * @throws EvaluationError for numbers that are no box
 */
export function boxOfCorners(
  [x1, y1, x2, y2]: readonly number[],
  { origin, lastPixelIncluded }: PixelConvention,
  file: string,
  where: string,
): Box {
  const last = lastPixelIncluded ? 1 : 0;
  const x = x1 - origin;
  const y = y1 - origin;
  const width = clean(x2 - origin + last - x);
  const height = clean(y2 - origin + last - y);
  return checkBox([x, y, width, height], file, where);
}

/** An empty side may come out a hair below 0 when corners are subtracted. */
function clean(size: number): number {
  return size < 0 && size > -1e-6 ? 0 : size;
}

/** A half-open box as corners in a format's pixels. */
export function cornersOfBox(
  [x, y, width, height]: readonly number[],
  { origin, lastPixelIncluded }: PixelConvention,
): [x1: number, y1: number, x2: number, y2: number] {
  const last = lastPixelIncluded ? 1 : 0;
  return [
    x + origin,
    y + origin,
    x + width + origin - last,
    y + height + origin - last,
  ];
}

/** The box itself, when it is one. */
export function checkBox(box: Box, file: string, where: string): Box {
  const [x, y, width, height] = box;
  if (isBox(x, y, width, height)) return box;
  const reason =
    width < 0 || height < 0
      ? `the ${width < 0 ? 'width' : 'height'} is negative (${width < 0 ? width : height}); are the corners swapped?`
      : `x ${x}, y ${y}, width ${width}, height ${height} is no box in pixels`;
  throw new EvaluationError('INVALID_BOX', reason, file, where);
}

/**
 * A finite number from text.
 *
 * @throws EvaluationError for anything else
 */
export function readNumber(
  text: string | undefined,
  file: string,
  where: string,
): number {
  const trimmed = text?.trim() ?? '';
  const value = Number(trimmed);
  if (trimmed !== '' && Number.isFinite(value)) return value;
  throw new EvaluationError(
    'INVALID_NUMBER',
    `expected a finite number, found ${JSON.stringify(text ?? null)}`,
    file,
    where,
  );
}

/** The lines of a text that aren't empty, with their numbers from 1. */
export function* linesOf(text: string): Generator<{ line: string; where: string }> {
  let number = 0;
  for (const raw of text.replace(/^\ufeff/, '').split('\n')) {
    number++;
    const line = raw.trim();
    if (line !== '') yield { line, where: `line ${number}` };
  }
}
