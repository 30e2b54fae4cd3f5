/**
 * Mean average precision by each benchmark's own rules, and the reasons behind it.
 * Plain data in, plain data out: no files, no images, no tensors.
 *
 * @packageDocumentation
 */
export { EvaluationError } from './errors.js';
export type { EvaluationErrorCode } from './errors.js';
export type {
  CocoAnnotation,
  CocoBox,
  CocoCategory,
  CocoDataset,
  CocoDetection,
  CocoImage,
  Id,
} from './dataset/types.js';
export { tabulateGroundTruth } from './dataset/groundTruthTable.js';
export type { Category, GroundTruthTable } from './dataset/groundTruthTable.js';
export { tabulateDetections } from './dataset/detectionColumns.js';
export type { DetectionColumns } from './dataset/detectionColumns.js';
export type { UnknownIdOptions } from './dataset/detectionTable.js';
export { parseAnnotations, parseGroundTruthTable } from './parse/parseAnnotations.js';
export { parseJson } from './parse/parseJson.js';
export { parseDetections } from './parse/parseDetections.js';
export { createAnnotationReader } from './parse/annotationReader.js';
export type { AnnotationReader } from './parse/annotationReader.js';
export {
  createDetectionReader,
  parseDetectionColumns,
} from './parse/detectionReader.js';
export type { DetectionReader } from './parse/detectionReader.js';
export { evaluate } from './evaluate.js';
export type {
  DetectionsInput,
  EvaluateOptions,
  GroundTruthInput,
  InputOptions,
} from './evaluate.js';
export { createEvaluator } from './createEvaluator.js';
export type { Evaluator, EvaluatorImage, EvaluatorOptions } from './createEvaluator.js';
export { protocolNames } from './protocols/protocol.js';
export type { ProtocolName, ProtocolOptions } from './protocols/protocol.js';
export {
  cocoAreaRanges,
  cocoIouThresholds,
  cocoRecallThresholds,
} from './protocols/coco.js';
export type { AreaRange, CocoOptions } from './protocols/coco.js';
export type { VocOptions } from './protocols/voc.js';
export type { LvisOptions } from './protocols/lvis.js';
export type { OpenImagesProtocolOptions } from './protocols/openImages.js';
export { ilsvrcThreshold } from './protocols/ilsvrc.js';
export type { BlacklistEntry, IlsvrcOptions } from './protocols/ilsvrc.js';
export type { ClassResult, EvaluationResult, Metrics } from './results.js';
export { checkDataset } from './checkDataset.js';
export type {
  CheckDatasetOptions,
  DatasetIssue,
  DatasetIssueCode,
  DatasetReport,
} from './checkDataset.js';
export * from './formats/index.js';
export * from './analysis/index.js';
