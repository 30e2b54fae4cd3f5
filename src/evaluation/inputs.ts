import { Option, type Command } from 'commander';
import type { PixelConvention } from '../../eval/index.js';
import { note } from './files.js';
import { parseFormat, parsePixels, type Format } from './formats.js';
import {
  loadDetections,
  planDetections,
  type Detections,
  type DetectionsOptions,
} from './loadDetections.js';
import { loadGroundTruth, type GroundTruth } from './loadGroundTruth.js';
import { openPhotoFolder } from './photoFolder.js';
import { readImageList } from './readLabeled.js';
import { describeMapping, readClassMap } from './vocabulary.js';

/** Options of the commands that measure detections against annotations. */
export interface InputCommandOptions {
  annotations: string;
  annotationsFormat?: Format;
  annotationsPixels?: PixelConvention;
  detectionsFormat?: Format;
  detectionsPixels?: PixelConvention;
  detectionsIds?: string;
  names?: string;
  images?: string;
  map?: string;
  imageList?: string;
  ignoreUnknown?: boolean;
}

/** Adds the options that say how annotations and detections are read. */
export function addInputOptions(command: Command): Command {
  return command
    .requiredOption('-a, --annotations <path>', 'ground truth: a file or folder')
    .addOption(
      new Option(
        '--annotations-format <format>',
        'format of the ground truth (default: by what is there)',
      ).argParser(parseFormat),
    )
    .addOption(
      new Option(
        '--annotations-pixels <way>',
        "how its corners count pixels: half-open, voc, ilsvrc (default: the format's)",
      ).argParser(parsePixels),
    )
    .addOption(
      new Option(
        '--detections-format <format>',
        'format of the detections (default: by what is there)',
      ).argParser(parseFormat),
    )
    .addOption(
      new Option(
        '--detections-pixels <way>',
        'how their corners count pixels, as for the annotations',
      ).argParser(parsePixels),
    )
    .option(
      '--detections-ids <file>',
      'COCO JSON that says what the ids of plain results mean (default: images.json beside them)',
    )
    .option(
      '--names <file>',
      'class names by number: a name a line, or data.yaml; Open Images: LabelName,name',
    )
    .option('--images <dir>', 'folder of the photos, where a format needs their sizes')
    .option('--image-list <file>', "ILSVRC: photos' names and numbers")
    .option(
      '--map <map>',
      'rename classes on both sides: voc-coco, coco-voc, or JSON { "old": "new" }',
    )
    .option(
      '--ignore-unknown',
      'leave out detections of photos and classes that the annotations lack',
    );
}

/** Ground truth and one or more sets of detections. */
export interface Inputs {
  truth: GroundTruth;
  detections: Detections[];
}

/**
 * Reads the ground truth and detections.
 *
 * @param needs what else of the ground truth is wanted
 * @throws UsageError, EvaluationError
 */
export async function loadInputs(
  options: InputCommandOptions,
  paths: readonly string[],
  needs: { whole?: boolean; hierarchy?: string; imageLabels?: string } = {},
): Promise<Inputs> {
  const { names, ignoreUnknown = false } = options;
  const map = options.map === undefined ? undefined : await readClassMap(options.map);
  const photos = options.images ? await openPhotoFolder(options.images) : undefined;
  const imageList = options.imageList
    ? await readImageList(options.imageList)
    : undefined;
  const all = paths.map((path): DetectionsOptions => ({
    path,
    format: options.detectionsFormat,
    pixels: options.detectionsPixels,
    ids: options.detectionsIds,
    ...{ names, photos, map, imageList, ignoreUnknown },
  }));
  const plans = [];
  for (const detections of all) plans.push(await planDetections(detections));
  const truth = await loadGroundTruth({
    path: options.annotations,
    format: options.annotationsFormat,
    pixels: options.annotationsPixels,
    ...{ names, photos, map },
    hierarchy: needs.hierarchy,
    imageLabels: needs.imageLabels,
    whole: (needs.whole ?? false) || plans.some(({ needsDataset }) => needsDataset),
  });
  if (truth.mapping) note(describeMapping('annotations', truth.mapping));
  const detections: Detections[] = [];
  for (const [i, one] of all.entries()) {
    const read = await loadDetections(one, plans[i], truth);
    if (read.mapping) note(describeMapping(`detections ${one.path}`, read.mapping));
    detections.push(read);
  }
  return { truth, detections };
}

/** Unknown ids by `--ignore-unknown`, and names for messages. */
export function inputOptions(options: InputCommandOptions, detectionsName: string) {
  const unknown = options.ignoreUnknown ? ('ignore' as const) : ('error' as const);
  return {
    groundTruthName: options.annotations,
    detectionsName,
    unknownImages: unknown,
    unknownCategories: unknown,
  };
}
