import type { MatchGroup, MatchRules, Verdicts } from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import { allPointAveragePrecision } from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { normalizeId } from '../dataset/ids.js';
import type { Id } from '../dataset/types.js';
import { EvaluationError } from '../errors.js';
import type { EvaluationResult } from '../results.js';
import { thresholdResults } from './thresholdResults.js';

/** A photo in which a class is not judged: its objects and detections don't count. */
export interface BlacklistEntry {
  image_id: Id;
  category_id: Id;
}

/** Options of the ILSVRC detection protocol. */
export interface IlsvrcOptions {
  protocol: 'ilsvrc';
  /** Pairs of photo and class that are left out. @default [] */
  blacklist?: readonly BlacklistEntry[];
}

/**
 * ImageNet's detection task (Russakovsky et al. 2015, section 4.3, and the devkit's
 * `eval_detection.m`):
 *
 * - an object of w × h pixels is matched at IoU ≥ min(0.5, w·h / ((w + 10)·(h + 10))),
 *   so small objects may be off by about 5 pixels a side;
 * - a photo's detections of a class are taken best first; each takes, of the free
 *   objects whose threshold it passes, the one that it overlaps most;
 * - blacklisted pairs of photo and class count neither way;
 * - the area under the precision-recall curve counts all points.
 */
export function evaluateIlsvrc(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: IlsvrcOptions,
): EvaluationResult {
  const { blacklist = [] } = options;
  const excluded = indexBlacklist(blacklist, groundTruth);
  return thresholdResults(
    {
      protocol: 'ilsvrc',
      description:
        'ILSVRC detection: all-point AP at IoU min(0.5, wh/((w+10)(h+10))) for each object; ' +
        `no limit on detections; ${excluded.size} blacklisted pairs of photo and class count neither way; ` +
        'equal scores in the order of photo ids, then of input',
    },
    groundTruth,
    detections,
    [0.5],
    (curve) => allPointAveragePrecision(curve.totals, curve.positives),
    (receive) => {
      accumulate(
        groundTruth,
        detections,
        ilsvrcRules(groundTruth, detections, excluded),
        receive,
      );
    },
  );
}

/** The IoU at which an object of the given size in pixels is found. */
export function ilsvrcThreshold(width: number, height: number): number {
  return Math.min(0.5, (width * height) / ((width + 10) * (height + 10)));
}

function ilsvrcRules(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  excluded: Set<number>,
): MatchRules {
  const { boxes, image, category } = groundTruth;
  const classes = groundTruth.categories.length;
  let taken = new Uint8Array(64);

  const match = (
    group: MatchGroup,
    _slice: number,
    _firstThreshold: number,
    _thresholdCount: number,
    { found, neither }: Verdicts,
    at: number,
  ): void => {
    const m = group.groundTruthCount;
    const skip = excluded.has(group.image * classes + group.category);
    if (taken.length < m) taken = new Uint8Array(2 * m);
    taken.fill(0, 0, m);
    for (let d = 0; d < group.detectionCount; d++) {
      let best = 0;
      let chosen = -1;
      for (let g = 0; g < m; g++) {
        const overlap = group.overlaps[d * m + g];
        if (taken[g] === 1 || !(overlap > best)) continue;
        const o = 4 * group.groundTruths[group.groundTruthStart + g];
        if (overlap >= ilsvrcThreshold(boxes[o + 2], boxes[o + 3])) {
          best = overlap;
          chosen = g;
        }
      }
      if (chosen >= 0) taken[chosen] = 1;
      found[at + d] = chosen >= 0 && !skip ? 1 : 0;
      neither[at + d] = skip ? 1 : 0;
    }
  };
  return {
    thresholds: 1,
    slices: 1,
    maxDetections: Infinity,
    ties: 'image',
    regions: null,
    isPositive: (row) => !excluded.has(image[row] * classes + category[row]),
    judgeUnmatched: (rows, start, count, _slice, _thresholds, verdicts, at) => {
      verdicts.found.fill(0, at, at + count);
      for (let i = 0; i < count; i++) {
        const row = rows[start + i];
        const pair = detections.image[row] * classes + detections.category[row];
        verdicts.neither[at + i] = excluded.has(pair) ? 1 : 0;
      }
    },
    match,
  };
}

function indexBlacklist(
  blacklist: readonly BlacklistEntry[],
  groundTruth: GroundTruthTable,
): Set<number> {
  const { imageIndex, categoryIndex, categories } = groundTruth;
  const excluded = new Set<number>();
  blacklist.forEach(({ image_id, category_id }, i) => {
    const where = `blacklist[${i}]`;
    const image = imageIndex.get(
      normalizeId(image_id, 'blacklist', `${where}.image_id`),
    );
    const category = categoryIndex.get(
      normalizeId(category_id, 'blacklist', `${where}.category_id`),
    );
    // The official list covers all photos; a part of them is evaluated now and then.
    if (image === undefined) return;
    if (category === undefined) {
      throw new EvaluationError(
        'UNKNOWN_CATEGORY',
        `the ground truth has no category ${JSON.stringify(category_id)}; map the classes`,
        'blacklist',
        `${where}.category_id`,
      );
    }
    excluded.add(image * categories.length + category);
  });
  return excluded;
}
