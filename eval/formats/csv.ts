import { stringify } from 'csv-stringify/sync';
import { EvaluationError } from '../errors.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import { boxOfCorners, halfOpenPixels, readNumber } from './pixels.js';
import type { PixelConvention } from './pixels.js';
import { readTable } from './readTable.js';

/** How the corners of a CSV file count pixels. */
export interface CsvOptions {
  /** @default halfOpenPixels */
  pixels?: PixelConvention;
}

/** Other names that a column goes by. */
const columns = {
  file: ['file', 'filename', 'file_name', 'image', 'path', 'image_path'],
  label: ['label', 'class', 'class_name', 'name', 'category'],
  x1: ['x1', 'xmin', 'x_min', 'left'],
  y1: ['y1', 'ymin', 'y_min', 'top'],
  x2: ['x2', 'xmax', 'x_max', 'right'],
  y2: ['y2', 'ymax', 'y_max', 'bottom'],
  width: ['width', 'photo_width', 'image_width'],
  height: ['height', 'photo_height', 'image_height'],
  score: ['score', 'confidence'],
  difficult: ['difficult'],
  crowd: ['crowd', 'iscrowd'],
};

/**
 * Reads a CSV file with a header, a row for each object: file, label, x1, y1, x2, y2
 * in pixels, and where there is any: width and height of the photo, score, difficult,
 * crowd. Columns come in any order and under their usual other names. A row without
 * label is a photo without objects.
 *
 * @throws EvaluationError naming the line
 */
export function readCsv(
  text: string,
  file = 'boxes.csv',
  options: CsvOptions = {},
): LabeledImage[] {
  const { pixels = halfOpenPixels } = options;
  const { header, rows } = readTable(text, file);
  const at = (names: string[]) => header.findIndex((name) => names.includes(name));
  const place = {
    file: at(columns.file),
    label: at(columns.label),
    corners: [columns.x1, columns.y1, columns.x2, columns.y2].map(at),
    width: at(columns.width),
    height: at(columns.height),
    score: at(columns.score),
    difficult: at(columns.difficult),
    crowd: at(columns.crowd),
  };
  if (place.file < 0 || place.label < 0 || place.corners.includes(-1)) {
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `the header needs file, label, x1, y1, x2 and y2; it has ${header.join(', ')}`,
      file,
      'line 1',
    );
  }
  const images = new Map<string, LabeledImage>();
  for (const { fields, where } of rows) {
    const number = (column: number): number | undefined =>
      column < 0 || fields[column] === ''
        ? undefined
        : readNumber(fields[column], file, where);
    const fileName = fields[place.file];
    let image = images.get(fileName);
    if (!image) {
      const width = number(place.width);
      const height = number(place.height);
      image = {
        fileName,
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        objects: [],
      };
      images.set(fileName, image);
    }
    const label = fields[place.label];
    if (label === '') continue;
    const corners = place.corners.map((column) =>
      readNumber(fields[column], file, where),
    );
    const object: LabeledObject = {
      label,
      bbox: boxOfCorners(corners, pixels, file, where),
    };
    const score = number(place.score);
    const difficult = number(place.difficult);
    const crowd = number(place.crowd);
    if (score !== undefined) object.score = score;
    if (difficult !== undefined) object.difficult = difficult !== 0;
    if (crowd) object.crowd = true;
    image.objects.push(object);
  }
  return [...images.values()];
}

/** Writes photos as CSV, numbers in full, corners half-open unless told otherwise. */
export function writeCsv(
  images: readonly LabeledImage[],
  options: CsvOptions = {},
): string {
  const { pixels = halfOpenPixels } = options;
  const { origin, lastPixelIncluded } = pixels;
  const last = lastPixelIncluded ? 1 : 0;
  const rows = images.flatMap(({ fileName, width, height, objects }) => {
    const photo = [fileName, width ?? '', height ?? ''];
    if (objects.length === 0) return [[...photo, '', '', '', '', '', '', '', '']];
    return objects.map(({ label, bbox: [x, y, w, h], score, difficult, crowd }) => [
      ...photo,
      label,
      x + origin,
      y + origin,
      x + w + origin - last,
      y + h + origin - last,
      score ?? '',
      difficult === undefined ? '' : Number(difficult),
      crowd ? 1 : '',
    ]);
  });
  return stringify(rows, {
    header: true,
    columns: [
      'file',
      'width',
      'height',
      'label',
      'x1',
      'y1',
      'x2',
      'y2',
      'score',
      'difficult',
      'crowd',
    ],
  });
}
