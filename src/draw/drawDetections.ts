import {
  createCanvas,
  fillRectangle,
  inkMask,
  type Canvas,
  type DrawnImage,
} from './canvas.js';
import { classColour, inkOn } from './colours.js';
import { encodePicture, type PictureFormat } from './encodePicture.js';
import { textWidth } from './labelFont.js';
import { lineWidth, outlineBox, pixelBox } from './outlineBox.js';
import { placeLabels } from './placeLabels.js';
import { renderText } from './renderText.js';

/** What is drawn of a detection. */
export interface DrawnDetection {
  /** [x1, y1, x2, y2] in pixels of the photo, half-open. */
  box: ArrayLike<number>;
  className: string;
  /** 0 to 1. */
  score: number;
}

export interface DrawDetectionsOptions extends PictureFormat {
  /**
   * Names of all classes that may occur, in any pictures of the set; gives each
   * a colour that no other has.
   * @default each class's colour comes from its name alone
   */
  classes?: readonly string[];
}

/**
 * Draws boxes with class and score on a photo.
 *
 * A class has the same colour in every picture. Lines and letters grow with the
 * photo. Labels stand on ground of their class's colour, in black or white,
 * within the photo and clear of one another where there is room; the best
 * detections lie on top and choose the places of their labels first.
 *
 * @param image an upright photo; it is not changed
 * @returns a JPEG or PNG file
 * @throws DrawError
 */
export async function drawDetections(
  image: DrawnImage,
  detections: readonly DrawnDetection[],
  { classes, ...format }: DrawDetectionsOptions = {},
): Promise<Buffer> {
  const canvas = createCanvas(image);
  const size = fontSize(canvas);
  const padding = Math.ceil(0.3 * size);
  const drawn = await Promise.all(
    detections
      // Sorting is stable, so equal scores keep their order.
      .toSorted((a, b) => b.score - a.score)
      .map(async ({ box, className, score }) => ({
        box: pixelBox(box, canvas),
        colour: classColour(className, classes),
        text: await renderText(
          labelText(className, score, size, canvas.width - 2 * padding),
          size,
        ),
      })),
  );
  const labels = placeLabels(
    drawn.map(({ box, text }) => ({
      box,
      width: text.width + 2 * padding,
      height: text.height,
    })),
    canvas.width,
    canvas.height,
  );
  const thickness = lineWidth(canvas);
  for (const { box, colour } of drawn.toReversed()) {
    outlineBox(canvas, box, thickness, colour);
  }
  for (let i = drawn.length - 1; i >= 0; i--) {
    const { colour, text } = drawn[i];
    const [left, top, right, bottom] = labels[i];
    fillRectangle(canvas, left, top, right, bottom, colour);
    inkMask(canvas, text, left + padding, top, inkOn(colour));
  }
  return encodePicture(canvas, format);
}

/** A 45th of the longer side; on small photos 12 px, on tiny ones as few as 8. */
function fontSize({ width, height }: Canvas): number {
  const side = Math.max(width, height);
  const least = Math.max(8, Math.min(12, side / 16));
  return Math.round(Math.max(least, side / 45));
}

/** No photo has room for more characters of a name. */
const LONGEST = 200;

/** Control characters, those that turn the direction of writing, and spaces. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\s]+/gu;

/**
 * Class and score, the name shortened until they fit. Names come from model
 * files, so what would not print is left out.
 */
function labelText(
  className: string,
  score: number,
  size: number,
  maxWidth: number,
): string {
  const end = ` ${score.toFixed(2)}`;
  const name = Array.from(className.replace(UNPRINTABLE, ' ').trim().slice(0, LONGEST));
  let text = (name.join('') + end).trimStart();
  for (let kept = name.length; textWidth(text, size) > maxWidth && kept > 0;) {
    text = `${name.slice(0, --kept).join('')}…${end}`;
  }
  return text;
}
