import { allRows, groupStarts, orderByKey, orderByScore } from '../core/orderRows.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';

/** A photo's detections and ground truths of all classes. */
export interface Photo {
  image: number;
  /** Rows of the detection table, best first. */
  detections: Int32Array;
  /** Rows of the ground truth table, in input order. */
  groundTruths: Int32Array;
}

/**
 * The photos in the order of their ids.
 *
 * @param maxDetections a photo's best detections, over all classes
 */
export function* photosOf(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  maxDetections = Infinity,
): Generator<Photo> {
  const images = groundTruth.images.length;
  const found = orderByKey(
    orderByScore(allRows(detections.count), detections.scores),
    detections.image,
    images,
  );
  const foundStarts = groupStarts(detections.image, images);
  const truths = orderByKey(allRows(groundTruth.count), groundTruth.image, images);
  const truthStarts = groupStarts(groundTruth.image, images);
  for (let image = 0; image < images; image++) {
    const from = foundStarts[image];
    yield {
      image,
      detections: found.subarray(
        from,
        Math.min(foundStarts[image + 1], from + maxDetections),
      ),
      groundTruths: truths.subarray(truthStarts[image], truthStarts[image + 1]),
    };
  }
}

/**
 * IoU of a detection with a ground truth, computed like everywhere in `eval` from x, y,
 * width and height.
 *
 * @param region measure the part of the detection that lies inside instead
 */
export function overlapOf(
  detections: DetectionTable,
  row: number,
  groundTruth: GroundTruthTable,
  truth: number,
  region = false,
): number {
  const a = detections.boxes;
  const b = groundTruth.boxes;
  const p = 4 * row;
  const q = 4 * truth;
  const w = Math.min(a[p] + a[p + 2], b[q] + b[q + 2]) - Math.max(a[p], b[q]);
  if (!(w > 0)) return 0;
  const h =
    Math.min(a[p + 1] + a[p + 3], b[q + 1] + b[q + 3]) - Math.max(a[p + 1], b[q + 1]);
  if (!(h > 0)) return 0;
  const area = a[p + 2] * a[p + 3];
  return (w * h) / (region ? area : area + b[q + 2] * b[q + 3] - w * h);
}

/** Place of a detection in the list that was given. */
export function sourceOf(detections: DetectionTable, row: number): number {
  return detections.source ? detections.source[row] : row;
}
