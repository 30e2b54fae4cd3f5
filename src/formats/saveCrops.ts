import sharp from '../images/sharp.js';
import { pixelBox } from '../draw/outlineBox.js';
import type { DrawnDetection } from '../draw/drawDetections.js';
import type { DecodedImage } from '../images/decodeImage.js';
import { writeWhole } from './outputPaths.js';
import { safeJoin } from './safeJoin.js';

/**
 * Cuts each detection out of a photo and stores it as
 * `FOLDER/PHOTO/NUMBER-CLASS.jpg`: PHOTO is the photo's name with its folders,
 * NUMBER the detection's place in the list, from 0. Corners are rounded to whole
 * pixels; a crop has at least one.
 *
 * @param image the upright photo
 * @param name the photo's name
 * @returns paths, in the order of the detections
 * @throws DrawError INVALID_BOX, OutputError UNSAFE_NAME
 */
export async function saveCrops(
  { data, width, height }: Pick<DecodedImage, 'data' | 'width' | 'height'>,
  name: string,
  detections: readonly DrawnDetection[],
  folder: string,
): Promise<string[]> {
  const photo = sharp(data, { raw: { width, height, channels: 3 } });
  const digits = String(Math.max(0, detections.length - 1)).length;
  const paths: string[] = [];
  for (const [index, { box, className }] of detections.entries()) {
    const [x1, y1, x2, y2] = pixelBox(box, { width, height });
    const crop = await photo
      .clone()
      .extract({ left: x1, top: y1, width: x2 - x1, height: y2 - y1 })
      .jpeg({ quality: 92 })
      .toBuffer();
    const number = String(index).padStart(digits, '0');
    const path = safeJoin(folder, `${name}/${number}-${fileNamePart(className)}.jpg`);
    await writeWhole(path, crop);
    paths.push(path);
  }
  return paths;
}

/** A class's name as part of a file name: letters, digits and a few marks. */
export function fileNamePart(className: string): string {
  const plain = className
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  return Array.from(plain).slice(0, 40).join('') || 'object';
}
