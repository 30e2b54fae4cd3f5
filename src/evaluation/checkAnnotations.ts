import { dirname } from 'node:path';
import {
  assembleDataset,
  checkDataset,
  type CocoDataset,
  type DatasetIssue,
  type DatasetReport,
  type EvaluationError,
  type PixelConvention,
  parseJson,
} from '../../eval/index.js';
import { readInputFile } from '../files/readInputFile.js';
import { detectFormat } from './detectFormat.js';
import type { Format } from './formats.js';
import { describeInput, type InputDescription } from './loadGroundTruth.js';
import { openPhotoFolder, readPhotoSizes, type PhotoFolder } from './photoFolder.js';
import { readLabeled } from './readLabeled.js';

export interface CheckAnnotationsOptions {
  path: string;
  format?: Format;
  pixels?: PixelConvention;
  names?: string;
  /** Folder of the photos. */
  images?: string;
  duplicateIou: number;
  tolerance: number;
  /** Findings of each kind that are listed. */
  maxIssues: number;
}

/** A finding about the annotations, or about a file. */
export type Issue = Omit<DatasetIssue, 'code'> & { code: string };

/** The health of annotations in any format. */
export type AnnotationsReport = InputDescription &
  Omit<DatasetReport, 'issues' | 'totals'> & {
    issues: Issue[];
    totals: { code: string; severity: 'error' | 'warning'; count: number }[];
  };

/**
 * Looks annotations over and reports all findings: those in the data, files that can't
 * be read, and how the photos on disk fit.
 *
 * @throws UsageError, EvaluationError when there is nothing to look over
 */
export async function checkAnnotations(
  options: CheckAnnotationsOptions,
): Promise<AnnotationsReport> {
  const { path, duplicateIou, tolerance, maxIssues } = options;
  const format =
    options.format ?? (await detectFormat(path, { option: '--annotations-format' }));
  const photos = options.images ? await openPhotoFolder(options.images) : undefined;
  const found = new Findings(maxIssues);
  const faults: EvaluationError[] = [];
  const dataset =
    format.name === 'coco'
      ? parseJson(await readInputFile(path), path)
      : await assemble(options, format, photos, faults);
  for (const { code, reason, file, where } of faults) {
    const place = [file, where].filter((part) => part).join(': ');
    found.add({ code, severity: 'error', where: place, message: reason });
  }
  const names = photos && namesOf(photos);
  const report = checkDataset(dataset, {
    ...{ duplicateIou, tolerance, maxIssues },
    ...(names
      ? { hasFile: (name: string) => names.has(name.replaceAll('\\', '/')) }
      : {}),
  });
  if (photos) await checkPhotos(dataset as CocoDataset, photos, found);
  const place = format.name === 'coco' ? undefined : placesOf(dataset as CocoDataset);
  const issues: Issue[] = [
    ...found.issues,
    ...report.issues.map((issue) => ({
      ...issue,
      where: place?.(issue.where) ?? issue.where,
    })),
  ];
  const totals = [...found.totals(), ...report.totals];
  return {
    ...describeInput(path, format, options.pixels),
    ...report,
    isSound: totals.every(({ severity }) => severity === 'warning'),
    totals,
    issues,
  };
}

async function assemble(
  { path, pixels, names }: CheckAnnotationsOptions,
  format: Format,
  photos: PhotoFolder | undefined,
  faults: EvaluationError[],
): Promise<CocoDataset> {
  const { images, classes } = await readLabeled({
    ...{ path, format, pixels, names, photos, scored: false },
    onFault: (error) => faults.push(error),
  });
  return assembleDataset(images, { classes, file: path });
}

/** Names of photos, with and without folders. */
function namesOf({ photos }: PhotoFolder): Set<string> {
  const names = new Set<string>();
  for (const { name } of photos) {
    names.add(name);
    names.add(name.replace(/^.*\//, ''));
    // Formats that know the photo's name without extension only.
    names.add(name.replace(/\.[^./]+$/, ''));
    names.add(name.replace(/^.*\//, '').replace(/\.[^./]+$/, ''));
  }
  return names;
}

/** Sizes that aren't those of the files, files that are no photos or not annotated. */
async function checkPhotos(
  { images }: CocoDataset,
  photos: PhotoFolder,
  found: Findings,
): Promise<void> {
  const listed = images.flatMap((image, i) => {
    const photo =
      typeof image?.file_name === 'string' ? photos.find(image.file_name) : undefined;
    return photo ? [{ image, photo, where: `images[${i}]` }] : [];
  });
  const sizes = await readPhotoSizes(listed.map(({ photo }) => photo));
  for (const { image, photo, where } of listed) {
    const size = sizes.get(photo.path)!;
    if (size instanceof Error) {
      const message = `${photo.name} can't be read (${size.message})`;
      found.add({ code: 'UNREADABLE_FILE', severity: 'error', where, message });
      continue;
    }
    const { width, height } = image;
    const isKnown = typeof width === 'number' && typeof height === 'number';
    if (isKnown && (width !== size.width || height !== size.height)) {
      const turned = width === size.height && height === size.width;
      const message =
        `${photo.name} has ${size.width} × ${size.height} pixels, not ${width} × ${height}` +
        (turned ? '; it is turned by its EXIF orientation' : '');
      found.add({ code: 'SIZE_MISMATCH', severity: 'error', where, message });
    }
  }
  const known = new Set(listed.map(({ photo }) => photo.path));
  for (const { path, name } of photos.photos) {
    if (known.has(path)) continue;
    found.add({
      ...{ code: 'NOT_ANNOTATED', severity: 'warning' },
      ...{
        where: name,
        message: `the photo in ${dirname(path)} is not in the annotations`,
      },
    });
  }
}

/** Paths within the dataset that was put together, as photos and objects. */
function placesOf({ images, annotations }: CocoDataset): (where: string) => string {
  const names = new Map(images.map(({ id, file_name }) => [id, file_name]));
  const numbers: number[] = [];
  const seen = new Map<unknown, number>();
  for (const { image_id } of annotations) {
    numbers.push(seen.get(image_id) ?? 0);
    seen.set(image_id, (seen.get(image_id) ?? 0) + 1);
  }
  const placeOf = (place: string): string => {
    const [, list, index, rest] =
      /^(images|annotations)\[(\d+)\](.*)$/.exec(place) ?? [];
    if (list === undefined) return place;
    if (list === 'images') return `${images[Number(index)].file_name ?? ''}${rest}`;
    const row = annotations[Number(index)];
    return `${names.get(row.image_id) ?? ''}: object ${numbers[Number(index)] + 1}${rest}`;
  };
  return placeOf;
}

/** Findings of each kind, counted, and listed up to a limit. */
class Findings {
  readonly issues: Issue[] = [];
  readonly #totals = new Map<string, AnnotationsReport['totals'][number]>();
  constructor(private readonly limit: number) {}

  add(issue: Issue): void {
    const { code, severity } = issue;
    const total = this.#totals.get(code) ?? { code, severity, count: 0 };
    this.#totals.set(code, total);
    if (total.count++ < this.limit) this.issues.push(issue);
  }

  totals() {
    return [...this.#totals.values()];
  }
}
