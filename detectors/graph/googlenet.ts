import { detectorGraph } from './detectorGraph.js';
import { networks } from './networks/index.js';
import type { Graph } from './types.js';

export { MAPS } from './detectorGraph.js';

/** The GoogLeNet classifier in its BVLC form, without the auxiliary heads. */
export const googlenetClassifier = (classes?: number): Graph =>
  networks.googlenet.build(classes);

/** GoogLeNet as the detector's backbone, see `detectorGraph`. */
export const googlenetRcnn = (bins: number, outputs: number): Graph =>
  detectorGraph('googlenet', bins, outputs);
