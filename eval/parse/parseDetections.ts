import { tabulateDetections } from '../dataset/detectionColumns.js';
import type { CocoDetection } from '../dataset/types.js';
import { parseJson } from './parseJson.js';

/**
 * Reads COCO results: a plain list of `{ image_id, category_id, bbox, score }`.
 *
 * @param json the file's text, or its bytes in UTF-8
 * @param file the file's name, for messages
 * @throws EvaluationError naming the JSON path of the first fault
 */
export function parseDetections(
  json: string | Uint8Array,
  file = 'detections',
): CocoDetection[] {
  const detections = parseJson(json, file) as CocoDetection[];
  tabulateDetections(detections, file);
  return detections;
}
