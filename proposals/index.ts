/**
 * Region proposals: pixels in, boxes out. No dependency, no file system, no
 * tensor library; runs in Node, in browsers and in workers.
 *
 * @packageDocumentation
 */
export { ProposalError, type ProposalErrorCode } from './errors.js';
export type { PixelImage } from './image.js';
export {
  selectiveSearch,
  type Proposals,
  type SelectiveSearchOptions,
} from './selectiveSearch.js';
export {
  felzenszwalb,
  type FelzenszwalbOptions,
  type Superpixels,
} from './felzenszwalb.js';
