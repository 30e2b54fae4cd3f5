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
export { bootstrap } from './bootstrap.js';
export type { BootstrapOptions, BootstrapResult, Interval } from './bootstrap.js';
export { compare } from './compare.js';
export type {
  CompareOptions,
  Comparison,
  Difference,
  PhotoDifference,
} from './compare.js';
export { protocolRules, versus } from './versus.js';
export type { ProtocolRules, RulePart, Versus, VersusProtocol } from './versus.js';
