import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  labeledImages,
  labelsOf,
  parseDetections,
  tabulateGroundTruth,
  type CocoDataset,
  type LabeledImage,
  type LabeledObject,
  type PixelConvention,
  parseJson,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { readClassNames } from '../evaluation/classNames.js';
import { detectFormat } from '../evaluation/detectFormat.js';
import { kindOf, listFiles, note, readStart, readText } from '../evaluation/files.js';
import {
  describeFormats,
  describePixels,
  nameFormat,
  parseFormat,
  parsePixels,
  pixelsOf,
  type Format,
} from '../evaluation/formats.js';
import {
  openPhotoFolder,
  readPhotoSizes,
  type PhotoFolder,
} from '../evaluation/photoFolder.js';
import { indexPhotos } from '../evaluation/photoNames.js';
import {
  readImageList,
  readLabeled,
  recountPixels,
  type Labeled,
} from '../evaluation/readLabeled.js';
import { describeMapping, readClassMap } from '../evaluation/vocabulary.js';
import {
  checkTarget,
  formatOfTarget,
  writeLabeled,
} from '../evaluation/writeLabeled.js';

interface ConvertOptions {
  fromFormat?: Format;
  toFormat?: Format;
  fromPixels?: PixelConvention;
  toPixels?: PixelConvention;
  annotations?: string;
  names?: string;
  images?: string;
  imageList?: string;
  map?: string;
  round?: boolean;
  force?: boolean;
}

const AFTER = `
${describeFormats()}

Boxes are half-open inside; each format's own way of counting pixels is dealt with
on reading and on writing, and both are printed. Numbers are written in full: what
is read back is the same box to 1e-9 pixels, YOLO to 1e-10 of the photo's size,
with --round to half a pixel.`;

export function convertCommand(): Command {
  return new Command('convert')
    .description('annotations or detections from one format into another')
    .argument('<from>', 'file or folder')
    .argument('<to>', 'file or folder; .json is COCO, .csv is CSV, else --to-format')
    .addOption(
      new Option('--from-format <format>', 'default: by what is there').argParser(
        parseFormat,
      ),
    )
    .addOption(
      new Option('--to-format <format>', 'default: by the name').argParser(parseFormat),
    )
    .addOption(
      new Option(
        '--from-pixels <way>',
        "how corners count pixels: half-open, voc, ilsvrc (default: the format's)",
      ).argParser(parsePixels),
    )
    .addOption(
      new Option(
        '--to-pixels <way>',
        'the same for what is written (VOC, ILSVRC, CSV)',
      ).argParser(parsePixels),
    )
    .option(
      '-a, --annotations <file>',
      'COCO JSON whose ids detections in plain results have, or are to have',
    )
    .option('--names <file>', 'class names by number: a name a line, or data.yaml')
    .option('--images <dir>', 'folder of the photos, where a format needs their sizes')
    .option('--image-list <file>', "ILSVRC: photos' names and numbers")
    .option(
      '--map <map>',
      'rename classes: voc-coco, coco-voc, or JSON { "old": "new" }',
    )
    .option('--round', 'VOC and ILSVRC XML: whole pixels, as their devkits have them')
    .option('-f, --force', 'write over what is there')
    .addHelpText('after', AFTER)
    .action(runConvert);
}

async function runConvert(
  from: string,
  to: string,
  options: ConvertOptions,
): Promise<void> {
  const { force = false, round = false } = options;
  const format = options.toFormat ?? formatOfTarget(to);
  const source =
    options.fromFormat ?? (await detectFormat(from, { option: '--from-format' }));
  if (options.toPixels && !['voc', 'ilsvrc', 'csv'].includes(format.name)) {
    throw new UsageError(
      'FIXED_PIXELS',
      `--to-pixels: ${format.name} counts pixels in one way only (${describePixels(pixelsOf(format))})`,
    );
  }
  await checkTarget({ path: to, format, force });
  const legend = options.annotations
    ? await readLegend(options.annotations)
    : undefined;
  const photos = options.images ? await openPhotoFolder(options.images) : undefined;
  const { images, classes } = await readSource(from, source, options, legend, photos);
  const needsSizes = format.name === 'yolo' || format.name === 'openimages';
  if (photos && needsSizes) await completeSizes(images, photos);
  const numbered = await renameClasses(images, classes, options);
  const isScored = images.some(({ objects }) => objects.some(isDetection));
  if (legend) adoptNames(images, legend);
  const pixels = options.toPixels ?? pixelsOf(format);
  const { files, others } = await writeLabeled(images, {
    ...{ path: to, format, pixels, force, round },
    classes: numbered,
    ids: isScored ? legend : undefined,
  });
  if (others > 0) {
    note(`${others} other files in ${to} are from before and were left alone`);
  }
  const count = images.reduce((sum, { objects }) => sum + objects.length, 0);
  process.stdout.write(
    [
      `from ${from} (${nameFormat(source)}: ${describePixels(options.fromPixels ?? pixelsOf(source))})`,
      `to   ${to} (${nameFormat(format)}: ${describePixels(pixels)}${round ? ', rounded' : ''})`,
      `${images.length} photos, ${count} ${isScored ? 'detections' : 'boxes'}, ${files} ${files === 1 ? 'file' : 'files'}`,
    ].join('\n') + '\n',
  );
}

