/**
 * The whole package in one import; the rooms are also there one by one as
 * `googlenet-rcnn/proposals`, `/detectors` and `/eval`.
 *
 * @packageDocumentation
 */
export * from '../detectors/index.js';
export * from '../eval/index.js';
export {
  felzenszwalb,
  ProposalError,
  selectiveSearch,
  type FelzenszwalbOptions,
  type Proposals,
  type SelectiveSearchOptions,
  type Superpixels,
} from '../proposals/index.js';
export {
  boxArea,
  intersectionOverUnion,
  type Box,
  type BoxArray,
} from '../geometry/index.js';
