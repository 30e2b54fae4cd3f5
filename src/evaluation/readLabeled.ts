import { join } from 'node:path';
import {
  EvaluationError,
  halfOpenPixels,
  labeledImages,
  mergeImages,
  parseAnnotations,
  readBoxText,
  readCsv,
  readIlsvrcDetections,
  readLabelMe,
  readOpenImages,
  readVocDetections,
  readVocXml,
  readYolo,
  type LabeledImage,
  type PixelConvention,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { readClassNames } from './classNames.js';
import { isData, VOC_RESULTS } from './detectFormat.js';
import { kindOf, listFiles, readText } from './files.js';
import { pixelsOf, type Format } from './formats.js';
import { readPhotoSizes, type PhotoFolder, type PhotoSize } from './photoFolder.js';
import { withoutExtension, type FindPhoto } from './photoNames.js';

/** A photo of which the size may be known. */
export interface KnownPhoto {
  name: string;
  width?: number;
  height?: number;
}

export interface ReadLabeledOptions {
  path: string;
  format: Format;
  /** @default the format's own */
  pixels?: PixelConvention;
  /** File of class names by number, or (Open Images) by LabelName. */
  names?: string;
  /** Photos on disk, for their names and sizes. */
  photos?: PhotoFolder;
  /** Photos that are known from elsewhere (the ground truth, for detections). */
  known?: FindPhoto<KnownPhoto>;
  /** ILSVRC: photos' names by number. */
  imageList?: ReadonlyMap<string, string>;
  /** Whether these are detections, which have scores. */
  scored: boolean;
  /**
   * Takes what is wrong with a file of a folder, which is left out then.
   * @default it is thrown
   */
  onFault?: (error: EvaluationError) => void;
}

/** What was read. */
export interface Labeled {
  images: LabeledImage[];
  /** The classes in the order of their numbers, where the format numbers them. */
  classes?: string[];
  /** Open Images without sizes: boxes are parts of the photo. */
  areFractions?: boolean;
}

/**
 * Reads annotations or detections in any format into photos with half-open boxes.
 *
 * @throws EvaluationError naming the file and the place; UsageError when something
 *   that the format leaves unsaid (class names, sizes) is missing, with the option for it
 */
export async function readLabeled(options: ReadLabeledOptions): Promise<Labeled> {
  switch (options.format.name) {
    case 'coco':
      return readCoco(options);
    case 'voc':
    case 'ilsvrc':
      return readXmlFiles(options);
    case 'labelme':
      return readLabelMeFiles(options);
    case 'yolo':
      return readYoloFiles(options);
    case 'text':
      return readTextFiles(options);
    case 'voc-text':
      return readVocResults(options);
    case 'ilsvrc-text':
      return readIlsvrcResults(options);
    case 'csv': {
      const { path, pixels } = options;
      return { images: readCsv(await readText(path), path, { pixels }) };
    }
    case 'openimages':
      return readOpenImagesFile(options);
  }
}

/** Boxes whose format is half-open by itself, but that counted pixels another way. */
export function recountPixels(
  images: readonly LabeledImage[],
  { origin, lastPixelIncluded }: PixelConvention = halfOpenPixels,
): void {
  const last = lastPixelIncluded ? 1 : 0;
  if (origin === 0 && last === 0) return;
  for (const { objects } of images) {
    for (const object of objects) {
      const [x, y, width, height] = object.bbox;
      object.bbox = [x - origin, y - origin, width + last, height + last];
      delete object.area;
    }
  }
}

async function readCoco({ path, pixels }: ReadLabeledOptions): Promise<Labeled> {
  const dataset = parseAnnotations(await readInputFile(path), path);
  const images = labeledImages(dataset);
  recountPixels(images, pixels);
  return {
    images,
    classes: dataset.categories.map(({ id, name }) => name ?? String(id)),
  };
}

/** The files that a path stands for: itself, or those of a folder, with their names. */
async function filesOf(
  path: string,
  extension: string,
): Promise<{ path: string; name: string }[]> {
  if ((await kindOf(path)) === 'file') {
    return [{ path, name: path.replace(/^.*[/\\]/, '') }];
  }
  const names = (await listFiles(path, [extension])).filter(isData);
  if (names.length === 0) {
    throw new UsageError(
      'NOT_READABLE',
      `${path}: the folder has no ${extension} files`,
    );
  }
  return names.map((name) => ({ path: join(path, name), name }));
}

/** Reads files one by one; a faulty one is thrown or handed over. */
async function readEach(
  files: readonly { path: string; name: string }[],
  read: (file: { path: string; name: string }) => Promise<LabeledImage>,
  onFault?: (error: EvaluationError) => void,
): Promise<LabeledImage[]> {
  const images: LabeledImage[] = [];
  const origins = new Map<string, string>();
  for (const file of files) {
    try {
      const image = await read(file);
      const other = origins.get(image.fileName);
      if (other !== undefined) {
        throw new EvaluationError(
          'DUPLICATE_ID',
          `this is about the photo ${image.fileName}, as ${other} is; keep one of them`,
          file.path,
        );
      }
      origins.set(image.fileName, file.path);
      images.push(image);
    } catch (error) {
      if (!onFault || !(error instanceof EvaluationError)) throw error;
      onFault(error);
    }
  }
  return images;
}

/**
 * The photo's name: as the file says, unless its own name is another one (files get
 * renamed without their contents being changed), in the folders of the file.
 */
function photoName(said: string, file: string): string {
  const own = withoutExtension(file);
  const base = said.replace(/^.*[/\\]/, '');
  const slash = own.lastIndexOf('/') + 1;
  const agrees = [base, withoutExtension(base)].includes(own.slice(slash));
  return agrees ? own.slice(0, slash) + base : own;
}

async function readXmlFiles(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, format, pixels = pixelsOf(format), onFault } = options;
  const images = await readEach(
    await filesOf(path, '.xml'),
    async (file) => {
      const image = readVocXml(await readText(file.path), file.path, { pixels });
      return { ...image, fileName: photoName(image.fileName, file.name) };
    },
    onFault,
  );
  return { images };
}

