import { checkObject } from '../dataset/checks.js';
import { describe } from '../dataset/ids.js';
import { EvaluationError } from '../errors.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import { checkBox, linesOf, readNumber } from './pixels.js';

/** What a YOLO label file leaves unsaid. */
export interface YoloContext {
  /** The photo's file name. */
  fileName: string;
  /** The photo's size in pixels: the file has fractions of it. */
  width: number;
  height: number;
  /** Class names by number, from the names file or data.yaml. */
  classes: readonly string[];
}

/**
 * Reads a YOLO label file: a line for each object, `class cx cy width height [score]`,
 * everything but the class as a fraction of the photo, half-open. A line of a class
 * and three or more points is an outline, read as the box around it.
 *
 * @throws EvaluationError naming the line
 */
export function readYolo(
  text: string,
  context: YoloContext,
  file = 'labels.txt',
): LabeledImage {
  const { fileName, width, height, classes } = context;
  const objects: LabeledObject[] = [];
  for (const { line, where } of linesOf(text)) {
    const [first, ...rest] = line.split(/\s+/);
    const label = classes[readClass(first, classes.length, file, where)];
    const n = rest.map((field) => readNumber(field, file, where));
    let box: [number, number, number, number];
    let score: number | undefined;
    if (n.length === 4 || n.length === 5) {
      box = [n[0] - n[2] / 2, n[1] - n[3] / 2, n[2], n[3]];
      score = n[4];
    } else if (n.length >= 6 && n.length % 2 === 0) {
      const xs = n.filter((_, i) => i % 2 === 0);
      const ys = n.filter((_, i) => i % 2 === 1);
      const x = xs.reduce((a, b) => Math.min(a, b));
      const y = ys.reduce((a, b) => Math.min(a, b));
      box = [
        x,
        y,
        xs.reduce((a, b) => Math.max(a, b)) - x,
        ys.reduce((a, b) => Math.max(a, b)) - y,
      ];
    } else {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected \`class cx cy width height [score]\` or an outline, found ${n.length + 1} fields`,
        file,
        where,
      );
    }
    objects.push({
      label,
      bbox: checkBox(
        [box[0] * width, box[1] * height, box[2] * width, box[3] * height],
        file,
        where,
      ),
      ...(score === undefined ? {} : { score }),
    });
  }
  return { fileName, width, height, objects };
}

/**
 * Writes a photo's objects as YOLO labels.
 *
 * @param digits after the point; 6 (as is usual) put a box off by at most a millionth
 *   of the photo's size
 * @throws EvaluationError when the photo's size is unknown or a label is no class
 */
export function writeYolo(
  image: LabeledImage,
  classes: readonly string[],
  digits = 6,
): string {
  const { width, height, fileName, objects } = image;
  if (!width || !height) {
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      'YOLO labels are fractions of the photo, whose size is not known; add it to the annotations',
      fileName,
    );
  }
  return objects
    .map(({ label, bbox: [x, y, w, h], score }) => {
      const number = classes.indexOf(label);
      if (number < 0) {
        throw new EvaluationError(
          'UNKNOWN_CATEGORY',
          `no class is called ${JSON.stringify(label)}`,
          fileName,
        );
      }
      const fractions = [
        (x + w / 2) / width,
        (y + h / 2) / height,
        w / width,
        h / height,
      ];
      const fields = fractions.map((value) => value.toFixed(digits));
      return `${[number, ...fields, ...(score === undefined ? [] : [score])].join(' ')}\n`;
    })
    .join('');
}

/** Reads a names file: a class on each line, in the order of their numbers. */
export function readNames(text: string): string[] {
  return [...linesOf(text)].map(({ line }) => line);
}

/**
 * The class names in the order of their numbers from a `data.yaml` that a YAML parser
 * has read: `names` is a list, or an object from number to name without gaps.
 *
 * @throws EvaluationError naming the place
 */
export function namesOfDataYaml(data: unknown, file = 'data.yaml'): string[] {
  const names = checkObject(data, file, '').names;
  const list: unknown[] = Array.isArray(names) ? names : [];
  if (!Array.isArray(names)) {
    const entries = Object.entries(checkObject(names, file, 'names'));
    for (const [key, name] of entries) {
      if (!/^(?:0|[1-9]\d{0,8})$/.test(key) || Number(key) >= entries.length) {
        throw new EvaluationError(
          'INVALID_STRUCTURE',
          `expected the numbers 0 to ${entries.length - 1}, found ${JSON.stringify(key)}`,
          file,
          'names',
        );
      }
      list[Number(key)] = name;
    }
  }
  return list.map((name, i) => {
    // YAML reads a bare 7 or yes as a number or truth value.
    if (typeof name === 'string' && name !== '') return name;
    if (typeof name === 'number' || typeof name === 'boolean') return String(name);
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `expected a class name, found ${describe(name)}`,
      file,
      `names[${i}]`,
    );
  });
}

function readClass(field: string, count: number, file: string, where: string): number {
  if (/^\d{1,9}(?:\.0+)?$/.test(field) && Number(field) < count) return Number(field);
  throw new EvaluationError(
    'UNKNOWN_CATEGORY',
    `class ${JSON.stringify(field)} is not a number from 0 to ${count - 1}`,
    file,
    where,
  );
}
