import { EvaluationError } from '../errors.js';
import type { BlacklistEntry } from '../protocols/ilsvrc.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import { mergeImages } from './labeledImage.js';
import type { PixelConvention } from './pixels.js';
import {
  boxOfCorners,
  cornersOfBox,
  ilsvrcPixels,
  linesOf,
  readNumber,
  vocPixels,
} from './pixels.js';

/** Layout of a text file with a line for each object: `class [score] box`. */
export interface BoxTextOptions {
  /** The photo's file name. */
  fileName: string;
  /** The four numbers: corners, a corner and a size, or the centre and a size. */
  box: 'x1 y1 x2 y2' | 'x y width height' | 'cx cy width height';
  /** Whether a score stands before the box. */
  scored: boolean;
  /** How pixels are counted. A corner and a size give the last pixel as x + width. */
  pixels: PixelConvention;
  /** The photo's size, when the numbers are fractions of it. */
  relativeTo?: { width: number; height: number };
  /** Round corner and size to whole pixels first, as some tools do. @default false */
  round?: boolean;
  /** Class names by number, when classes are numbers. */
  classes?: readonly string[];
}

/**
 * Reads the plain text that many tools exchange boxes in, one file a photo.
 *
 * @throws EvaluationError naming the line
 */
export function readBoxText(
  text: string,
  options: BoxTextOptions,
  file = 'boxes.txt',
): LabeledImage {
  const { box, scored, pixels, relativeTo, round = false, classes } = options;
  const objects: LabeledObject[] = [];
  for (const { line, where } of linesOf(text)) {
    const fields = line.split(/\s+/);
    const numbers = fields.slice(1).map((field) => readNumber(field, file, where));
    if (numbers.length !== (scored ? 5 : 4)) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected \`class ${scored ? 'score ' : ''}${box}\`, found ${fields.length} fields`,
        file,
        where,
      );
    }
    const score = scored ? numbers.shift() : undefined;
    const { width = 1, height = 1 } = relativeTo ?? {};
    const [a, b, c, d] = numbers.map((n, k) => n * (k % 2 === 0 ? width : height));
    const isCorners = box === 'x1 y1 x2 y2';
    const isCentre = box === 'cx cy width height';
    const [x, y, w, h] = [
      isCentre ? a - c / 2 : a,
      isCentre ? b - d / 2 : b,
      isCorners ? c - a : c,
      isCorners ? d - b : d,
    ].map((value) => (round ? Math.round(value) : value));
    const corners = [
      x,
      y,
      isCorners && !round ? c : x + w,
      isCorners && !round ? d : y + h,
    ];
    const label = classes ? classes[Number(fields[0])] : fields[0];
    if (label === undefined) {
      throw new EvaluationError(
        'UNKNOWN_CATEGORY',
        `class ${JSON.stringify(fields[0])} is not among the ${classes?.length} names`,
        file,
        where,
      );
    }
    objects.push({
      label,
      bbox: boxOfCorners(corners, pixels, file, where),
      ...(score === undefined ? {} : { score }),
    });
  }
  return { fileName: options.fileName, objects };
}

/**
 * Reads a VOC results file (`comp3_det_test_cat.txt`), which has the detections of one
 * class: `image score xmin ymin xmax ymax`, pixels from 1, the last one included.
 *
 * @throws EvaluationError naming the line
 */
export function readVocDetections(
  text: string,
  label: string,
  file = `comp3_det_test_${label}.txt`,
): LabeledImage[] {
  return readLines(
    text,
    6,
    file,
    '`image score xmin ymin xmax ymax`',
    (fields, where) => {
      const [score, ...corners] = fields
        .slice(1)
        .map((f) => readNumber(f, file, where));
      return {
        fileName: fields[0],
        object: { label, bbox: boxOfCorners(corners, vocPixels, file, where), score },
      };
    },
  );
}

