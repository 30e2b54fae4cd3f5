import { join } from 'node:path';
import type { Detection } from '../../detectors/pipeline/detections.js';
import { drawDetections } from '../draw/index.js';
import { saveCrops, writeOutputFile } from '../formats/index.js';
import type { DecodedImage } from '../images/decodeImage.js';

/** What is drawn and cut out of a photo, and where to. */
export interface PictureOptions {
  /** The output folder of the run. */
  output: string;
  /** Draw detections from this score on, to `OUTPUT/pictures`. */
  draw?: { threshold: number };
  /** Cut out detections from this score on, to `OUTPUT/crops`. */
  saveCrops?: { threshold: number };
}

/** The most pixels that a JPEG can have on a side. */
const MAX_JPEG_SIDE = 65_535;

/**
 * Writes the pictures of one photo that were asked for.
 *
 * @param name the photo's name in the results
 * @param classes names of all classes, so that each has a colour of its own
 */
export async function writePictures(
  image: DecodedImage,
  name: string,
  detections: readonly Detection[],
  classes: readonly string[],
  options: PictureOptions,
): Promise<void> {
  const { output, draw, saveCrops: crops } = options;
  const from = (threshold: number) =>
    detections.filter(({ score }) => score >= threshold);
  if (draw) {
    const isLarge = Math.max(image.width, image.height) > MAX_JPEG_SIDE;
    const format = isLarge ? 'png' : 'jpeg';
    const picture = await drawDetections(image, from(draw.threshold), {
      classes,
      format,
    });
    const extension = isLarge ? '.png' : '.jpg';
    await writeOutputFile(join(output, 'pictures'), name, extension, picture);
  }
  if (crops) await saveCrops(image, name, from(crops.threshold), join(output, 'crops'));
}
