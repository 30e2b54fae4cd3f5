import { stringify } from 'csv-stringify/sync';
import { StreamedFile } from '../files/streamedFile.js';
import type { PhotoResult, ResultWriter } from './types.js';

const HEADER = [
  'file',
  'image_id',
  'category_id',
  'category',
  'score',
  ...['x1', 'y1', 'x2', 'y2'],
];

/** The first line of the file. */
export const CSV_HEADER = stringify([HEADER]);

/**
 * A photo's detections as lines of CSV (RFC 4180, but with newlines as on Unix);
 * corners in pixels of the upright photo, half-open.
 *
 * Text that a spreadsheet would take for a formula (that starts with =, +, -, @,
 * tab or their full-width forms) gets an apostrophe before it.
 */
export function csvLines({ file, id, detections }: PhotoResult): string {
  return stringify(
    detections.map(({ box, categoryId, className, score }) => [
      ...[file, id, categoryId, className, score],
      ...box,
    ]),
    { escape_formulas: true },
  );
}

/** A table of all detections, a line each. */
export async function csvResults(path: string): Promise<ResultWriter> {
  const file = await StreamedFile.create(path);
  await file.write(CSV_HEADER);
  return {
    add: (photo) => file.write(csvLines(photo)),
    finish: () => file.finish(),
  };
}
