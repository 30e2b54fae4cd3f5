import type { DetectionColumns } from '../../eval/index.js';

/** The detections with at least a score. */
export function selectScores(
  columns: DetectionColumns,
  least: number,
): DetectionColumns {
  const rows = Int32Array.from(columns.scores.keys()).filter(
    (row) => columns.scores[row] >= least,
  );
  const boxes = new Float64Array(4 * rows.length);
  rows.forEach((row, i) => {
    boxes.set(columns.boxes.subarray(4 * row, 4 * row + 4), 4 * i);
  });
  return {
    ...columns,
    count: rows.length,
    image: rows.map((row) => columns.image[row]),
    category: rows.map((row) => columns.category[row]),
    boxes,
    scores: Float64Array.from(rows, (row) => columns.scores[row]),
  };
}
