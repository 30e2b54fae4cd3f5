import type { DetectionColumns } from './dataset/detectionColumns.js';
import { isDetectionColumns, tabulateDetections } from './dataset/detectionColumns.js';
import type { DetectionTable, UnknownIdOptions } from './dataset/detectionTable.js';
import { resolveDetections } from './dataset/detectionTable.js';
import type { GroundTruthTable } from './dataset/groundTruthTable.js';
import { isGroundTruthTable, tabulateGroundTruth } from './dataset/groundTruthTable.js';
import type { CocoDataset, CocoDetection } from './dataset/types.js';
import type { ProtocolOptions } from './protocols/protocol.js';
import { evaluateTables } from './protocols/protocol.js';
import type { EvaluationResult } from './results.js';

/** How inputs are named in messages, and what becomes of unknown ids. */
export interface InputOptions extends UnknownIdOptions {
  /** Names the ground truth in errors. @default 'ground truth' */
  groundTruthName?: string;
  /** Names the detections in errors. @default 'detections' */
  detectionsName?: string;
}

/** Options of `evaluate`: a protocol, what belongs to it, and names for messages. */
export type EvaluateOptions = ProtocolOptions & InputOptions;

/** Ground truth as COCO has it, or in columns. */
export type GroundTruthInput = CocoDataset | GroundTruthTable;

/** Detections as COCO has them, or in columns. */
export type DetectionsInput = readonly CocoDetection[] | DetectionColumns;

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
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: EvaluateOptions = {},
): EvaluationResult {
  const tables = tabulateInput(groundTruth, detections, options);
  return evaluateTables(tables.groundTruth, tables.detections, options);
}

/** Both inputs checked, in columns, and with the same ids. */
export function tabulateInput(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  options: InputOptions = {},
): { groundTruth: GroundTruthTable; detections: DetectionTable } {
  const { groundTruthName, detectionsName } = options;
  const truths = isGroundTruthTable(groundTruth)
    ? groundTruth
    : tabulateGroundTruth(groundTruth, groundTruthName);
  const columns = isDetectionColumns(detections)
    ? detections
    : tabulateDetections(detections, detectionsName);
  return {
    groundTruth: truths,
    detections: resolveDetections(columns, truths, options, detectionsName),
  };
}
