import { boxArea, intersectionOverUnion, type BoxArray } from '../../geometry/index.js';
import { checkCount, ProposalError } from '../errors.js';

/** One image's true boxes and what was proposed for it. */
export interface ProposedImage {
  /** n × 4, half-open */
  groundTruth: BoxArray;
  /** n class names or ids; without them all objects are of one class. */
  classes?: ArrayLike<string | number>;
  /** m × 4, half-open, best first */
  proposals: BoxArray;
}

export interface ProposalRecallOptions {
  /**
   * Numbers of boxes an image to measure at; Infinity takes all.
   * @default [50, 100, 300, 1000, Infinity]
   */
  counts?: readonly number[];
  /**
   * IoU from which an object counts as found.
   * @default 0.5, 0.55, … 0.95
   */
  thresholds?: readonly number[];
  /**
   * Names of size ranges and the area in pixels up to which each goes, ascending.
   * @default COCO's: small < 32², medium < 96², large
   */
  sizes?: readonly (readonly [name: string, below: number])[];
}

/** Measures of a group of objects; index i belongs to `counts[i]`. */
export interface RecallFigures {
  objects: number;
  /** recall[threshold][count], in [0, 1] */
  recall: number[][];
  /** AR@N: mean of the recalls over all thresholds. */
  averageRecall: number[];
  /** ABO: mean over the objects of the best proposal's IoU (Uijlings et al. 2013, equation 7). */
  averageBestOverlap: number[];
}

export interface ProposalRecall extends RecallFigures {
  counts: number[];
  thresholds: number[];
  images: number;
  /** Proposals an image, mean, with no limit. */
  meanProposals: number;
  /** MABO: mean of the classes' ABOs. */
  meanAverageBestOverlap: number[];
  classes: Map<string | number, RecallFigures>;
  sizes: Map<string, RecallFigures>;
}

/** COCO's areas. */
const COCO_SIZES: readonly (readonly [string, number])[] = [
  ['small', 32 ** 2],
  ['medium', 96 ** 2],
  ['large', Infinity],
];

/**
 * How well proposals cover objects: recall at each IoU threshold and number of
 * boxes, average recall, ABO and MABO, for all, for each class and for each size.
 * Each object takes its best proposal, whether or not another takes it too. A
 * group without objects has figures NaN.
 *
 * Images may come from a generator; only a few numbers an object are kept.
 *
 * @throws ProposalError INVALID_OPTION
 */
export function proposalRecall(
  images: Iterable<ProposedImage>,
  options: ProposalRecallOptions = {},
): ProposalRecall {
  const { sizes = COCO_SIZES } = options;
  const counts = [...(options.counts ?? [50, 100, 300, 1000, Infinity])];
  const thresholds = [
    ...(options.thresholds ?? Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100)),
  ];
  for (const count of counts) if (count !== Infinity) checkCount('counts', count, 0);
  if (thresholds.some((t) => !(t > 0 && t <= 1))) {
    throw new ProposalError(
      'INVALID_OPTION',
      `thresholds ${thresholds.join(', ')} must be above 0 and at most 1`,
      'thresholds',
    );
  }
  const byClass = new Map<string | number, Tally>();
  const bySize = new Map(sizes.map(([name]) => [name, new Tally(counts, thresholds)]));
  const all = new Tally(counts, thresholds);
  let imageCount = 0;
  let proposalCount = 0;
  for (const { groundTruth, classes, proposals } of images) {
    imageCount++;
    proposalCount += proposals.length >> 2;
    for (let i = 0; i < groundTruth.length >> 2; i++) {
      const overlaps = bestOverlaps(groundTruth, i, proposals, counts);
      const name = classes ? classes[i] : '';
      let tally = byClass.get(name);
      if (!tally) byClass.set(name, (tally = new Tally(counts, thresholds)));
      tally.add(overlaps);
      all.add(overlaps);
      const area = boxArea(groundTruth, i);
      const size = sizes.find(([, below]) => area < below);
      if (size) bySize.get(size[0])?.add(overlaps);
    }
  }
  const classFigures = new Map([...byClass].map(([name, t]) => [name, t.figures()]));
  return {
    counts,
    thresholds,
    images: imageCount,
    meanProposals: proposalCount / imageCount,
    ...all.figures(),
    meanAverageBestOverlap: counts.map((_, i) =>
      mean([...classFigures.values()].map((figures) => figures.averageBestOverlap[i])),
    ),
    classes: classFigures,
    sizes: new Map([...bySize].map(([name, t]) => [name, t.figures()])),
  };
}

/** IoU of object `i`'s best proposal among the first `count`, for each count. */
function bestOverlaps(
  groundTruth: BoxArray,
  i: number,
  proposals: BoxArray,
  counts: readonly number[],
): number[] {
  const best: number[] = counts.map(() => 0);
  const n = proposals.length >> 2;
  const order = counts.map((_, c) => c).sort((a, b) => counts[a] - counts[b]);
  let j = 0;
  let overlap = 0;
  for (const c of order) {
    for (; j < Math.min(n, counts[c]); j++) {
      overlap = Math.max(overlap, intersectionOverUnion(groundTruth, i, proposals, j));
    }
    best[c] = overlap;
  }
  return best;
}

/** Sums over objects. */
class Tally {
  private objects = 0;
  private readonly overlaps: number[];
  private readonly found: number[][];

  constructor(
    counts: readonly number[],
    private readonly thresholds: readonly number[],
  ) {
    this.overlaps = counts.map(() => 0);
    this.found = thresholds.map(() => counts.map(() => 0));
  }

  add(overlaps: readonly number[]): void {
    this.objects++;
    overlaps.forEach((overlap, c) => {
      this.overlaps[c] += overlap;
      this.thresholds.forEach((threshold, t) => {
        if (overlap >= threshold) this.found[t][c]++;
      });
    });
  }

  figures(): RecallFigures {
    const recall = this.found.map((row) => row.map((n) => n / this.objects));
    return {
      objects: this.objects,
      recall,
      averageRecall: this.overlaps.map((_, c) => mean(recall.map((row) => row[c]))),
      averageBestOverlap: this.overlaps.map((sum) => sum / this.objects),
    };
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
