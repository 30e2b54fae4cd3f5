export { analyzeErrors, errorTypes } from './analyzeErrors.js';
export type {
  AnalyzeErrorsOptions,
  DetectionError,
  ErrorAnalysis,
  ErrorType,
} from './analyzeErrors.js';
export { adviseThresholds, scoreCurves } from './scoreCurves.js';
export type {
  AdvisedThreshold,
  ScoreCurve,
  ScoreCurvesOptions,
  ScorePoint,
  ThresholdGoal,
} from './scoreCurves.js';
export { calibrate } from './calibrate.js';
export type { CalibrateOptions, Calibration, CalibrationBin } from './calibrate.js';
export { confusionMatrix } from './confusionMatrix.js';
export type { ConfusionMatrix, ConfusionMatrixOptions } from './confusionMatrix.js';
export { breakDown } from './breakDown.js';
export type { BreakdownAspect, BreakdownOptions, BreakdownPart } from './breakDown.js';
