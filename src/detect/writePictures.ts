import { join } from 'node:path';
import type { Detection } from '../../detectors/pipeline/detections.js';
import { drawDetections } from '../draw/index.js';
import { saveCrops, writePicture } from '../formats/index.js';
import type { DecodedImage } from '../images/decodeImage.js';

/** What is drawn and cut out of a photo, and where to. */
export interface PictureOptions {
  /** The output folder of the run. */
  output: string;
  draw?: { threshold: number };
  saveCrops?: { threshold: number };
  /** Names of all classes, for their colours. */
  classes?: readonly string[];
}
