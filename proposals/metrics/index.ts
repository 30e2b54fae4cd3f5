export {
  proposalRecall,
  type ProposalRecall,
  type ProposalRecallOptions,
  type ProposedImage,
  type RecallFigures,
} from './proposalRecall.js';
export { recallPlot, type RecallCurve } from './recallPlot.js';
export { recallTable } from './recallTable.js';
