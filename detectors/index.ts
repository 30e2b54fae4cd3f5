/**
 * The detector: networks as data, engines that run them, weight files, warping,
 * heads, non-maximum suppression, and R-CNN's pipeline over them.
 *
 * @packageDocumentation
 */
export { DetectorError, type DetectorErrorCode } from './errors.js';
export {
  defaultModelFile,
  DEFAULT_MODEL,
  DETECTOR_PROPOSALS,
  ENSEMBLE_METHODS,
  loadDetector,
  MAX_PROPOSALS,
  type DetectionResult,
  type DetectOptions,
  type Detector,
  type DetectorInfo,
  type EnsembleMethod,
  type LoadDetectorOptions,
} from './loadDetector.js';
export {
  loadClassifier,
  type Classifier,
  type ClassifierInfo,
  type ClassifyOptions,
  type ClassScore,
  type LoadClassifierOptions,
} from './classify/loadClassifier.js';
export { CROP_COUNTS, type CropCount } from './classify/cropViews.js';
export { readClassifier } from './classify/readClassifier.js';
export type { ClassifierModel, ClassLabel } from './classify/classifierModel.js';
export { imagenetClasses, type ImagenetClass } from './classify/imagenetClasses.js';
export { readModel, type DetectorModel } from './model.js';
export {
  selectDetections,
  SELECTION_DEFAULTS,
  type ClassTable,
  type Detection,
  type SelectionOptions,
} from './pipeline/detections.js';
export {
  detectPhoto,
  PIPELINE_DEFAULTS,
  type LoadedModel,
  type Mode,
  type PipelineOptions,
  type StageTimes,
} from './pipeline/detectPhoto.js';
export { cropOutputs, scoreCrops, scoreShared } from './pipeline/scoreBoxes.js';
export {
  chooseEngine,
  ENGINE_NAMES,
  type ChooseEngineOptions,
  type ChosenEngine,
  type EngineInfo,
  type EngineName,
} from './engines/chooseEngine.js';
export {
  PRECISIONS,
  type Engine,
  type EngineOptions,
  type NetworkSession,
  type Precision,
  type SessionOptions,
} from './engines/engine.js';
export { findGpu, type FindGpuOptions } from './engines/findGpu.js';
export { onnxEngine } from './engines/onnxEngine.js';
export { tensorflowEngine } from './engines/tensorflowEngine.js';
export { cellGeometry, type CellGeometry } from './graph/cellGeometry.js';
export { backboneOf, detectorGraph, MAPS } from './graph/detectorGraph.js';
export { googlenetClassifier, googlenetRcnn } from './graph/googlenet.js';
export { networkNamed, networks, type NetworkName } from './graph/networks/index.js';
export {
  INCEPTION_CHANNELS,
  type InceptionChannels,
} from './graph/networks/inception.js';
export type {
  Network,
  PublishedCount,
  PublishedRow,
} from './graph/networks/network.js';
export { activationShapes } from './graph/activationShapes.js';
export {
  comparePublished,
  type CountComparison,
  type PublishedComparison,
  type RowDifference,
} from './graph/comparePublished.js';
export { networkCosts, type NodeCosts } from './graph/networkCosts.js';
export { peakMemory, type PeakMemory } from './graph/peakMemory.js';
export {
  summarizeNetwork,
  type BranchChannels,
  type NetworkSummary,
  type SummaryRow,
} from './graph/summarizeNetwork.js';
export { gaborFilters } from './graph/gaborFilters.js';
export { parameterShapes } from './graph/parameterShapes.js';
export type { Graph, GraphNode } from './graph/types.js';
export { emitOnnx } from './onnx/emitOnnx.js';
export { exportOnnx } from './onnx/exportOnnx.js';
export { emitTfjs, type TfjsFiles } from './tfjs/emitTfjs.js';
export {
  decodeOutputs,
  type HeadOptions,
  type ScoredBoxes,
} from './heads/decodeOutputs.js';
export {
  poolingWeights,
  PositionSensitiveMaps,
  type HeadLayout,
} from './heads/positionSensitivePooling.js';
export {
  nonMaximumSuppression,
  type NonMaximumSuppressionOptions,
} from './suppression/nonMaximumSuppression.js';
export {
  softNonMaximumSuppression,
  type SoftNonMaximumSuppressionOptions,
} from './suppression/softNonMaximumSuppression.js';
export {
  weightedBoxFusion,
  type WeightedBoxFusionOptions,
} from './ensemble/weightedBoxFusion.js';
export { voteBox } from './suppression/voteBoxes.js';
export {
  toPhoto,
  type Photo,
  type PixelImage,
  type Preprocessing,
} from './warp/photo.js';
export { resizePhoto } from './warp/resizePhoto.js';
export { PhotoPyramid, warpCrops, type WarpOptions } from './warp/warpCrops.js';
export { readCaffemodel } from './weights/caffemodel.js';
export type {
  ClassifierPreprocessing,
  PixelForm,
} from './weights/classifierMetadata.js';
export { graphOfWeights } from './weights/graphOfWeights.js';
export {
  importWeights,
  type ImportedWeights,
  type ImportWeightsOptions,
} from './weights/importWeights.js';
export {
  readSafetensors,
  readWeights,
  writeSafetensors,
} from './weights/safetensors.js';
export { checkWeights, type Tensor, type Weights } from './weights/weights.js';
