import type {
  CocoDataset,
  DetectionColumns,
  DetectionError,
  GroundTruthTable,
  Id,
} from '../../eval/index.js';
import { intersectionOverUnion, type Box } from '../../geometry/index.js';
import { chooseExamples } from './chooseExamples.js';
import { frameBoxes } from './frameBoxes.js';
import type { LabelledBox, ReportExample, ReportPhoto } from './types.js';

export interface PrepareExamplesOptions {
  /** From `analyzeErrors`. */
  errors: readonly DetectionError[];
  /** At most so many examples. */
  count: number;
  iouThreshold: number;
  scoreThreshold: number;
}

/** A photo shows its best detections only; more would hide it. */
const MOST_DETECTIONS = 60;

/**
 * Chooses the worst errors and collects what is shown of them: false positives by
 * their score, missed objects by their size.
 */
export function prepareExamples(
  dataset: CocoDataset,
  truths: GroundTruthTable,
  found: DetectionColumns,
  options: PrepareExamplesOptions,
): { examples: ReportExample[]; photos: ReportPhoto[] } {
  const { errors, count, iouThreshold, scoreThreshold } = options;
  // Ids are text or numbers, "12" and 12 are the same: as text they meet.
  const classNames = new Map(truths.categories.map(({ id, name }) => [`${id}`, name]));
  const foundClasses = found.categoryIds.map((id) => classNames.get(`${id}`) ?? '');
  const detectionAt = (row: number): LabelledBox => ({
    box: corners(found.boxes, row),
    className: foundClasses[found.category[row]],
    score: found.scores[row],
  });
  const objectAt = (row: number): LabelledBox => ({
    box: corners(truths.boxes, row),
    className: truths.categories[truths.category[row]].name,
    score: null,
  });

  const chosen = chooseExamples(
    errors.map((error) => ({
      ...error,
      category:
        error.detection === null
          ? truths.categories[truths.category[error.groundTruth!]].name
          : foundClasses[found.category[error.detection]],
      photo: error.imageId,
      badness:
        error.detection === null
          ? truths.area[error.groundTruth!]
          : found.scores[error.detection],
    })),
    count,
  );

  const rows = rowsOfPhotos(
    new Set(chosen.map(({ imageId }) => imageId)),
    truths,
    found,
  );
  const photos: ReportPhoto[] = [];
  const places = new Map<Id, number>();
  const images = new Map(dataset.images.map((image) => [`${image.id}`, image]));
  for (const [id, { objects, detections }] of rows) {
    const image = images.get(`${id}`);
    const boxes = [
      ...objects.map(objectAt),
      ...detections
        .filter((row) => found.scores[row] >= scoreThreshold)
        .toSorted((a, b) => found.scores[b] - found.scores[a])
        .slice(0, MOST_DETECTIONS)
        .map(detectionAt),
    ];
    // Without a size the boxes tell the least that it can be.
    const extent = (side: 2 | 3) =>
      Math.ceil(Math.max(1, ...boxes.map(({ box }) => box[side])));
    places.set(id, photos.length);
    photos.push({
      id,
      name: image?.file_name || `photo ${id}`,
      width: image?.width || extent(2),
      height: image?.height || extent(3),
      picture: null,
      problem: null,
      boxes,
    });
  }

  const examples = chosen.map((error): ReportExample => {
    const { objects, detections } = rows.get(error.imageId)!;
    const solid = objects.filter((row) => truths.crowd[row] === 0);
    let { detection: foundRow, groundTruth: truthRow } = error;
    if (foundRow === null) {
      const box = corners(truths.boxes, truthRow!);
      foundRow = bestBy(
        detections.filter(
          (row) =>
            foundClasses[found.category[row]] === error.category &&
            overlapOf(corners(found.boxes, row), box) >= iouThreshold,
        ),
        (row) => found.scores[row],
      );
    } else if (error.type === 'background') {
      truthRow = null;
    } else {
      truthRow ??= concerned(error.type, foundRow, solid, truths, found, {
        isOwn: (row) => truths.categories[truths.category[row]].name === error.category,
      });
    }
    const detection = foundRow === null ? null : detectionAt(foundRow);
    const object = truthRow === null ? null : objectAt(truthRow);
    const photo = places.get(error.imageId)!;
    const boxes = [detection, object].flatMap((shown) => (shown ? [shown.box] : []));
    return {
      type: error.type,
      photo,
      detection,
      object,
      iou: detection && object ? overlapOf(detection.box, object.box) : null,
      window: frameBoxes(boxes, photos[photo]),
      picture: null,
    };
  });
  return { examples, photos };
}

/** The object that a false positive is about: of its class, of another, or of any. */
function concerned(
  type: DetectionError['type'],
  row: number,
  objects: readonly number[],
  truths: GroundTruthTable,
  found: DetectionColumns,
  { isOwn }: { isOwn: (row: number) => boolean },
): number | null {
  const box = corners(found.boxes, row);
  const overlap = (object: number) => overlapOf(box, corners(truths.boxes, object));
  const candidates = objects.filter(
    (object) =>
      (type === 'both' || isOwn(object) === (type !== 'classification')) &&
      overlap(object) > 0,
  );
  return bestBy(candidates, overlap);
}

/** Rows by photo, of some photos, in the order of the photos' ids. */
function rowsOfPhotos(
  wanted: ReadonlySet<Id>,
  truths: GroundTruthTable,
  found: DetectionColumns,
): Map<Id, { objects: number[]; detections: number[] }> {
  const rows = new Map<Id, { objects: number[]; detections: number[] }>();
  for (const id of truths.images) {
    if (wanted.has(id)) rows.set(id, { objects: [], detections: [] });
  }
  for (let row = 0; row < truths.count; row++) {
    rows.get(truths.images[truths.image[row]])?.objects.push(row);
  }
  const lists = found.imageIds.map((id) => rows.get(id)?.detections);
  for (let row = 0; row < found.count; row++) lists[found.image[row]]?.push(row);
  return rows;
}

function corners(boxes: ArrayLike<number>, row: number): Box {
  const [x, y, width, height] = [0, 1, 2, 3].map((i) => boxes[4 * row + i]);
  return [x, y, x + width, y + height];
}

const overlapOf = (a: Box, b: Box) => intersectionOverUnion(a, 0, b, 0);

function bestBy(
  rows: readonly number[],
  value: (row: number) => number,
): number | null {
  return rows.reduce<number | null>(
    (best, row) => (best === null || value(row) > value(best) ? row : best),
    null,
  );
}
