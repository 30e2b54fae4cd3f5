import type { MatchRules } from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import { allRows, orderByKey, orderByScore } from '../core/orderRows.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { cocoRules } from '../protocols/cocoRules.js';

/** What COCO's matching says of every detection, by row of its table. */
export interface DetectionVerdicts {
  /** Bits of the thresholds at which it is a true positive. */
  found: Uint32Array;
  /** Bits of the thresholds at which it counts neither way. */
  neither: Uint32Array;
  /** Rows that count (within the limit), best first, equal scores by photo, then input. */
  rows: Int32Array;
}

/** Everything is of this size. */
const anyArea = [{ name: 'all', min: 0, max: Infinity }];

/**
 * Judges every detection by COCO's rules, without area ranges.
 *
 * @param iouThresholds at most 31
 * @param maxDetections of one class in one photo
 */
export function judgeDetections(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  iouThresholds: readonly number[],
  maxDetections = 100,
): DetectionVerdicts {
  const found = new Uint32Array(detections.count);
  const neither = new Uint32Array(detections.count);
  const inner = cocoRules(groundTruth, detections, {
    iouThresholds,
    areaRanges: anyArea,
    maxDetections,
    crowd: groundTruth.crowd,
    ignored: groundTruth.crowd,
  });
  const rules: MatchRules = {
    ...inner,
    match(group, slice, firstThreshold, thresholdCount, verdicts, at) {
      inner.match(group, slice, firstThreshold, thresholdCount, verdicts, at);
      for (let d = 0; d < group.detectionCount; d++) {
        const row = group.detections[group.detectionStart + d];
        found[row] = verdicts.found[at + d];
        neither[row] = verdicts.neither[at + d];
      }
    },
  };
  accumulate(groundTruth, detections, rules, () => undefined);
  return { found, neither, rows: countedRows(groundTruth, detections, maxDetections) };
}

function countedRows(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  maxDetections: number,
): Int32Array {
  const classes = groundTruth.categories.length;
  const images = groundTruth.images.length;
  const rows = orderByScore(
    orderByKey(allRows(detections.count), detections.image, images),
    detections.scores,
  );
  const seen = new Map<number, number>();
  return rows.filter((row) => {
    const pair = detections.image[row] * classes + detections.category[row];
    const rank = seen.get(pair) ?? 0;
    seen.set(pair, rank + 1);
    return rank < maxDetections;
  });
}

/** Number of objects to be found, by class. */
export function countPositives(groundTruth: GroundTruthTable): Int32Array {
  const positives = new Int32Array(groundTruth.categories.length);
  for (let truth = 0; truth < groundTruth.count; truth++) {
    if (groundTruth.crowd[truth] === 0) positives[groundTruth.category[truth]]++;
  }
  return positives;
}
