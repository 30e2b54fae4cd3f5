import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe } from '../dataset/ids.js';
import { EvaluationError } from '../errors.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import type { PixelConvention } from './pixels.js';
import { boxOfCorners, cornersOfBox, readNumber, vocPixels } from './pixels.js';

/** Whether coordinates are VOC's (from 1) or ILSVRC's (from 0); both include the last pixel. */
export interface VocXmlOptions {
  /** @default vocPixels */
  pixels?: PixelConvention;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  // &amp; and its like; entities that a document declares are refused before.
  processEntities: true,
  htmlEntities: false,
  maxNestedTags: 20,
  isArray: (name) => name === 'object',
});

/**
 * Reads a VOC annotation: one photo, one XML document. With `ilsvrcPixels` it reads
 * ImageNet's, which look the same but count from 0.
 *
 * Fields inside `<bndbox>` come in any order and may be decimals. Objects' parts (head,
 * hand, foot) are left out; a `<score>`, which VOC doesn't have, makes a detection.
 *
 * @throws EvaluationError for what is no XML, declares a document type (entity bombs),
 *   or lacks a part
 */
export function readVocXml(
  xml: string,
  file = 'annotation.xml',
  options: VocXmlOptions = {},
): LabeledImage {
  const { pixels = vocPixels } = options;
  const root = checkElement(parseXml(xml, file).annotation, file, 'annotation');
  const size =
    root.size === undefined ? {} : checkElement(root.size, file, 'annotation.size');
  const objects = (root.object ?? []) as unknown[];
  return {
    fileName: textOf(root.filename) ?? '',
    ...sizeOf(size.width, file, 'annotation.size.width', 'width'),
    ...sizeOf(size.height, file, 'annotation.size.height', 'height'),
    objects: objects.map((value, i): LabeledObject => {
      const where = `annotation.object[${i}]`;
      const object = checkElement(value, file, where);
      const label = textOf(object.name);
      if (label === undefined) {
        throw new EvaluationError(
          'INVALID_STRUCTURE',
          `expected a class name, found ${describe(object.name)}`,
          file,
          `${where}.name`,
        );
      }
      const box = checkElement(object.bndbox, file, `${where}.bndbox`);
      const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) =>
        readNumber(textOf(box[side]), file, `${where}.bndbox.${side}`),
      );
      return {
        label,
        bbox: boxOfCorners(corners, pixels, file, `${where}.bndbox`),
        ...flagOf(object.difficult, file, `${where}.difficult`, 'difficult'),
        ...flagOf(object.truncated, file, `${where}.truncated`, 'truncated'),
        ...flagOf(object.occluded, file, `${where}.occluded`, 'occluded'),
        ...(object.score === undefined
          ? {}
          : { score: readNumber(textOf(object.score), file, `${where}.score`) }),
      };
    }),
  };
}

const builder = new XMLBuilder({ format: true, indentBy: '\t' });

/**
 * Writes a photo as a VOC annotation. Numbers are written in full, so that reading
 * gives the same box; the devkit itself expects whole ones (`round`, off by at most
 * half a pixel).
 */
export function writeVocXml(
  image: LabeledImage,
  options: VocXmlOptions & {
    /** Round to whole pixels. @default false */
    round?: boolean;
  } = {},
): string {
  const { pixels = vocPixels, round = false } = options;
  const number = (value: number) => String(round ? Math.round(value) : value);
  return builder.build({
    annotation: {
      filename: cleanText(image.fileName),
      size: {
        ...(image.width === undefined ? {} : { width: image.width }),
        ...(image.height === undefined ? {} : { height: image.height }),
        depth: 3,
      },
      segmented: 0,
      object: image.objects.map((object) => {
        const [xmin, ymin, xmax, ymax] = cornersOfBox(object.bbox, pixels).map(number);
        return {
          name: cleanText(object.label),
          ...(object.truncated === undefined
            ? {}
            : { truncated: Number(object.truncated) }),
          ...(object.occluded === undefined
            ? {}
            : { occluded: Number(object.occluded) }),
          difficult: Number(object.difficult ?? object.crowd ?? false),
          bndbox: { xmin, ymin, xmax, ymax },
          ...(object.score === undefined ? {} : { score: object.score }),
        };
      }),
    },
  });
}

function parseXml(xml: string, file: string): Record<string, unknown> {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) {
    throw new EvaluationError(
      'INVALID_SYNTAX',
      'the document declares a type or entities, which annotations have no use for; remove the <!DOCTYPE ...>',
      file,
    );
  }
  const verdict = XMLValidator.validate(xml);
  if (verdict !== true) {
    const { msg, line, col } = verdict.err;
    throw new EvaluationError(
      'INVALID_SYNTAX',
      `not XML: ${msg}`,
      file,
      `line ${line}, column ${col}`,
    );
  }
  try {
    return parser.parse(xml) as Record<string, unknown>;
  } catch (error) {
    throw new EvaluationError(
      'INVALID_SYNTAX',
      `not XML: ${(error as Error).message}`,
      file,
    );
  }
}

function checkElement(
  value: unknown,
  file: string,
  where: string,
): Record<string, unknown> {
  if (value === '') return {}; // an empty element
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  const found =
    value === undefined ? 'missing' : Array.isArray(value) ? 'repeated' : 'text';
  throw new EvaluationError(
    'INVALID_STRUCTURE',
    `the element is ${found}; an annotation has <size> and <object> with <name> and <bndbox>`,
    file,
    where,
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function sizeOf<K extends string>(
  value: unknown,
  file: string,
  where: string,
  key: K,
): Partial<Record<K, number>> {
  if (value === undefined) return {};
  const size = readNumber(textOf(value), file, where);
  if (size < 0) {
    throw new EvaluationError('INVALID_NUMBER', `${size} is no size`, file, where);
  }
  // Some exporters write 0 for what they don't know.
  return size === 0 ? {} : ({ [key]: size } as Record<K, number>);
}

function flagOf<K extends string>(
  value: unknown,
  file: string,
  where: string,
  key: K,
): Partial<Record<K, boolean>> {
  if (value === undefined || value === '' || value === 'Unspecified') return {};
  if (value === '0' || value === '1')
    return { [key]: value === '1' } as Record<K, boolean>;
  throw new EvaluationError(
    'INVALID_NUMBER',
    `expected 0 or 1, found ${describe(value)}`,
    file,
    where,
  );
}

/** Characters that XML 1.0 has no way to write become U+FFFD. */
function cleanText(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd') // halves of a pair
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/(?![\t\n\r])\p{Cc}/gu, (c) => (c < ' ' ? '\ufffd' : c));
}