async function readLabelMeFiles(options: ReadLabeledOptions): Promise<Labeled> {
  const images = await readEach(
    await filesOf(options.path, '.json'),
    async (file) => {
      const image = readLabelMe(await readInputFile(file.path), file.path);
      return { ...image, fileName: photoName(image.fileName, file.name) };
    },
    options.onFault,
  );
  recountPixels(images, options.pixels);
  return { images };
}

/** Where YOLO's class names stand when nothing else is said, beside or above the labels. */
const YOLO_NAMES = ['data.yaml', 'classes.txt', 'obj.names'];

async function findYoloNames(path: string): Promise<string> {
  const folder = (await kindOf(path)) === 'folder' ? path : join(path, '..');
  for (const place of [folder, join(folder, '..'), join(folder, '../..')]) {
    for (const name of YOLO_NAMES) {
      const file = join(place, name);
      if (
        await kindOf(file).then(
          (kind) => kind === 'file',
          () => false,
        )
      )
        return file;
    }
  }
  throw new UsageError(
    'NAMES_NEEDED',
    `${path}: YOLO text has class numbers only; name a file of class names (a name on each line, or data.yaml) with --names`,
  );
}

async function readYoloFiles(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, pixels, onFault } = options;
  const classes = await readClassNames(options.names ?? (await findYoloNames(path)));
  const files = await filesOf(path, '.txt');
  const photos = await sizePhotos(options, files);
  const images = await readEach(
    files,
    async (file) => {
      const { name, width, height } = photos(file.name);
      const context = { fileName: name, width: width!, height: height!, classes };
      return readYolo(await readText(file.path), context, file.path);
    },
    onFault,
  );
  if (options.photos && !options.scored) {
    // A photo without a label file is one without objects.
    const labeled = new Set(images.map(({ fileName }) => fileName));
    const bare = options.photos.photos.filter(({ name }) => !labeled.has(name));
    const sizes = await readPhotoSizes(bare);
    for (const photo of bare) {
      const size = sizes.get(photo.path);
      if (size && !(size instanceof Error)) {
        images.push({ fileName: photo.name, ...size, objects: [] });
      }
    }
    images.sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  }
  recountPixels(images, pixels);
  return { images, classes };
}

async function readTextFiles(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, format, pixels = pixelsOf(format), scored, onFault } = options;
  const { box, relative, round } = format.layout!;
  const classes = options.names ? await readClassNames(options.names) : undefined;
  const files = await filesOf(path, '.txt');
  const photos = relative
    ? await sizePhotos(options, files)
    : (name: string): KnownPhoto => ({ name: labelOwner(name) });
  const images = await readEach(
    files,
    async (file) => {
      const { name, width, height } = photos(file.name);
      const size = relative ? { relativeTo: { width: width!, height: height! } } : {};
      const layout = { fileName: name, box, scored, pixels, round, classes, ...size };
      const image = readBoxText(await readText(file.path), layout, file.path);
      return relative ? { ...image, width, height } : image;
    },
    onFault,
  );
  return { images, classes };
}

