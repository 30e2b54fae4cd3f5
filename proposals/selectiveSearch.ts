import { convertColour } from './convertColour.js';
import { checkCount, checkNumber, ProposalError } from './errors.js';
import { groupRegions, type Hierarchy } from './groupRegions.js';
import { measureRegions } from './regions.js';
import { toRgb, type PixelImage } from './image.js';
import { rankByObjectness } from './rankByObjectness.js';
import { rankByPosition } from './rankBoxes.js';
import { shrink } from './resize.js';
import { smooth } from './smooth.js';
import { publishedStrategies, type SearchStrategy } from './strategies.js';
import { gridEdges } from './gridEdges.js';
import { mergeGraph } from './mergeGraph.js';
import { gradientTexture } from './gradientTexture.js';

export interface SelectiveSearchOptions {
  /**
   * `single`, `fast` and `quality` are the paper's 1, 8 and 80 runs.
   * @default 'fast'
   */
  mode?: 'single' | 'fast' | 'quality';
  /**
   * At most this many boxes, the best ones.
   * @default Infinity
   */
  maxBoxes?: number;
  /**
   * Longest side to work at, pixels; larger images are shrunk first and their
   * boxes mapped back. Infinity works at the image's own size.
   * @default 500
   */
  workingSize?: number;
  /**
   * Seed of whatever is random: same image, options and seed, same result.
   * @default 0
   */
  seed?: number;
  /** Stops the search: checked before each run. */
  signal?: AbortSignal;
  /** Called after each run with the number of runs done and of all runs. */
  onProgress?: (done: number, total: number) => void;
  minSize?: number;
  sigma?: number;
  rank?: 'random';
  strategies?: SearchStrategy[];
}

export interface Proposals {
  /** n × 4: x1, y1, x2, y2 in the image's pixels, half-open. */
  boxes: Float32Array;
  /** n, descending. */
  scores: Float32Array;
}

/**
 * Region proposals by selective search (Uijlings, van de Sande, Gevers and
 * Smeulders, "Selective Search for Object Recognition", IJCV 2013): superpixels
 * in several colour spaces and sizes are grouped into hierarchies by several
 * similarities; the boxes of all regions, without repetition, are the proposals.
 *
 * @throws ProposalError INVALID_IMAGE, INVALID_OPTION, ABORTED
 */
export function selectiveSearch(
  image: PixelImage,
  options: SelectiveSearchOptions = {},
): Proposals {
  const {
    mode = 'fast',
    maxBoxes = Infinity,
    workingSize = 500,
    seed = 0,
    signal,
    onProgress,
    sigma = 0.8,
    minSize = 100,
  } = options;
  if (maxBoxes !== Infinity) checkCount('maxBoxes', maxBoxes, 0);
  if (workingSize !== Infinity) checkNumber('workingSize', workingSize, 1);
  const strategies: readonly SearchStrategy[] =
    options.strategies ?? publishedStrategies[mode];
  const work = shrink(toRgb(image), workingSize);
  const { width, height } = work;
  const pixels = width * height;
  const smoothed = {
    data: smooth(work.data, width, height, 3, sigma),
    width,
    height,
  };
  const total = strategies.reduce(
    (sum, s) => sum + s.colourSpaces.length * s.k.length * s.similarities.length,
    0,
  );
  const hierarchies: Hierarchy[] = [];
  const labels = new Int32Array(pixels);
  const grid = {
    distances: new Uint16Array(4 * pixels),
    needed: new Int32Array(4 * pixels),
  };
  const scratch = {
    parents: new Int32Array(pixels),
    thresholds: new Float64Array(pixels),
    leftovers: grid.needed,
  };
  for (const { colourSpaces, k: ks, similarities } of strategies) {
    for (const space of colourSpaces) {
      const colours = convertColour(smoothed, space);
      const graph = gridEdges(colours, grid);
      const texture = gradientTexture(colours);
      for (const k of ks) {
        const partition = mergeGraph(graph, pixels, k, minSize, scratch, labels);
        const regions = measureRegions(partition, colours, texture, graph.offsets);
        for (const weights of similarities) {
          if (signal?.aborted) {
            throw new ProposalError('ABORTED', 'the search was aborted', 'signal', {
              cause: signal.reason,
            });
          }
          hierarchies.push(groupRegions(regions, weights, pixels));
          onProgress?.(hierarchies.length, total);
        }
      }
    }
  }
  const ranked =
    options.rank === 'random'
      ? rankByPosition(hierarchies, seed)
      : rankByObjectness(hierarchies, smoothed);
  const count = Math.min(ranked.scores.length, maxBoxes);
  const scaleX = image.width / width;
  const scaleY = image.height / height;
  const boxes = new Float32Array(4 * count);
  for (let i = 0; i < 4 * count; i += 2) {
    boxes[i] = ranked.boxes[i] * scaleX;
    boxes[i + 1] = ranked.boxes[i + 1] * scaleY;
  }
  return { boxes, scores: ranked.scores.slice(0, count) };
}
