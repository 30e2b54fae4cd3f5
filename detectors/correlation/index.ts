export { clusterUnits, cutClusters, leafOrder, type Join } from './clusterUnits.js';
export {
  gatherClusterSignals,
  type ClusteredSite,
  type ClusterSignals,
} from './clusterSignals.js';
export { CoMoments } from './coMoments.js';
export { findSites, type Consumer, type Site, type Unit } from './findSites.js';
export { gatherMoments, type GatherOptions } from './gatherMoments.js';
export {
  askedUnits,
  effectiveUnits,
  layerTopology,
  presentUnits,
  type ClusterTopology,
  type PatchCounts,
} from './layerTopology.js';
export { proposeCombinations, roundWidths } from './proposeCombinations.js';
export { proposeMerges, silentUnits, type Merge } from './proposeMerges.js';
export { gridPositions, samplePositions } from './samplePositions.js';
export { mergeUnits, type MergedNetwork, type SiteMerges } from './mergeUnits.js';
