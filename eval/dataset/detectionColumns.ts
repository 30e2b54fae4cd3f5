import { EvaluationError } from '../errors.js';
import { checkList, isBox, refuseBox } from './checks.js';
import { describe, normalizeId } from './ids.js';
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

/** Gives each distinct id a number, in order of appearance. */
export class IdInterner {
  readonly ids: Id[] = [];
  private readonly places = new Map<unknown, number>();
  private lastValue: unknown = this; // no id is this
  private lastPlace = -1;

  /** The id's number. `where` is called only when the id is refused. */
  place(value: unknown, file: string, where: () => string): number {
    if (value === this.lastValue) return this.lastPlace;
    let place = this.places.get(value);
    if (place === undefined) {
      // "12" and 12 are two values of one id.
      const id = normalizeId(value, file, where());
      place = this.places.get(id);
      if (place === undefined) {
        place = this.ids.push(id) - 1;
        this.places.set(id, place);
      }
      this.places.set(value, place);
    }
    this.lastValue = value;
    this.lastPlace = place;
    return place;
  }
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
  const count = list.length;
  const images = new IdInterner();
  const categories = new IdInterner();
  const image = new Int32Array(count);
  const category = new Int32Array(count);
  const boxes = new Float64Array(4 * count);
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const detection = list[i];
    if (typeof detection !== 'object' || detection === null) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected an object, found ${describe(detection)}`,
        file,
        `[${i}]`,
      );
    }
    image[i] = images.place(detection.image_id, file, () => `[${i}].image_id`);
    category[i] = categories.place(
      detection.category_id,
      file,
      () => `[${i}].category_id`,
    );
    const box = detection.bbox;
    if (!Array.isArray(box) || box.length !== 4) refuseBox(box, file, `[${i}].bbox`);
    const [x, y, width, height] = box as number[];
    if (
      typeof x !== 'number' ||
      typeof y !== 'number' ||
      typeof width !== 'number' ||
      typeof height !== 'number' ||
      !isBox(x, y, width, height)
    ) {
      refuseBox(box, file, `[${i}].bbox`);
    }
    const o = 4 * i;
    boxes[o] = x;
    boxes[o + 1] = y;
    boxes[o + 2] = width;
    boxes[o + 3] = height;
    const score = detection.score;
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw new EvaluationError(
        'INVALID_NUMBER',
        `expected a finite number, found ${describe(score)}`,
        file,
        `[${i}].score`,
      );
    }
    scores[i] = score;
  }
  return {
    count,
    imageIds: images.ids,
    image,
    categoryIds: categories.ids,
    category,
    boxes,
    scores,
  };
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
