import { isBox } from './dataset/checks.js';
import { describe } from './dataset/ids.js';
import { EvaluationError } from './errors.js';

/** What is wrong. */
export type DatasetIssueCode =
  | 'INVALID_STRUCTURE'
  | 'INVALID_ID'
  | 'DUPLICATE_ID'
  | 'DUPLICATE_FILE_NAME'
  | 'DUPLICATE_CLASS_NAME'
  | 'UNKNOWN_IMAGE'
  | 'UNKNOWN_CATEGORY'
  | 'INVALID_BOX'
  | 'EMPTY_BOX'
  | 'OUTSIDE_IMAGE'
  | 'AREA_LARGER_THAN_BOX'
  | 'NEAR_DUPLICATE'
  | 'MISSING_SIZE'
  | 'MISSING_FILE'
  | 'NO_ANNOTATIONS'
  | 'EMPTY_CLASS'
  | 'RARE_CLASS';

/** One finding. */
export interface DatasetIssue {
  code: DatasetIssueCode;
  /** Errors make an evaluation wrong or impossible; warnings deserve a look. */
  severity: 'error' | 'warning';
  /** JSON path. */
  where: string;
  message: string;
}

/** The health of a dataset. */
export interface DatasetReport {
  /** Whether there is no error. */
  isSound: boolean;
  counts: { images: number; annotations: number; categories: number };
  /** How many findings of each kind there are, also those beyond `maxIssues`. */
  totals: { code: DatasetIssueCode; severity: 'error' | 'warning'; count: number }[];
  /** At most `maxIssues` of each kind. */
  issues: DatasetIssue[];
  /** Annotations and photos by class, most first. */
  classes: { id: unknown; name: string; annotations: number; images: number }[];
}

/** Options of `checkDataset`. */
export interface CheckDatasetOptions {
  /** Whether a photo is on disk; without it files aren't looked for. */
  hasFile?: (fileName: string) => boolean;
  /** IoU from which two boxes of one class in one photo are near duplicates. @default 0.9 */
  duplicateIou?: number;
  /** Pixels by which a box may stick out of its photo. @default 1 */
  tolerance?: number;
  /** Findings of each kind that are listed. @default 100 */
  maxIssues?: number;
}

/**
 * Looks a dataset over, COCO annotations as they were parsed from JSON, and reports all
 * findings instead of stopping at the first.
 *
 * @throws EvaluationError only when this isn't an object with images, annotations and
 *   categories at all
 */
