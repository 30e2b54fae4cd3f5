import { checkCount, checkNumber, ProposalError } from './errors.js';
import type { Hierarchy } from './groupRegions.js';
import { toRgb, type PixelImage } from './image.js';
import {
  mergeProposals,
  rescoreProposals,
  type BoxScorer,
  type BoxSource,
  type Proposals,
} from './proposals.js';
import { rankByObjectness } from './rankByObjectness.js';
import { rankByPosition } from './rankByPosition.js';
import { shrink } from './resize.js';
import { searchHierarchies, type TextureMethod } from './searchHierarchies.js';
import { smooth } from './smooth.js';
import {
  checkStrategies,
  searchPlans,
  type SearchMode,
  type SearchStrategy,
} from './strategies.js';

export interface SelectiveSearchOptions {
  /**
   * `single`, `fast` and `quality` are the paper's 1, 8 and 80 runs; `googlenet`
   * is `fast` on superpixels of twice the size; `custom` is what `strategies` say.
   * @default 'fast'
   */
  mode?: SearchMode;
  /** The runs of mode `custom`; its superpixels default to `minSize` 100. */
  strategies?: readonly SearchStrategy[];
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
   * Standard deviation of the Gaussian that smooths the image first, pixels at the working size.
   * @default 0.8
   */
  sigma?: number;
  /**
   * Superpixels smaller than this are merged into a neighbour, pixels at the working size.
   * @default 50 in mode `fast`, 70 in `quality`, 100 in the others
   */
  minSize?: number;
  /**
   * Texture from Gaussian derivatives, as in the paper, or from a bank of Gabor
   * filters (Serre et al. 2007), which takes longer.
   * @default 'gradients'
   */
  texture?: TextureMethod;
  /**
   * `objectness` scores boxes by plain cues, without chance; `position` is the
   * paper's and R-CNN's, position in the hierarchy times a random number.
   * @default 'objectness'
   */
  order?: 'objectness' | 'position';
  /**
   * Seed of the random numbers of order `position`: same image, options and
   * seed, same result.
   * @default 0
   */
  seed?: number;
  /** Judges the boxes instead of `order`, on the RGB8 image at its own size. */
  scorer?: BoxScorer;
  /** Gives further boxes, merged in by rank; sees the RGB8 image at its own size. */
  source?: BoxSource;
  /**
   * How many boxes to ask `source` for.
   * @default 200
   */
  sourceBoxes?: number;
  /** Stops the search; looked at between runs. */
  signal?: AbortSignal;
  /** Called after each run with the number of runs done and of all runs. */
  onProgress?: (done: number, total: number) => void;
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
  const steps = search(image, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Work at least this long between two looks at the event loop, milliseconds. */
const SLICE = 20;

/**
 * `selectiveSearch` that lets the event loop run between its runs, so that a
 * page stays alive and `signal` can fire meanwhile.
 *
 * @throws ProposalError INVALID_IMAGE, INVALID_OPTION, ABORTED, as rejections
 */
export async function selectiveSearchAsync(
  image: PixelImage,
  options: SelectiveSearchOptions = {},
): Promise<Proposals> {
  const steps = search(image, options);
  let last = Date.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (Date.now() - last >= SLICE) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      last = Date.now();
    }
  }
}

/** The search, pausing after each run. */
function* search(
  image: PixelImage,
  options: SelectiveSearchOptions,
): Generator<void, Proposals> {
  const {
    mode = 'fast',
    maxBoxes = Infinity,
    workingSize = 500,
    sigma = 0.8,
    texture = 'gradients',
    order = 'objectness',
    seed = 0,
    scorer,
    source,
    sourceBoxes = 200,
    signal,
    onProgress,
  } = options;
  const plan = choosePlan(mode, options.strategies);
  const { strategies } = plan;
  const minSize = options.minSize ?? plan.minSize;
  if (maxBoxes !== Infinity) checkCount('maxBoxes', maxBoxes, 0);
  if (workingSize !== Infinity) checkNumber('workingSize', workingSize, 1);
  checkNumber('sigma', sigma, 0);
  checkCount('minSize', minSize, 0);
  checkCount('seed', seed, Number.MIN_SAFE_INTEGER);
  checkCount('sourceBoxes', sourceBoxes, 0);
  checkChoice('texture', texture, ['gradients', 'gabor']);
  checkChoice('order', order, ['objectness', 'position']);

  const rgb = toRgb(image);
  const work = shrink(rgb, workingSize);
  const { width, height } = work;
  const smoothed = { ...work, data: smooth(work.data, width, height, 3, sigma) };
  const total = strategies.reduce(
    (sum, s) => sum + s.colourSpaces.length * s.k.length * s.similarities.length,
    0,
  );
  const hierarchies: Hierarchy[] = [];
  throwIfAborted(signal);
  for (const run of searchHierarchies(smoothed, strategies, minSize, texture)) {
    hierarchies.push(run.hierarchy);
    onProgress?.(hierarchies.length, total);
    yield;
    throwIfAborted(signal);
  }

  const ranked =
    order === 'position'
      ? rankByPosition(hierarchies, seed)
      : rankByObjectness(hierarchies, smoothed);
  const boxes = new Float32Array(ranked.boxes.length);
  for (let i = 0; i < boxes.length; i += 2) {
    boxes[i] = (ranked.boxes[i] * rgb.width) / width;
    boxes[i + 1] = (ranked.boxes[i + 1] * rgb.height) / height;
  }
  let proposals: Proposals = { boxes, scores: ranked.scores };
  if (source) proposals = mergeProposals(proposals, source.propose(rgb, sourceBoxes));
  if (scorer) proposals = rescoreProposals(proposals, rgb, scorer);
  if (proposals.scores.length <= maxBoxes) return proposals;
  return {
    boxes: proposals.boxes.slice(0, 4 * maxBoxes),
    scores: proposals.scores.slice(0, maxBoxes),
  };
}

function choosePlan(
  mode: SearchMode,
  strategies: readonly SearchStrategy[] | undefined,
): { strategies: readonly SearchStrategy[]; minSize: number } {
  if (mode === 'custom') {
    checkStrategies(strategies ?? []);
    return { strategies: strategies ?? [], minSize: 100 };
  }
  if (strategies) {
    throw new ProposalError(
      'INVALID_OPTION',
      `strategies are for mode 'custom', not '${mode}'`,
      'strategies',
    );
  }
  checkChoice('mode', mode, [...Object.keys(searchPlans), 'custom']);
  return searchPlans[mode];
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new ProposalError(
    'INVALID_OPTION',
    `${name} is '${String(value)}'; choose one of ${choices.join(', ')}`,
    name,
  );
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new ProposalError('ABORTED', 'the search was aborted', 'signal', {
    cause: signal.reason,
  });
}