const isDetection = ({ score }: LabeledObject) => score !== undefined;

async function readSource(
  from: string,
  format: Format,
  options: ConvertOptions,
  legend: CocoDataset | undefined,
  photos: PhotoFolder | undefined,
): Promise<Labeled> {
  const { names, fromPixels: pixels } = options;
  const isList =
    format.name === 'coco' &&
    /^\s*\[/.test(new TextDecoder().decode(await readStart(from, 64)));
  if (isList) {
    if (!legend) {
      throw new UsageError(
        'IDS_NEEDED',
        `${from}: plain results have ids only; name the COCO JSON that says what they mean (annotations, or images.json of rcnn detect) with --annotations`,
      );
    }
    const results = parseDetections(await readInputFile(from), from);
    const images = labeledImages(legend, results);
    recountPixels(images, pixels);
    return { images, classes: classNames(legend) };
  }
  const imageList = options.imageList
    ? await readImageList(options.imageList)
    : undefined;
  const known = legend && indexPhotos(knownPhotos(legend));
  const scored = format.name === 'text' && (await hasScores(from));
  return readLabeled({
    ...{ path: from, format, pixels, names, photos, imageList, known, scored },
  });
}

/** COCO JSON with images and categories; its annotations don't matter. */
async function readLegend(path: string): Promise<CocoDataset> {
  const data = parseJson(await readInputFile(path), path) as CocoDataset | null;
  const legend: CocoDataset = { ...data!, annotations: [] };
  tabulateGroundTruth(legend, path);
  return legend;
}

const classNames = ({ categories }: CocoDataset) =>
  categories.map(({ id, name }) => name ?? String(id));

const knownPhotos = ({ images }: CocoDataset) =>
  images.map(({ id, file_name, width, height }) => {
    const name = file_name ?? String(id);
    const size = { width: width ?? undefined, height: height ?? undefined };
    return [name, { name, ...size }] as const;
  });

/** Gives photos the names that the legend has for them. */
function adoptNames(images: LabeledImage[], legend: CocoDataset): void {
  const find = indexPhotos(knownPhotos(legend));
  for (const image of images)
    image.fileName = find(image.fileName)?.name ?? image.fileName;
}

/** Whether text has a score before the four numbers. */
async function hasScores(path: string): Promise<boolean> {
  const isFolder = (await kindOf(path)) === 'folder';
  const files = isFolder
    ? (await listFiles(path, ['.txt'])).map((name) => join(path, name))
    : [path];
  for (const file of files) {
    const [line] = (await readText(file)).trim().split('\n');
    if (line !== '') return line.trim().split(/\s+/).length === 6;
  }
  return false;
}

/** Sizes from disk for photos of which the format doesn't say them. */
async function completeSizes(
  images: LabeledImage[],
  photos: PhotoFolder,
): Promise<void> {
  const missing = images.flatMap((image) => {
    const photo = image.width && image.height ? undefined : photos.find(image.fileName);
    return photo ? [{ image, photo }] : [];
  });
  const sizes = await readPhotoSizes(missing.map(({ photo }) => photo));
  for (const { image, photo } of missing) {
    const size = sizes.get(photo.path);
    if (size && !(size instanceof Error)) Object.assign(image, size);
  }
}

/** Renames classes by the map; says what became of them. */
async function renameClasses(
  images: LabeledImage[],
  classes: readonly string[] | undefined,
  { map: source, names }: ConvertOptions,
): Promise<string[] | undefined> {
  if (source === undefined) {
    return classes ? [...classes] : names ? readClassNames(names) : undefined;
  }
  const map = await readClassMap(source);
  const all = classes ?? labelsOf(images);
  const renamed = all.flatMap((name): [string, string][] => {
    const target = map.get(name);
    return target === undefined || target === name ? [] : [[name, target]];
  });
  const kept = all.filter((name) => !renamed.some(([from]) => from === name));
  note(describeMapping('input', { renamed, kept }));
  for (const { objects } of images) {
    for (const object of objects) object.label = map.get(object.label) ?? object.label;
  }
  return classes && [...new Set(classes.map((name) => map.get(name) ?? name))];
}