export function checkDataset(
  dataset: unknown,
  options: CheckDatasetOptions = {},
): DatasetReport {
  const { hasFile, duplicateIou = 0.9, tolerance = 1, maxIssues = 100 } = options;
  const root = (dataset ?? {}) as Record<string, unknown>;
  const lists = ['images', 'annotations', 'categories'].map((name) => {
    const list = Object.hasOwn(root, name) ? root[name] : undefined;
    if (Array.isArray(list)) return list as unknown[];
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `expected a list, found ${describe(list)}; annotation files hold { images, annotations, categories }`,
      'dataset',
      name,
    );
  });
  const [images, annotations, categories] = lists;
  const notes = new Notes(maxIssues);

  const classes = new Map<string, ClassCount>();
  const names = new Set<string>();
  rowsOf(categories, 'categories', notes, (row, where) => {
    const key = keyOf(row.id, `${where}.id`, notes);
    if (key === undefined) return;
    if (classes.has(key))
      notes.error('DUPLICATE_ID', `${where}.id`, `class id ${key} is taken`);
    const name = typeof row.name === 'string' ? row.name : String(row.id);
    if (names.has(name)) {
      notes.warn(
        'DUPLICATE_CLASS_NAME',
        `${where}.name`,
        `another class is called ${name}`,
      );
    }
    names.add(name);
    classes.set(key, { id: row.id, name, annotations: 0, photos: new Set() });
  });

  const photos = new Map<string, PhotoFacts>();
  const files = new Set<string>();
  rowsOf(images, 'images', notes, (row, where) => {
    const key = keyOf(row.id, `${where}.id`, notes);
    if (key === undefined) return;
    if (photos.has(key))
      notes.error('DUPLICATE_ID', `${where}.id`, `photo id ${key} is taken`);
    const { width, height, file_name: file } = row;
    const sized = isSize(width) && isSize(height);
    if (!sized) {
      notes.warn(
        'MISSING_SIZE',
        where,
        'the width and height of the photo are not given',
      );
    }
    photos.set(key, { where, size: sized ? [width, height] : null, boxes: [] });
    if (typeof file !== 'string' || file === '') {
      notes.warn(
        'INVALID_STRUCTURE',
        `${where}.file_name`,
        `expected text, found ${describe(file)}`,
      );
      return;
    }
    if (files.has(file)) {
      notes.error(
        'DUPLICATE_FILE_NAME',
        `${where}.file_name`,
        `${file} is listed before`,
      );
    }
    files.add(file);
    if (hasFile && !hasFile(file)) {
      notes.error('MISSING_FILE', `${where}.file_name`, `${file} is not there`);
    }
  });

  const ids = new Set<string>();
  rowsOf(annotations, 'annotations', notes, (row, where) => {
    if (row.id !== undefined && row.id !== null) {
      const id = keyOf(row.id, `${where}.id`, notes);
      if (id !== undefined && ids.has(id)) {
        notes.error('DUPLICATE_ID', `${where}.id`, `annotation id ${id} is taken`);
      }
      if (id !== undefined) ids.add(id);
    }
    const imageKey = keyOf(row.image_id, `${where}.image_id`, notes);
    const photo = imageKey === undefined ? undefined : photos.get(imageKey);
    if (imageKey !== undefined && !photo) {
      notes.error(
        'UNKNOWN_IMAGE',
        `${where}.image_id`,
        `there is no photo ${imageKey}`,
      );
    }
    const classKey = keyOf(row.category_id, `${where}.category_id`, notes);
    const ofClass = classKey === undefined ? undefined : classes.get(classKey);
    if (classKey !== undefined && !ofClass) {
      notes.error(
        'UNKNOWN_CATEGORY',
        `${where}.category_id`,
        `there is no class ${classKey}`,
      );
    }
    if (ofClass) {
      ofClass.annotations++;
      if (imageKey !== undefined) ofClass.photos.add(imageKey);
    }
    const box = row.bbox;
    if (!isBoxList(box)) {
      notes.error(
        'INVALID_BOX',
        `${where}.bbox`,
        `${describeBox(box)} is no [x, y, width, height]`,
      );
      return;
    }
    checkBox(box, row.area, photo, where, tolerance, notes);
    if (photo && classKey !== undefined && row.iscrowd !== 1) {
      photo.boxes.push({ box, category: classKey, where });
    }
  });

  for (const { boxes, where } of photos.values()) {
    if (boxes.length === 0)
      notes.warn('NO_ANNOTATIONS', where, 'the photo has no objects');
    findNearDuplicates(boxes, duplicateIou, notes);
  }
  const ranked = [...classes.values()].sort((a, b) => b.annotations - a.annotations);
  for (const { name, annotations: count } of ranked) {
    if (count === 0) notes.warn('EMPTY_CLASS', 'categories', `${name} has no objects`);
    else if (count < 10) {
      notes.warn(
        'RARE_CLASS',
        'categories',
        `${name} has ${count} objects: its AP says little`,
      );
    }
  }
  return {
    isSound: notes.totals().every(({ severity }) => severity === 'warning'),
    counts: {
      images: images.length,
      annotations: annotations.length,
      categories: categories.length,
    },
    totals: notes.totals(),
    issues: notes.issues,
    classes: ranked.map(({ id, name, annotations: count, photos: seen }) => ({
      id,
      name,
      annotations: count,
      images: seen.size,
    })),
  };
}

interface ClassCount {
  id: unknown;
  name: string;
  annotations: number;
  photos: Set<string>;
}

interface PlacedBox {
  box: number[];
  category: string;
  where: string;
}

interface PhotoFacts {
  where: string;
  size: [number, number] | null;
  boxes: PlacedBox[];
}

