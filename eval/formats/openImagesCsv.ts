import { stringify } from 'csv-stringify/sync';
import { EvaluationError } from '../errors.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import { stemOf } from './labeledImage.js';
import { boxOfCorners, halfOpenPixels, readNumber } from './pixels.js';
import { readTable } from './readTable.js';

/** What the CSV files of Open Images leave unsaid. */
export interface OpenImagesOptions {
  /**
   * Sizes of the photos in pixels, by ImageID. Without them boxes stay fractions of the
   * photo (IoU is the same, areas are not pixels).
   */
  sizes?: ReadonlyMap<string, { width: number; height: number }>;
  /** Names by LabelName (`/m/01yrx` → `Cat`). @default the LabelName itself */
  names?: ReadonlyMap<string, string>;
}

const flags = [
  ['isoccluded', 'occluded'],
  ['istruncated', 'truncated'],
  ['isgroupof', 'groupOf'],
] as const;

/**
 * Reads boxes of Open Images: `ImageID, Source, LabelName, Confidence, XMin, XMax,
 * YMin, YMax, IsOccluded, IsTruncated, IsGroupOf, ...`, coordinates as fractions of the
 * photo, half-open. The challenge's detections, with a column `Score`, are read too. A
 * flag of −1 is unknown.
 *
 * @throws EvaluationError naming the line
 */
export function readOpenImages(
  text: string,
  file = 'boxes.csv',
  options: OpenImagesOptions = {},
): LabeledImage[] {
  const { header, rows } = readTable(text, file);
  const column = (name: string): number => {
    const place = header.indexOf(name.toLowerCase());
    if (place >= 0) return place;
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `the header lacks ${name}; it has ${header.join(', ')}`,
      file,
      'line 1',
    );
  };
  const id = column('ImageID');
  const labelName = column('LabelName');
  const sides = ['XMin', 'YMin', 'XMax', 'YMax'].map(column);
  const score = header.indexOf('score');
  const images = new Map<string, LabeledImage>();
  for (const { fields, where } of rows) {
    const size = options.sizes?.get(fields[id]);
    let image = images.get(fields[id]);
    if (!image) {
      image = { fileName: fields[id], ...size, objects: [] };
      images.set(fields[id], image);
    }
    const corners = sides.map((side, k) => {
      const fraction = readNumber(fields[side], file, where);
      return fraction * ((k % 2 === 0 ? size?.width : size?.height) ?? 1);
    });
    const name = fields[labelName];
    const object: LabeledObject = {
      label: options.names?.get(name) ?? name,
      bbox: boxOfCorners(corners, halfOpenPixels, file, where),
    };
    if (score >= 0) object.score = readNumber(fields[score], file, where);
    for (const [from, to] of flags) {
      const value = fields[header.indexOf(from)];
      if (value === '0' || value === '1') object[to] = value === '1';
    }
    image.objects.push(object);
  }
  return [...images.values()];
}

/**
 * Writes photos as boxes of Open Images. The ImageID is the file's name without folder
 * and extension.
 *
 * @throws EvaluationError when a photo's size is unknown
 */
export function writeOpenImages(images: readonly LabeledImage[]): string {
  const rows = images.flatMap(({ fileName, width, height, objects }) => {
    if (objects.length > 0 && (!width || !height)) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        'boxes of Open Images are fractions of the photo, whose size is not known',
        fileName,
      );
    }
    return objects.map(({ label, bbox: [x, y, w, h], score, ...is }) => {
      const flag = (value: boolean | undefined) =>
        value === undefined ? -1 : Number(value);
      return [
        stemOf(fileName),
        score === undefined ? 'xclick' : 'activation',
        label,
        1,
        x / width!,
        (x + w) / width!,
        y / height!,
        (y + h) / height!,
        flag(is.occluded),
        flag(is.truncated),
        flag(is.groupOf ?? is.crowd),
        -1,
        -1,
        ...(score === undefined ? [] : [score]),
      ];
    });
  });
  const scored = images.some(({ objects }) =>
    objects.some((o) => o.score !== undefined),
  );
  return stringify(rows, {
    header: true,
    columns: [
      ...[
        'ImageID',
        'Source',
        'LabelName',
        'Confidence',
        'XMin',
        'XMax',
        'YMin',
        'YMax',
      ],
      ...['IsOccluded', 'IsTruncated', 'IsGroupOf', 'IsDepiction', 'IsInside'],
      ...(scored ? ['Score'] : []),
    ],
  });
}
