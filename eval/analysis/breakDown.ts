import type { DetectionTable } from '../dataset/detectionTable.js';
import { selectDetections } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { selectGroundTruth } from '../dataset/groundTruthTable.js';
import { allRows } from '../core/orderRows.js';
import { normalizeId } from '../dataset/ids.js';
import type { CocoDataset, CocoImage, Id } from '../dataset/types.js';
import type { DetectionsInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { EvaluationError } from '../errors.js';
import { areaResults } from '../protocols/areaResults.js';
import { checkThresholds } from '../protocols/checkOptions.js';
import { cocoIouThresholds, cocoRecallThresholds } from '../protocols/coco.js';
import { cocoRules } from '../protocols/cocoRules.js';

/** What to split by. */
export type BreakdownAspect =
  /** Area of the object, or of an unmatched detection: COCO's three sizes. */
  | 'size'
  /** Width / height of the object, or of an unmatched detection: tall, square, wide. */
  | 'aspect'
  /** Objects in the photo: 1 to 3, 4 to 10, more. */
  | 'crowdedness'
  /** A member of the photos, as in `{ attribute: 'weather' }`: its values. */
  | { attribute: string };

/** AP of a part. */
export interface BreakdownPart {
  /** As in `large`, `wide (from 1.5)`, `4 to 10 objects`, or an attribute's value. */
  name: string;
  photos: number;
  /** Objects to be found. */
  objects: number;
  AP: number | null;
  AP50: number | null;
  /** Recall at the limit of detections. */
  AR: number | null;
}

/** Options of `breakDown`. */
export interface BreakdownOptions extends InputOptions {
  /** @default 0.50, 0.55, ..., 0.95 */
  iouThresholds?: readonly number[];
  /** Detections of one class in one photo that count. @default 100 */
  maxDetections?: number;
}

/** Whether a box of the given width and height belongs to a part. */
type BoxTest = (width: number, height: number, area: number) => boolean;

/**
 * AP by size, by aspect, by how many objects the photo has, or by any attribute of the
 * photos. Size and aspect work like COCO's area ranges: objects of other parts need not
 * be found, and unmatched detections of another size or aspect count neither way. The
 * other two divide the photos.
 *
 * @throws EvaluationError as `evaluate` does
 */
export function breakDown(
  groundTruth: CocoDataset,
  detections: DetectionsInput,
  aspect: BreakdownAspect,
  options: BreakdownOptions = {},
): BreakdownPart[] {
  const { iouThresholds = cocoIouThresholds, maxDetections = 100 } = options;
  checkThresholds(iouThresholds, 'iouThresholds');
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const measure = (
    name: string,
    part: { truths: GroundTruthTable; found: DetectionTable; photos: number },
    ignored: Uint8Array,
    forgiven?: Uint8Array,
  ): BreakdownPart => {
    const { metrics, classes } = areaResults(
      { protocol: 'coco', description: '' },
      part.truths,
      part.found,
      cocoRules(part.truths, part.found, {
        iouThresholds,
        areaRanges: everything,
        maxDetections,
        crowd: part.truths.crowd,
        ignored,
        forgiven,
      }),
      {
        iouThresholds,
        recallThresholds: cocoRecallThresholds,
        areaRanges: everything,
        maxDets: [maxDetections],
      },
    );
    return {
      name,
      photos: part.photos,
      objects: classes.reduce((sum, one) => sum + one.groundTruths, 0),
      AP: metrics.AP,
      AP50: metrics.AP50,
      AR: metrics[`AR${maxDetections}`],
    };
  };

  if (aspect === 'size' || aspect === 'aspect') {
    const whole = { truths, found, photos: truths.images.length };
    return boxParts[aspect].map(([name, isInside]) => {
      const ignored = Uint8Array.from(truths.crowd, (crowd, row) => {
        const [width, height] = truths.boxes.subarray(4 * row + 2, 4 * row + 4);
        return crowd === 1 || !isInside(width, height, truths.area[row]) ? 1 : 0;
      });
      const forgiven = Uint8Array.from(found.scores, (_, row) => {
        const [width, height] = found.boxes.subarray(4 * row + 2, 4 * row + 4);
        return isInside(width, height, width * height) ? 0 : 1;
      });
      return measure(name, whole, ignored, forgiven);
    });
  }
  return groupPhotos(groundTruth, truths, aspect).map(([name, inside]) => {
    const part = {
      truths: selectGroundTruth(
        truths,
        allRows(truths.count).filter((row) => inside.has(truths.image[row])),
      ),
      found: selectDetections(
        found,
        allRows(found.count).filter((row) => inside.has(found.image[row])),
      ),
      photos: inside.size,
    };
    return measure(name, part, part.truths.crowd);
  });
}

const everything = [{ name: 'all', min: 0, max: Infinity }];

const boxParts: Record<'size' | 'aspect', [string, BoxTest][]> = {
  size: [
    ['small', (_w, _h, area) => area < 1024],
    ['medium', (_w, _h, area) => area >= 1024 && area < 9216],
    ['large', (_w, _h, area) => area >= 9216],
  ],
  aspect: [
    ['tall (to 2/3)', (w, h) => 3 * w < 2 * h],
    ['square (2/3 to 3/2)', (w, h) => 3 * w >= 2 * h && 2 * w < 3 * h],
    ['wide (from 3/2)', (w, h) => 3 * w >= 2 * h && 2 * w >= 3 * h],
  ],
};

/** Names of parts with their photos, by place in the table. */
function groupPhotos(
  dataset: CocoDataset,
  truths: GroundTruthTable,
  aspect: 'crowdedness' | { attribute: string },
): [string, Set<number>][] {
  const groups = new Map<string, Set<number>>();
  const add = (name: string, image: number) => {
    const group = groups.get(name);
    if (group) group.add(image);
    else groups.set(name, new Set([image]));
  };
  if (aspect === 'crowdedness') {
    const objects = new Int32Array(truths.images.length);
    for (let row = 0; row < truths.count; row++) objects[truths.image[row]]++;
    for (const name of [
      '0 objects',
      '1 to 3 objects',
      '4 to 10 objects',
      '11 and more',
    ]) {
      groups.set(name, new Set());
    }
    objects.forEach((count, image) => {
      if (count === 0) add('0 objects', image);
      else if (count <= 3) add('1 to 3 objects', image);
      else if (count <= 10) add('4 to 10 objects', image);
      else add('11 and more', image);
    });
    return [...groups];
  }
  const { attribute } = aspect;
  let isKnown = false;
  dataset.images.forEach((image: CocoImage, i) => {
    const id: Id = normalizeId(image.id, 'ground truth', `images[${i}].id`);
    const has = Object.hasOwn(image, attribute);
    isKnown ||= has;
    const value = has ? image[attribute] : undefined;
    const name = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'n/a');
    add(name, truths.imageIndex.get(id)!);
  });
  if (!isKnown && dataset.images.length > 0) {
    throw new EvaluationError(
      'INVALID_OPTION',
      `no photo has the attribute ${JSON.stringify(attribute)}`,
      undefined,
      'attribute',
    );
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
