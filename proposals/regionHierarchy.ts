import { checkCount, checkNumber } from './errors.js';
import type { ColourSpace } from './convertColour.js';
import type { Hierarchy, SimilarityWeights } from './groupRegions.js';
import { toRgb, type PixelImage } from './image.js';
import { shrink } from './resize.js';
import { searchHierarchies } from './searchHierarchies.js';
import { smooth } from './smooth.js';
import { checkStrategies } from './strategies.js';

export interface RegionHierarchyOptions {
  /** @default 'hsv' */
  colourSpace?: ColourSpace;
  /**
   * Felzenszwalb's k.
   * @default 100
   */
  k?: number;
  /**
   * Letters of C, T, S, F, or weights.
   * @default 'CTSF'
   */
  similarity?: string | Partial<SimilarityWeights>;
  /** @default 100 */
  minSize?: number;
  /** @default 0.8 */
  sigma?: number;
  /**
   * Longest side to work at, pixels.
   * @default 500
   */
  workingSize?: number;
}

/** Superpixels and the tree they were grouped into, at the working size. */
export interface RegionHierarchy {
  width: number;
  height: number;
  /** Superpixel of each pixel: a leaf of `hierarchy`. */
  labels: Int32Array;
  hierarchy: Hierarchy;
}

/**
 * One run of selective search with its regions, to look at or to draw.
 *
 * @throws ProposalError INVALID_IMAGE, INVALID_OPTION
 */
export function regionHierarchy(
  image: PixelImage,
  options: RegionHierarchyOptions = {},
): RegionHierarchy {
  const {
    colourSpace = 'hsv',
    k = 100,
    similarity = 'CTSF',
    minSize = 100,
    sigma = 0.8,
    workingSize = 500,
  } = options;
  const strategies = [
    { colourSpaces: [colourSpace], k: [k], similarities: [similarity] },
  ];
  checkStrategies(strategies);
  checkCount('minSize', minSize, 0);
  checkNumber('sigma', sigma, 0);
  if (workingSize !== Infinity) checkNumber('workingSize', workingSize, 1);
  const work = shrink(toRgb(image), workingSize);
  const { width, height } = work;
  const smoothed = { ...work, data: smooth(work.data, width, height, 3, sigma) };
  const [run] = searchHierarchies(smoothed, strategies, minSize, 'gradients');
  return { width, height, ...run };
}

/**
 * The regions when `count` of them are left, as a label map: labels
 * 0 … min(count, leaves) − 1 in raster order of first appearance.
 *
 * @throws ProposalError INVALID_OPTION unless `count` is at least 1
 */
export function cutHierarchy(
  { labels, hierarchy }: RegionHierarchy,
  count: number,
): { labels: Int32Array; count: number } {
  checkCount('count', count, 1);
  const { leaves, nodes, parents } = hierarchy;
  const end = Math.max(leaves, nodes - count + 1);
  const names = new Int32Array(nodes).fill(-1);
  const cut = new Int32Array(labels.length);
  let named = 0;
  const regionOfLeaf = new Int32Array(leaves);
  for (let leaf = 0; leaf < leaves; leaf++) {
    let node = leaf;
    while (parents[node] >= 0 && parents[node] < end) node = parents[node];
    regionOfLeaf[leaf] = node;
  }
  for (let i = 0; i < labels.length; i++) {
    const node = regionOfLeaf[labels[i]];
    if (names[node] < 0) names[node] = named++;
    cut[i] = names[node];
  }
  return { labels: cut, count: named };
}
