import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { tabulateGroundTruth } from '../dataset/groundTruthTable.js';
import type { CocoDataset } from '../dataset/types.js';
import { parseJson } from './parseJson.js';

/**
 * Reads COCO annotations: `{ images, annotations, categories }`.
 *
 * @param json the file's text, or its bytes in UTF-8
 * @param file the file's name, for messages
 * @throws EvaluationError naming the JSON path of the first fault: a part that is
 *   missing or of the wrong type, an id that is not an integer or text, two equal ids,
 *   a reference to nothing, a box or area that is negative or not finite
 */
export function parseAnnotations(
  json: string | Uint8Array,
  file = 'annotations',
): CocoDataset {
  const dataset = parseJson(json, file) as CocoDataset;
  tabulateGroundTruth(dataset, file);
  return dataset;
}

/**
 * Reads COCO annotations straight into the columns that `evaluate` works on. It is
 * `tabulateGroundTruth(parseAnnotations(json))`, checked once instead of twice.
 *
 * @throws EvaluationError as `parseAnnotations` does
 */
export function parseGroundTruthTable(
  json: string | Uint8Array,
  file = 'annotations',
): GroundTruthTable {
  return tabulateGroundTruth(parseJson(json, file) as CocoDataset, file);
}
