import type { DetectionColumns } from './dataset/detectionColumns.js';
import { isDetectionColumns, tabulateDetections } from './dataset/detectionColumns.js';
import type { UnknownIdOptions } from './dataset/detectionTable.js';
import { resolveDetections } from './dataset/detectionTable.js';
import type { GroundTruthTable } from './dataset/groundTruthTable.js';
import { isGroundTruthTable, tabulateGroundTruth } from './dataset/groundTruthTable.js';
import type { CocoDataset, CocoDetection } from './dataset/types.js';
import type { ProtocolOptions } from './protocols/protocol.js';
import { evaluateTables } from './protocols/protocol.js';
import type { EvaluationResult } from './results.js';

/** Options of `evaluate`: a protocol, what belongs to it, and names for messages. */
export type EvaluateOptions = ProtocolOptions &
  UnknownIdOptions & {
    /** Names the ground truth in errors. @default 'ground truth' */
    groundTruthName?: string;
    /** Names the detections in errors. @default 'detections' */
    detectionsName?: string;
  };

/**
 * Measures detections against ground truth by the rules of a protocol, COCO's unless
 * another is named.
 *
 * Boxes are `[x, y, width, height]` in pixels, half-open. Ids may be 0 and may be text;
 * `area` and `iscrowd` may be missing (width·height, 0). Both inputs may also be in
 * columns, as the readers give them; they are not changed.
 *
 * @throws EvaluationError naming the JSON path of the first fault, or the option.
 */
export function evaluate(
  groundTruth: CocoDataset | GroundTruthTable,
  detections: readonly CocoDetection[] | DetectionColumns,
  options: EvaluateOptions = {},
): EvaluationResult {
  const { groundTruthName, detectionsName } = options;
  const truths = isGroundTruthTable(groundTruth)
    ? groundTruth
    : tabulateGroundTruth(groundTruth, groundTruthName);
  const columns = isDetectionColumns(detections)
    ? detections
    : tabulateDetections(detections, detectionsName);
  const table = resolveDetections(columns, truths, options, detectionsName);
  return evaluateTables(truths, table, options);
}
