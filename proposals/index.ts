/**
 * Region proposals: pixels in, boxes out. No dependency, no file system, no
 * tensor library; runs in Node, in browsers and in workers.
 *
 * @packageDocumentation
 */
export { colourSpaces, convertColour } from './convertColour.js';
export type { ColourImage, ColourSpace } from './convertColour.js';
export * from './drawing/index.js';
export { ProposalError, type ProposalErrorCode } from './errors.js';
export {
  felzenszwalb,
  type FelzenszwalbOptions,
  type Superpixels,
} from './felzenszwalb.js';
export type { Hierarchy, SimilarityWeights } from './groupRegions.js';
export type { PixelImage, RgbImage } from './image.js';
export * from './metrics/index.js';
export {
  mergeProposals,
  rescoreProposals,
  type BoxScorer,
  type BoxSource,
  type Proposals,
} from './proposals.js';
export {
  cutHierarchy,
  regionHierarchy,
  type RegionHierarchy,
  type RegionHierarchyOptions,
} from './regionHierarchy.js';
export { shrink } from './resize.js';
export type { TextureMethod } from './searchHierarchies.js';
export {
  selectiveSearch,
  selectiveSearchAsync,
  type SelectiveSearchOptions,
} from './selectiveSearch.js';
export { slic, type SlicOptions } from './slic.js';
export { searchPlans, type SearchMode, type SearchStrategy } from './strategies.js';