/** The photo that a label file is about: its own name without `labels/` and extension. */
function labelOwner(file: string): string {
  return withoutExtension(file).replace(/^labels\//, '');
}

/**
 * Finds the photos of label files whose boxes are parts of the photo: name and size,
 * from the photos that are known, else from disk.
 */
async function sizePhotos(
  options: ReadLabeledOptions,
  files: readonly { path: string; name: string }[],
): Promise<(file: string) => KnownPhoto> {
  const { known, photos } = options;
  const onDisk = new Map<string, KnownPhoto & { path?: string }>();
  for (const { name } of files) {
    const owner = labelOwner(name);
    const photo = known?.(owner);
    if (photo?.width && photo.height) {
      onDisk.set(name, photo);
      continue;
    }
    const file = photos?.find(photo?.name ?? owner);
    if (file) onDisk.set(name, { name: photo?.name ?? file.name, path: file.path });
  }
  const sizes = photos
    ? await readPhotoSizes(
        [...onDisk.values()].flatMap(({ name, path }) =>
          path ? [{ name, path }] : [],
        ),
      )
    : new Map<string, PhotoSize>();
  return (file) => {
    const photo = onDisk.get(file);
    if (!photo) {
      throw new UsageError(
        'SIZE_NEEDED',
        `${join(options.path, file)}: the boxes are parts of the photo, and ` +
          (photos
            ? `${photos.folder} has no photo of this name, or several`
            : 'its size is not known; name the folder of photos with --images'),
      );
    }
    if (!photo.path) return photo;
    const size = sizes.get(photo.path);
    if (!size || size instanceof Error) {
      throw new UsageError(
        'SIZE_NEEDED',
        `${photo.path}: the size of the photo can't be read (${size?.message})`,
      );
    }
    return { name: photo.name, ...size };
  };
}

async function readVocResults(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, pixels } = options;
  const files = await filesOf(path, '.txt');
  const images: LabeledImage[] = [];
  for (const file of files) {
    const [, label] = VOC_RESULTS.exec(file.name) ?? [];
    if (label === undefined) {
      throw new UsageError(
        'UNKNOWN_CLASS',
        `${file.path}: the name doesn't say the class; VOC results are called comp3_det_test_CLASS.txt`,
      );
    }
    images.push(...readVocDetections(await readText(file.path), label, file.path));
  }
  return { images: reinterpret(mergeImages(images), options, pixels) };
}

/** Reads a list of photos with numbers: `ILSVRC2013_val_00000001 1` on each line. */
export async function readImageList(path: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  (await readText(path)).split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return;
    const fields = line.trim().split(/\s+/);
    const [name, number = String(names.size + 1)] = fields;
    if (fields.length > 2 || !/^\d+$/.test(number) || names.has(number)) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected \`name number\` with a number of its own, found ${JSON.stringify(line.slice(0, 60))}`,
        path,
        `line ${i + 1}`,
      );
    }
    names.set(number, name);
  });
  return names;
}

async function readIlsvrcResults(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, pixels, names, imageList } = options;
  const list = names ? await readClassNames(names) : undefined;
  const classes = list && new Map(list.map((name, i) => [String(i + 1), name]));
  const images = readIlsvrcDetections(await readText(path), path, classes);
  for (const image of images) {
    image.fileName = imageList?.get(image.fileName) ?? image.fileName;
  }
  return { images: reinterpret(images, options, pixels) };
}

/** Boxes that were read by the format's own convention, by another one. */
function reinterpret(
  images: LabeledImage[],
  { format }: ReadLabeledOptions,
  pixels: PixelConvention | undefined,
): LabeledImage[] {
  if (!pixels) return images;
  const own = pixelsOf(format);
  const last = Number(pixels.lastPixelIncluded) - Number(own.lastPixelIncluded);
  for (const { objects } of images) {
    for (const object of objects) {
      const [x, y, width, height] = object.bbox;
      const shift = own.origin - pixels.origin;
      object.bbox = [x + shift, y + shift, width + last, height + last];
    }
  }
  return images;
}

async function readOpenImagesFile(options: ReadLabeledOptions): Promise<Labeled> {
  const { path, known, photos } = options;
  const text = await readText(path);
  const names = options.names ? await readLabelNames(options.names) : undefined;
  const plain = readOpenImages(text, path, { names });
  const sizes = new Map<string, PhotoSize>();
  const onDisk: { id: string; path: string; name: string }[] = [];
  for (const { fileName: id } of plain) {
    const photo = known?.(id);
    if (photo?.width && photo.height) {
      sizes.set(id, { width: photo.width, height: photo.height });
      continue;
    }
    const file = photos?.find(id);
    if (file) onDisk.push({ id, ...file });
  }
  const read = await readPhotoSizes(onDisk);
  for (const { id, path: file } of onDisk) {
    const size = read.get(file);
    if (size && !(size instanceof Error)) sizes.set(id, size);
  }
  if (sizes.size === 0) return { images: plain, areFractions: true };
  const missing = plain.find(({ fileName }) => !sizes.has(fileName));
  if (missing) {
    throw new UsageError(
      'SIZE_NEEDED',
      `${path}: the size of the photo ${missing.fileName} is not known, that of others is; add it to --images`,
    );
  }
  const images = readOpenImages(text, path, { names, sizes });
  for (const image of images) {
    image.fileName = photos?.find(image.fileName)?.name ?? image.fileName;
  }
  return { images };
}

/** Names by LabelName: `/m/01yrx,Cat` on each line. */
export async function readLabelNames(path: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const line of (await readText(path)).split(/\r?\n/)) {
    const comma = line.indexOf(',');
    if (comma < 0) continue;
    const name = line.slice(comma + 1).trim();
    names.set(line.slice(0, comma).trim(), name.replace(/^"(.*)"$/, '$1'));
  }
  return names;
}
