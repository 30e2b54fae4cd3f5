import { checkList, checkNumber, checkObject } from '../dataset/checks.js';
import { describe } from '../dataset/ids.js';
import { EvaluationError } from '../errors.js';
import { parseJson } from '../parse/parseJson.js';
import type { LabeledImage, LabeledObject } from './labeledImage.js';
import { checkBox } from './pixels.js';

/**
 * Reads a LabelMe file: one photo in JSON, shapes in continuous pixel coordinates,
 * which are half-open. Rectangles are boxes; polygons and circles are read as the box
 * around them; points and lines have no box and are left out.
 *
 * @throws EvaluationError naming the JSON path
 */
export function readLabelMe(
  json: string | Uint8Array,
  file = 'labelme.json',
): LabeledImage {
  const root = checkObject(parseJson(json, file), file, '');
  const shapes = checkList(root.shapes, file, 'shapes', 'a LabelMe file has shapes');
  const objects: LabeledObject[] = [];
  shapes.forEach((value, i) => {
    const where = `shapes[${i}]`;
    const shape = checkObject(value, file, where);
    if (typeof shape.label !== 'string') {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected a class name, found ${describe(shape.label)}`,
        file,
        `${where}.label`,
      );
    }
    const type = shape.shape_type ?? 'polygon';
    const points = checkList(
      shape.points,
      file,
      `${where}.points`,
      'give [[x, y], ...]',
    ).map((point, k) => {
      const place = `${where}.points[${k}]`;
      const [x, y] = checkList(point, file, place, 'give [x, y]');
      return [checkNumber(x, file, `${place}[0]`), checkNumber(y, file, `${place}[1]`)];
    });
    const corners = cornersOf(type, points);
    if (!corners) return;
    const [x1, y1, x2, y2] = corners;
    const flags = shape.flags as Record<string, unknown> | null | undefined;
    objects.push({
      label: shape.label,
      bbox: checkBox([x1, y1, x2 - x1, y2 - y1], file, `${where}.points`),
      ...(typeof flags?.difficult === 'boolean' ? { difficult: flags.difficult } : {}),
    });
  });
  const size = (key: 'imageWidth' | 'imageHeight') =>
    root[key] === undefined || root[key] === null
      ? undefined
      : checkNumber(root[key], file, key);
  const width = size('imageWidth');
  const height = size('imageHeight');
  return {
    fileName:
      typeof root.imagePath === 'string' ? root.imagePath.replaceAll('\\', '/') : '',
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    objects,
  };
}

/** Writes a photo as a LabelMe file of rectangles, without the picture itself. */
export function writeLabelMe(image: LabeledImage): string {
  const { fileName, width, height, objects } = image;
  const data = {
    version: '5.5.0',
    flags: {},
    shapes: objects.map(({ label, bbox: [x, y, w, h], difficult }) => ({
      label,
      points: [
        [x, y],
        [x + w, y + h],
      ],
      group_id: null,
      shape_type: 'rectangle',
      flags: difficult === undefined ? {} : { difficult },
    })),
    imagePath: fileName,
    imageData: null,
    imageHeight: height ?? null,
    imageWidth: width ?? null,
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function cornersOf(type: unknown, points: number[][]): number[] | undefined {
  if (type === 'circle' && points.length === 2) {
    const [[x, y], [edgeX, edgeY]] = points;
    const radius = Math.hypot(edgeX - x, edgeY - y);
    return [x - radius, y - radius, x + radius, y + radius];
  }
  const least = type === 'rectangle' ? 2 : 3;
  if (!['rectangle', 'polygon', 'mask'].includes(String(type))) return undefined;
  if (points.length < least && type !== 'mask') return undefined;
  if (points.length < 2) return undefined;
  const corners = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    corners[0] = Math.min(corners[0], x);
    corners[1] = Math.min(corners[1], y);
    corners[2] = Math.max(corners[2], x);
    corners[3] = Math.max(corners[3], y);
  }
  return corners;
}
