import {
  assembleDataset,
  createAnnotationReader,
  expandHierarchy,
  mapClasses,
  parseAnnotations,
  tabulateGroundTruth,
  type ClassHierarchy,
  type CocoDataset,
  type GroundTruthTable,
  type PixelConvention,
  parseJson,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { detectFormat } from './detectFormat.js';
import { readPieces } from './files.js';
import { describePixels, nameFormat, pixelsOf, type Format } from './formats.js';
import { addImageLabels } from './imageLabels.js';
import type { PhotoFolder } from './photoFolder.js';
import { readLabeled, readLabelNames } from './readLabeled.js';
import type { MappingReport } from './vocabulary.js';

/** An input as results name it. */
export interface InputDescription {
  file: string;
  format: string;
  pixels: string;
}

export interface GroundTruthOptions {
  path: string;
  format?: Format;
  pixels?: PixelConvention;
  names?: string;
  photos?: PhotoFolder;
  map?: ReadonlyMap<string, string>;
  /** Open Images: the hierarchy to expand over. */
  hierarchy?: string;
  /** Open Images: labels of photos as wholes. */
  imageLabels?: string;
  /** Whether names and attributes of photos are needed, not the columns alone. */
  whole: boolean;
}

/** Ground truth with what else is known of it. */
export interface GroundTruth {
  table: GroundTruthTable;
  /** Only when it was asked for, or was at hand anyway. */
  dataset?: CocoDataset;
  /** Before classes were mapped. */
  original?: CocoDataset;
  description: InputDescription;
  mapping?: MappingReport;
  /** Boxes are parts of the photo, whose size is unknown (Open Images). */
  areFractions: boolean;
  /** The classes' ids are the file's own, not numbers that were given on reading. */
  hasOwnIds: boolean;
}

/** Reads ground truth in any format. @throws UsageError, EvaluationError */
export async function loadGroundTruth(
  options: GroundTruthOptions,
): Promise<GroundTruth> {
  const { path, pixels, map, whole, names, photos } = options;
  const format =
    options.format ?? (await detectFormat(path, { option: '--annotations-format' }));
  const description = describeInput(path, format, pixels);
  const hasOwnIds = format.name === 'coco' && !pixels;
  const needsDataset = whole || map || options.hierarchy || options.imageLabels;
  if (hasOwnIds && !needsDataset) {
    const reader = createAnnotationReader(path);
    for await (const piece of readPieces(path)) reader.write(piece);
    const table = reader.end();
    return { table, description, areFractions: false, hasOwnIds };
  }

  let original: CocoDataset;
  let areFractions = false;
  if (format.name === 'coco') {
    original = parseAnnotations(await readInputFile(path), path);
    if (pixels) recountDataset(original, pixels);
  } else {
    refuseResults(format, path);
    const read = await readLabeled({
      ...{ path, format, pixels, names, photos },
      scored: false,
    });
    areFractions = read.areFractions ?? false;
    original = assembleDataset(read.images, { classes: read.classes, file: path });
  }
  if (options.imageLabels) await addImageLabels(original, options.imageLabels, names);
  let dataset = original;
  let mapping: MappingReport | undefined;
  if (map) {
    const mapped = mapClasses(dataset, map);
    dataset = mapped.dataset;
    mapping = { renamed: mapped.renamed, kept: mapped.kept };
  }
  if (options.hierarchy) {
    dataset = expandHierarchy(dataset, await readHierarchy(options.hierarchy, names));
  }
  return {
    table: tabulateGroundTruth(dataset, path),
    ...{ dataset, original, description, mapping, areFractions, hasOwnIds },
  };
}

export function describeInput(
  file: string,
  format: Format,
  pixels: PixelConvention = pixelsOf(format),
): InputDescription {
  return { file, format: nameFormat(format), pixels: describePixels(pixels) };
}

function refuseResults(format: Format, path: string): void {
  if (format.name !== 'voc-text' && format.name !== 'ilsvrc-text') return;
  throw new UsageError(
    'NOT_ANNOTATIONS',
    `${path}: ${format.name} is a format of detections, not of annotations`,
  );
}

/** Boxes whose corner and last pixel were counted another way than COCO's. */
function recountDataset(
  dataset: CocoDataset,
  { origin, lastPixelIncluded }: PixelConvention,
): void {
  const last = lastPixelIncluded ? 1 : 0;
  for (const annotation of dataset.annotations) {
    const [x, y, width, height] = annotation.bbox;
    annotation.bbox = [x - origin, y - origin, width + last, height + last];
    annotation.area = (width + last) * (height + last);
  }
}

async function readHierarchy(path: string, names?: string): Promise<ClassHierarchy> {
  const root = parseJson(await readInputFile(path), path) as ClassHierarchy;
  if (typeof root !== 'object' || root === null || typeof root.LabelName !== 'string') {
    throw new UsageError(
      'INVALID_HIERARCHY',
      `${path}: a hierarchy is { "LabelName": ..., "Subcategory": [...] }`,
    );
  }
  if (!names) return root;
  const byLabel = await readLabelNames(names);
  const rename = (node: ClassHierarchy): ClassHierarchy => ({
    LabelName: byLabel.get(node.LabelName) ?? node.LabelName,
    Subcategory: (node.Subcategory ?? []).map(rename),
  });
  return rename(root);
}
