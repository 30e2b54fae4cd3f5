import { InvalidArgumentError } from 'commander';
import {
  halfOpenPixels,
  ilsvrcPixels,
  vocPixels,
  type BoxTextOptions,
  type PixelConvention,
} from '../../eval/index.js';

/** Formats with a name of their own. */
const FORMATS = {
  coco: {
    what: 'COCO JSON: annotations, or a list of results; .gz too',
    pixels: halfOpenPixels,
  },
  voc: { what: 'folder of VOC XML files, one a photo', pixels: vocPixels },
  ilsvrc: { what: 'folder of ILSVRC XML files, one a photo', pixels: ilsvrcPixels },
  'voc-text': {
    what: 'folder of VOC results, a file a class: image score xmin ymin xmax ymax',
    pixels: vocPixels,
  },
  'ilsvrc-text': {
    what: 'ILSVRC results: image class score xmin ymin xmax ymax',
    pixels: ilsvrcPixels,
  },
  yolo: {
    what: 'folder of YOLO text: class cx cy width height [score], parts of the photo',
    pixels: halfOpenPixels,
  },
  csv: {
    what: 'CSV with file, label, x1, y1, x2, y2 [, score]',
    pixels: halfOpenPixels,
  },
  labelme: { what: 'folder of LabelMe JSON files', pixels: halfOpenPixels },
  openimages: { what: 'CSV of Open Images', pixels: halfOpenPixels },
} as const;

export type FormatName = keyof typeof FORMATS | 'text';

/** How plain text, a file a photo, lays out its boxes. */
export interface TextLayout {
  box: BoxTextOptions['box'];
  /** The numbers are parts of the photo's size. */
  relative: boolean;
  /** Corner and size are rounded to whole pixels. */
  round: boolean;
}

/** A format of annotations or detections. */
export interface Format {
  name: FormatName;
  /** Of `text` only. */
  layout?: TextLayout;
}

export const FORMAT_NAMES = Object.keys(FORMATS) as Exclude<FormatName, 'text'>[];

const BOXES: Record<string, BoxTextOptions['box']> = {
  xyxy: 'x1 y1 x2 y2',
  xywh: 'x y width height',
  cxcywh: 'cx cy width height',
};

/** `coco`, `voc`, ..., or `text:LAYOUT[:relative][:round]`. */
export function parseFormat(text: string): Format {
  if (Object.hasOwn(FORMATS, text)) return { name: text as FormatName };
  const [name, box, ...marks] = text.split(':');
  const isText =
    name === 'text' &&
    Object.hasOwn(BOXES, box ?? '') &&
    marks.every((mark) => mark === 'relative' || mark === 'round');
  if (!isText) {
    throw new InvalidArgumentError(
      `There are ${FORMAT_NAMES.join(', ')}, and text:LAYOUT[:relative][:round] with LAYOUT xyxy, xywh or cxcywh.`,
    );
  }
  const layout = {
    box: BOXES[box],
    relative: marks.includes('relative'),
    round: marks.includes('round'),
  };
  return { name, layout };
}

const PIXELS: Record<string, PixelConvention> = {
  'half-open': halfOpenPixels,
  voc: vocPixels,
  ilsvrc: ilsvrcPixels,
};

export const PIXEL_NAMES = Object.keys(PIXELS);

/** A way of counting pixels by its name. */
export function parsePixels(text: string): PixelConvention {
  if (Object.hasOwn(PIXELS, text)) return PIXELS[text];
  throw new InvalidArgumentError(`There are ${PIXEL_NAMES.join(', ')}.`);
}

/** How a format counts pixels unless told otherwise. */
export function pixelsOf({ name }: Format): PixelConvention {
  return name === 'text' ? halfOpenPixels : FORMATS[name].pixels;
}

/** The format by its name, as `--annotations-format` takes it. */
export function nameFormat({ name, layout }: Format): string {
  if (!layout) return name;
  const box = Object.keys(BOXES).find((key) => BOXES[key] === layout.box)!;
  return `text:${box}${layout.relative ? ':relative' : ''}${layout.round ? ':round' : ''}`;
}

/** A way of counting pixels, in words. */
export function describePixels({ origin, lastPixelIncluded }: PixelConvention): string {
  return `pixels from ${origin}, ${lastPixelIncluded ? 'last pixel included' : 'half-open'}`;
}

/** The formats for a help text. */
export function describeFormats(): string {
  const rows = FORMAT_NAMES.map(
    (name) =>
      `  ${name.padEnd(12)} ${FORMATS[name].what}\n${' '.repeat(15)}(${describePixels(FORMATS[name].pixels)})`,
  );
  return [
    'Formats:',
    ...rows,
    '  text:LAYOUT  folder of text, a file a photo: class [score] and four numbers;',
    '               LAYOUT is xyxy, xywh or cxcywh, with :relative for parts of the',
    '               photo, :round to round corner and size (pixels from 0, half-open)',
  ].join('\n');
}