/** Collects findings, at most so many of each kind. */
class Notes {
  readonly issues: DatasetIssue[] = [];
  private readonly counts = new Map<
    DatasetIssueCode,
    { code: DatasetIssueCode; severity: 'error' | 'warning'; count: number }
  >();
  constructor(private readonly limit: number) {}

  error(code: DatasetIssueCode, where: string, message: string): void {
    this.add({ code, severity: 'error', where, message });
  }

  warn(code: DatasetIssueCode, where: string, message: string): void {
    this.add({ code, severity: 'warning', where, message });
  }

  totals() {
    return [...this.counts.values()];
  }

  private add(issue: DatasetIssue): void {
    const { code, severity } = issue;
    const total = this.counts.get(code) ?? { code, severity, count: 0 };
    this.counts.set(code, total);
    if (severity === 'error') total.severity = 'error';
    if (total.count++ < this.limit) this.issues.push(issue);
  }
}

function rowsOf(
  list: unknown[],
  name: string,
  notes: Notes,
  visit: (row: Record<string, unknown>, where: string) => void,
): void {
  list.forEach((row, i) => {
    const where = `${name}[${i}]`;
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) {
      visit(row as Record<string, unknown>, where);
    } else {
      notes.error(
        'INVALID_STRUCTURE',
        where,
        `expected an object, found ${describe(row)}`,
      );
    }
  });
}

/** One text for `12` and `"12"`. */
function keyOf(id: unknown, where: string, notes: Notes): string | undefined {
  if (Number.isSafeInteger(id) || (typeof id === 'string' && id !== ''))
    return String(id);
  notes.error('INVALID_ID', where, `${describe(id)} is no integer or text`);
  return undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Infinity;
}

function isBoxList(box: unknown): box is number[] {
  return (
    Array.isArray(box) &&
    box.length === 4 &&
    box.every((value) => typeof value === 'number') &&
    isBox(box[0], box[1], box[2], box[3])
  );
}

function describeBox(box: unknown): string {
  const isShort = Array.isArray(box) && box.length <= 6;
  return isShort
    ? `[${box.map((value) => describe(value)).join(', ')}]`
    : describe(box);
}

function checkBox(
  [x, y, width, height]: number[],
  area: unknown,
  photo: PhotoFacts | undefined,
  where: string,
  tolerance: number,
  notes: Notes,
): void {
  if (width * height === 0) {
    notes.warn(
      'EMPTY_BOX',
      `${where}.bbox`,
      `${width} × ${height} pixels can't be matched`,
    );
  }
  if (typeof area === 'number' && area > width * height * 1.01 + 1) {
    notes.warn(
      'AREA_LARGER_THAN_BOX',
      `${where}.area`,
      `an area of ${area} does not fit into ${width} × ${height}`,
    );
  }
  if (!photo?.size) return;
  const out = Math.max(-x, -y, x + width - photo.size[0], y + height - photo.size[1]);
  if (out > tolerance) {
    notes.warn(
      'OUTSIDE_IMAGE',
      `${where}.bbox`,
      `the box sticks out of its photo (${photo.size.join(' × ')}) by ${Number(out.toFixed(2))} pixels`,
    );
  }
}

/** Boxes by their left edge: only those that begin before another ends can meet it. */
function findNearDuplicates(boxes: PlacedBox[], least: number, notes: Notes): void {
  const sorted = [...boxes].sort((a, b) => a.box[0] - b.box[0]);
  sorted.forEach(({ box: a, category, where }, i) => {
    for (let j = i + 1; j < sorted.length && sorted[j].box[0] < a[0] + a[2]; j++) {
      const { box: b, category: other, where: place } = sorted[j];
      if (other !== category) continue;
      const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
      const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
      if (w <= 0 || h <= 0) continue;
      const iou = (w * h) / (a[2] * a[3] + b[2] * b[3] - w * h);
      if (iou >= least) {
        notes.warn(
          'NEAR_DUPLICATE',
          place,
          `nearly the same box as ${where} (IoU ${iou.toFixed(3)})`,
        );
      }
    }
  });
}
