import { convertColour } from './convertColour.js';
import { gaborTexture } from './gaborTexture.js';
import { gradientTexture } from './gradientTexture.js';
import { gridEdges } from './gridEdges.js';
import { groupRegions, type Hierarchy } from './groupRegions.js';
import type { RgbImage } from './image.js';
import { mergeGraph } from './mergeGraph.js';
import { measureRegions } from './regions.js';
import { ReusedArrays } from './reusedArrays.js';
import { similarityWeights, type SearchStrategy } from './strategies.js';

/** Where the texture similarity comes from. */
export type TextureMethod = 'gradients' | 'gabor';

/** One run's outcome. */
export interface SearchRun {
  hierarchy: Hierarchy;
  /** Superpixel of each pixel; the same array is refilled by later runs. */
  labels: Int32Array;
}

/**
 * The hierarchies of all combinations of `strategies`, one at a time. Runs share
 * what they can: a colour space its conversion, texture and sorted edges; a k its
 * superpixels and histograms.
 *
 * @param smoothed RGB8
 */
export function* searchHierarchies(
  smoothed: RgbImage,
  strategies: readonly SearchStrategy[],
  minSize: number,
  texture: TextureMethod,
): Generator<SearchRun, void> {
  const pixels = smoothed.width * smoothed.height;
  const grid = {
    distances: new Uint16Array(4 * pixels),
    needed: new Int32Array(4 * pixels),
    sorted: new Int32Array(4 * pixels),
  };
  const scratch = {
    parents: new Int32Array(pixels),
    thresholds: new Float64Array(pixels),
    leftovers: grid.needed,
  };
  const labels = new Int32Array(pixels);
  const arrays = new ReusedArrays();
  const bank = texture === 'gabor' ? gaborTexture(smoothed) : undefined;
  for (const { colourSpaces, k: ks, similarities } of strategies) {
    for (const space of colourSpaces) {
      const colours = convertColour(smoothed, space);
      const bins = bank ?? gradientTexture(colours);
      const graph = gridEdges(colours, grid);
      for (const k of ks) {
        const partition = mergeGraph(graph, k, minSize, scratch, labels);
        const regions = measureRegions(partition, colours, bins, graph, arrays);
        for (const similarity of similarities) {
          const weights = similarityWeights(similarity);
          yield {
            hierarchy: groupRegions(regions, weights, pixels, arrays),
            labels,
          };
        }
      }
    }
  }
}