/** Writes the detections of one class as a VOC results file, numbers in full. */
export function writeVocDetections(
  images: readonly LabeledImage[],
  label: string,
): string {
  return writeLines(images, label, ({ fileName, object }) => [
    fileName,
    object.score ?? 1,
    ...cornersOfBox(object.bbox, vocPixels),
  ]);
}

/**
 * Reads ILSVRC detections: `image class score xmin ymin xmax ymax`, image and class as
 * numbers, pixels from 0, the last one included.
 *
 * @param classes names by number, from 1 on, or the numbers themselves when missing
 * @throws EvaluationError naming the line
 */
export function readIlsvrcDetections(
  text: string,
  file = 'detections.txt',
  classes?: ReadonlyMap<string, string>,
): LabeledImage[] {
  const layout = '`image class score xmin ymin xmax ymax`';
  return readLines(text, 7, file, layout, (fields, where) => {
    const [score, ...corners] = fields.slice(2).map((f) => readNumber(f, file, where));
    return {
      fileName: fields[0],
      object: {
        label: nameOf(fields[1], classes, file, where),
        bbox: boxOfCorners(corners, ilsvrcPixels, file, where),
        score,
      },
    };
  });
}

/**
 * Writes detections as ILSVRC's text. File names must be the image numbers.
 *
 * @param numbers class numbers by name; the names themselves when missing
 */
export function writeIlsvrcDetections(
  images: readonly LabeledImage[],
  numbers?: ReadonlyMap<string, string>,
): string {
  return writeLines(images, undefined, ({ fileName, object }) => [
    fileName,
    numbers?.get(object.label) ?? object.label,
    object.score ?? 1,
    ...cornersOfBox(object.bbox, ilsvrcPixels),
  ]);
}

/**
 * Reads ILSVRC's blacklist: `image class` on each line.
 *
 * @throws EvaluationError naming the line
 */
export function readBlacklist(text: string, file = 'blacklist.txt'): BlacklistEntry[] {
  return [...linesOf(text)].map(({ line, where }) => {
    const [image_id, category_id, ...rest] = line.split(/\s+/);
    if (category_id === undefined || rest.length > 0) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected \`image class\`, found ${JSON.stringify(line.slice(0, 40))}`,
        file,
        where,
      );
    }
    return { image_id, category_id };
  });
}

interface Row {
  fileName: string;
  object: LabeledObject;
}

function readLines(
  text: string,
  count: number,
  file: string,
  layout: string,
  read: (fields: string[], where: string) => Row,
): LabeledImage[] {
  const images: LabeledImage[] = [];
  for (const { line, where } of linesOf(text)) {
    const fields = line.split(/\s+/);
    if (fields.length !== count) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected ${layout}, found ${fields.length} fields`,
        file,
        where,
      );
    }
    const { fileName, object } = read(fields, where);
    images.push({ fileName, objects: [object] });
  }
  return mergeImages(images);
}

function writeLines(
  images: readonly LabeledImage[],
  label: string | undefined,
  write: (row: Row) => (string | number)[],
): string {
  return images
    .flatMap(({ fileName, objects }) =>
      objects
        .filter((object) => label === undefined || object.label === label)
        .map((object) => {
          const fields = write({ fileName, object });
          const spaced = fields.find((field) => /\s|^$/.test(String(field)));
          if (spaced !== undefined) {
            throw new EvaluationError(
              'INVALID_STRUCTURE',
              `${JSON.stringify(spaced)} can't stand in a file that spaces divide; rename it`,
              fileName,
            );
          }
          return `${fields.join(' ')}\n`;
        }),
    )
    .join('');
}

function nameOf(
  field: string,
  classes: ReadonlyMap<string, string> | undefined,
  file: string,
  where: string,
): string {
  if (!classes) return field;
  const name = classes.get(field);
  if (name !== undefined) return name;
  throw new EvaluationError(
    'UNKNOWN_CATEGORY',
    `there is no class number ${JSON.stringify(field)}`,
    file,
    where,
  );
}
