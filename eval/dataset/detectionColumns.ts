import { EvaluationError } from '../errors.js';
import { checkList, isBox, refuseBox } from './checks.js';
import { DetectionBuilder } from './detectionBuilder.js';
import { describe } from './ids.js';
import type { CocoDetection, Id } from './types.js';

/**
 * Detections in columns, as the readers of files give them: a million take 60 MB.
 * `image[i]` and `category[i]` are places in the lists of distinct ids.
 */
export interface DetectionColumns {
  /** Number of detections. */
  count: number;
  imageIds: Id[];
  image: Int32Array;
  categoryIds: Id[];
  category: Int32Array;
  /** count × 4: x, y, width, height in pixels. */
  boxes: Float64Array;
  scores: Float64Array;
}

/**
 * Checks a list of detections and lays it out in columns.
 *
 * @throws EvaluationError naming the JSON path of the first fault.
 */
export function tabulateDetections(
  detections: readonly CocoDetection[],
  file = 'detections',
): DetectionColumns {
  const list = checkList(
    detections,
    file,
    '',
    'a results file is a plain list of { image_id, category_id, bbox, score }',
  ) as CocoDetection[];
  const builder = new DetectionBuilder();
  for (let i = 0; i < list.length; i++) {
    addDetection(builder, list[i], file, i);
  }
  return builder.finish();
}

/** Whether the detections are in columns already. */
export function isDetectionColumns(
  detections: readonly CocoDetection[] | DetectionColumns,
): detections is DetectionColumns {
  return (
    !Array.isArray(detections) &&
    ArrayBuffer.isView((detections as DetectionColumns | null)?.boxes)
  );
}

/**
 * Checks a detection and adds it.
 *
 * @param index its place, for messages: `7` or a path
 * @param imageId the detection's image, when the detection itself doesn't say
 */
export function addDetection(
  builder: DetectionBuilder,
  detection: unknown,
  file: string,
  index: number | string,
  imageId?: Id,
): void {
  // Paths are put together only when they are needed.
  const where = (field: string) =>
    (typeof index === 'number' ? `[${index}]` : index) + field;
  if (typeof detection !== 'object' || detection === null) {
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `expected an object, found ${describe(detection)}`,
      file,
      where(''),
    );
  }
  const row = detection as Record<string, unknown>;
  const image = builder.images.place(imageId ?? row.image_id, file, () =>
    where('.image_id'),
  );
  const category = builder.categories.place(row.category_id, file, () =>
    where('.category_id'),
  );
  const box = row.bbox as readonly unknown[];
  if (!Array.isArray(row.bbox) || box.length !== 4) {
    refuseBox(row.bbox, file, where('.bbox'));
  }
  const x = box[0];
  const y = box[1];
  const width = box[2];
  const height = box[3];
  if (
    typeof x !== 'number' ||
    typeof y !== 'number' ||
    typeof width !== 'number' ||
    typeof height !== 'number' ||
    !isBox(x, y, width, height)
  ) {
    refuseBox(box, file, where('.bbox'));
  }
  const score = row.score;
  if (typeof score !== 'number' || !Number.isFinite(score)) {
    throw new EvaluationError(
      'INVALID_NUMBER',
      `expected a finite number, found ${describe(score)}`,
      file,
      where('.score'),
    );
  }
  builder.add(image, category, x, y, width, height, score);
}
