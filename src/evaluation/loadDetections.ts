import { dirname, join } from 'node:path';
import {
  assembleDetections,
  createDetectionReader,
  labeledImages,
  parseAnnotations,
  tabulateDetections,
  type CocoDataset,
  type DetectionColumns,
  type Id,
  type LabeledImage,
  type PixelConvention,
  parseJson,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { detectFormat } from './detectFormat.js';
import { kindOf, note, readPieces, readStart } from './files.js';
import type { Format } from './formats.js';
import {
  describeInput,
  type GroundTruth,
  type InputDescription,
} from './loadGroundTruth.js';
import type { PhotoFolder } from './photoFolder.js';
import { indexPhotos } from './photoNames.js';
import { readLabeled, recountPixels } from './readLabeled.js';
import type { MappingReport } from './vocabulary.js';

export interface DetectionsOptions {
  path: string;
  format?: Format;
  pixels?: PixelConvention;
  names?: string;
  photos?: PhotoFolder;
  map?: ReadonlyMap<string, string>;
  /** COCO JSON that says what the detections' ids mean. */
  ids?: string;
  imageList?: ReadonlyMap<string, string>;
  /** Leave out detections of photos and classes that the ground truth lacks. */
  ignoreUnknown: boolean;
}

export interface Detections {
  columns: DetectionColumns;
  description: InputDescription;
  mapping?: MappingReport;
}

/** How detections will be read, which says what is needed of the ground truth. */
export interface DetectionsPlan {
  format: Format;
  /** Plain COCO results, whose ids must be explained by something. */
  isList: boolean;
  /** COCO JSON that explains the ids. */
  ids?: string;
  needsDataset: boolean;
}

/** Looks at detections without reading them. @throws UsageError */
export async function planDetections(
  options: DetectionsOptions,
): Promise<DetectionsPlan> {
  const { path, map } = options;
  const format =
    options.format ?? (await detectFormat(path, { option: '--detections-format' }));
  const isList =
    format.name === 'coco' &&
    !/^\s*\{/.test(new TextDecoder().decode(await readStart(path, 64)));
  let { ids } = options;
  if (isList && !ids) {
    // What `rcnn detect` leaves beside its results.
    const beside = join(dirname(path), 'images.json');
    if (
      await kindOf(beside).then(
        (kind) => kind === 'file',
        () => false,
      )
    )
      ids = beside;
  }
  const needsDataset = !isList || ids !== undefined || map !== undefined;
  return { format, isList, ids, needsDataset };
}

/** Reads detections in any format under the ids of a ground truth. */
export async function loadDetections(
  options: DetectionsOptions,
  plan: DetectionsPlan,
  truth: GroundTruth,
): Promise<Detections> {
  const { path, pixels } = options;
  const description = describeInput(path, plan.format, pixels);
  if (plan.isList) {
    const reader = createDetectionReader(path);
    for await (const piece of readPieces(path)) reader.write(piece);
    const read = reader.end();
    if (pixels) recountColumns(read, pixels);
    return { ...(await translateIds(read, options, plan, truth)), description };
  }
  const { dataset } = truth;
  const known = indexPhotos(
    dataset!.images.map(({ id, file_name, width, height }) => {
      const name = file_name ?? String(id);
      const size = { width: width ?? undefined, height: height ?? undefined };
      return [name, { name, ...size }] as const;
    }),
  );
  const images = await readImages(options, plan, known);
  const { areFractions = false } = images;
  if (areFractions !== truth.areFractions && plan.format.name === 'openimages') {
    throw new UsageError(
      'SIZE_NEEDED',
      `${path}: the boxes are parts of the photos, whose sizes are not known; name the folder of photos with --images`,
    );
  }
  if (truth.areFractions && plan.format.name !== 'openimages') {
    throw new UsageError(
      'SIZE_NEEDED',
      `${truth.description.file}: the boxes are parts of the photos, the detections are in pixels; name the folder of photos with --images`,
    );
  }
  const mapping = renameLabels(images.images, options.map);
  const found = matchPhotos(
    images.images,
    known,
    options.ignoreUnknown,
    dataset!,
    path,
  );
  const detections = assembleDetections(found, dataset!, path);
  return { columns: tabulateDetections(detections, path), description, mapping };
}

async function readImages(
  options: DetectionsOptions,
  plan: DetectionsPlan,
  known: ReturnType<typeof indexPhotos<{ name: string }>>,
): Promise<{ images: LabeledImage[]; areFractions?: boolean }> {
  const { path, pixels, names, photos, imageList } = options;
  const { format } = plan;
  if (format.name === 'coco') {
    const dataset = parseAnnotations(await readInputFile(path), path);
    const images = labeledImages(dataset);
    recountPixels(images, pixels);
    return { images };
  }
  return readLabeled({
    ...{ path, format, pixels, names, photos, known, imageList },
    scored: true,
  });
}

function renameLabels(
  images: readonly LabeledImage[],
  map: ReadonlyMap<string, string> | undefined,
): MappingReport | undefined {
  if (!map) return undefined;
  const renamed = new Map<string, string>();
  const kept = new Set<string>();
  for (const { objects } of images) {
    for (const object of objects) {
      const target = map.get(object.label);
      if (target === undefined || target === object.label) kept.add(object.label);
      else {
        renamed.set(object.label, target);
        object.label = target;
      }
    }
  }
  return { renamed: [...renamed], kept: [...kept] };
}

/** Gives photos the names that the ground truth has; counts what it lacks, or refuses. */
function matchPhotos(
  images: readonly LabeledImage[],
  known: (name: string) => { name: string } | undefined,
  ignoreUnknown: boolean,
  dataset: CocoDataset,
  path: string,
): LabeledImage[] {
  const classes = new Set(dataset.categories.map(({ id, name }) => name ?? String(id)));
  const unknownClasses = new Map<string, number>();
  const found: LabeledImage[] = [];
  let unknownPhotos = 0;
  let unknown: string | undefined;
  for (const image of images) {
    const photo = known(image.fileName);
    if (!photo) {
      unknown ??= image.fileName;
      unknownPhotos += image.objects.length;
      continue;
    }
    for (const { label } of image.objects) {
      if (classes.has(label)) continue;
      unknownClasses.set(label, (unknownClasses.get(label) ?? 0) + 1);
    }
    const objects = ignoreUnknown
      ? image.objects.filter(({ label }) => classes.has(label))
      : image.objects;
    found.push({ ...image, fileName: photo.name, objects });
  }
  if (unknown !== undefined && !ignoreUnknown) {
    throw new UsageError(
      'UNKNOWN_IMAGE',
      `${path}: the annotations have no photo ${JSON.stringify(unknown)}, or several; ` +
        'take the annotations of the same photos, or leave such detections out with --ignore-unknown',
    );
  }
  if (unknownClasses.size > 0 && !ignoreUnknown) {
    throw new UsageError(
      'UNKNOWN_CLASS',
      describeUnknown(path, unknownClasses, classes),
    );
  }
  reportUnknown(unknownPhotos, unknownClasses);
  return found;
}

function describeUnknown(
  path: string,
  unknown: ReadonlyMap<string, number>,
  classes: ReadonlySet<string>,
): string {
  return (
    `${path}: the annotations have no class ${listNames([...unknown.keys()])}, ` +
    `they have ${listNames([...classes])}; rename classes with --map, ` +
    'or leave such detections out with --ignore-unknown'
  );
}

function reportUnknown(photos: number, classes: ReadonlyMap<string, number>): void {
  if (photos > 0) {
    note(`${photos} detections left out: the annotations don't have their photos`);
  }
  const count = [...classes.values()].reduce((sum, n) => sum + n, 0);
  if (count > 0) {
    note(
      `${count} detections left out: the annotations don't have their classes ${listNames([...classes.keys()])}`,
    );
  }
}

/** A few names, and how many more there are. */
export function listNames(names: readonly string[], most = 8): string {
  const shown = names
    .slice(0, most)
    .map((name) => JSON.stringify(name))
    .join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

interface Legend {
  images: CocoDataset['images'];
  categories: CocoDataset['categories'];
}

/**
 * Finds out what the ids of plain results mean. They are the ground truth's own, unless
 * a file beside them says otherwise; then photos and classes are matched by name.
 */
async function translateIds(
  columns: DetectionColumns,
  options: DetectionsOptions,
  plan: DetectionsPlan,
  truth: GroundTruth,
): Promise<{ columns: DetectionColumns; mapping?: MappingReport }> {
  const { path, map, ignoreUnknown } = options;
  if (!plan.ids && !truth.hasOwnIds) {
    throw new UsageError(
      'IDS_NEEDED',
      `${path}: the annotations have no ids of their own, so nothing says what the detections' ids mean; ` +
        'name the file that does (images.json of rcnn detect, or COCO annotations) with --detections-ids',
    );
  }
  const legend: Legend | undefined = plan.ids
    ? await readLegend(plan.ids)
    : truth.original;
  if (!legend || (!plan.ids && !map)) return { columns };
  const dataset = truth.dataset!;
  if (plan.ids && !map && !options.ids && agrees(legend, dataset)) return { columns };
  if (plan.ids && !options.ids) {
    note(
      `photos and classes of the detections are matched by name, as ${plan.ids} says`,
    );
  }

  const mapping: MappingReport = { renamed: [], kept: [] };
  const classes = new Map<string, Id>();
  for (const { id, name } of dataset.categories) classes.set(name ?? String(id), id);
  const classNames = new Map<string, string>();
  for (const { id, name } of legend.categories) {
    classNames.set(String(id), name ?? String(id));
  }
  const unknownClasses = new Map<string, number>();
  const perClass = countBy(columns.category, columns.categoryIds.length);
  const categoryIds = columns.categoryIds.map((id, i): Id => {
    const name = classNames.get(String(id)) ?? `class ${id}`;
    const target = map?.get(name) ?? name;
    if (target === name) mapping.kept.push(name);
    else mapping.renamed.push([name, target]);
    const known = classes.get(target);
    if (known === undefined) unknownClasses.set(name, perClass[i]);
    return known ?? `unknown class ${name}`;
  });
  const find = indexPhotos(
    dataset.images.map(
      (image) => [image.file_name ?? String(image.id), image] as const,
    ),
  );
  const photoNames = new Map<string, string>();
  for (const { id, file_name } of legend.images) {
    photoNames.set(String(id), file_name ?? String(id));
  }
  const perPhoto = countBy(columns.image, columns.imageIds.length);
  let unknownPhotos = 0;
  // Without a legend of their own the detections' photos are the ground truth's.
  const imageIds = !plan.ids
    ? columns.imageIds
    : columns.imageIds.map((id, i): Id => {
        const name = photoNames.get(String(id)) ?? `photo ${id}`;
        const photo = find(name);
        if (!photo) {
          unknownPhotos += perPhoto[i];
          if (!ignoreUnknown) {
            throw new UsageError(
              'UNKNOWN_IMAGE',
              `${path}: the annotations have no photo ${JSON.stringify(name)}, or several; ` +
                'take the annotations of the same photos, or leave such detections out with --ignore-unknown',
            );
          }
        }
        return photo?.id ?? `unknown photo ${name}`;
      });
  if (unknownClasses.size > 0 && !ignoreUnknown) {
    throw new UsageError(
      'UNKNOWN_CLASS',
      describeUnknown(path, unknownClasses, new Set(classes.keys())),
    );
  }
  reportUnknown(unknownPhotos, unknownClasses);
  return {
    columns: { ...columns, imageIds, categoryIds },
    ...(map ? { mapping } : {}),
  };
}

async function readLegend(path: string): Promise<Legend> {
  const text = await readInputFile(path);
  const data = parseJson(text, path) as Partial<Legend> | null;
  if (!Array.isArray(data?.images) || !Array.isArray(data.categories)) {
    throw new UsageError(
      'INVALID_IDS',
      `${path}: a file that explains ids has { images, categories }`,
    );
  }
  return { images: data.images, categories: data.categories };
}

/** Whether a legend says of its ids what the ground truth says. */
function agrees(legend: Legend, dataset: CocoDataset): boolean {
  const names = (list: readonly { id: Id; name?: string | null }[]) =>
    new Map(list.map(({ id, name }) => [String(id), name ?? String(id)]));
  const classes = names(dataset.categories);
  if (!legend.categories.every(({ id, name }) => classes.get(String(id)) === name)) {
    return false;
  }
  const photos = new Map(
    dataset.images.map(({ id, file_name }) => [String(id), file_name]),
  );
  const find = indexPhotos([...photos].map(([id, name]) => [name ?? id, id] as const));
  return legend.images.every(({ id, file_name }) => {
    if (!photos.has(String(id))) return false;
    const own = photos.get(String(id));
    return own === undefined || own === null || find(file_name ?? '') === String(id);
  });
}

function countBy(places: Int32Array, size: number): Int32Array {
  const counts = new Int32Array(size);
  for (const place of places) counts[place]++;
  return counts;
}

function recountColumns(
  { boxes, count }: DetectionColumns,
  { origin, lastPixelIncluded }: PixelConvention,
): void {
  const last = lastPixelIncluded ? 1 : 0;
  for (let i = 0; i < 4 * count; i += 4) {
    boxes[i] -= origin;
    boxes[i + 1] -= origin;
    boxes[i + 2] += last;
    boxes[i + 3] += last;
  }
}
