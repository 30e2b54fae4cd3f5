export { type DrawnImage } from './canvas.js';
export { classColour } from './colours.js';
export {
  drawDetections,
  type DrawDetectionsOptions,
  type DrawnDetection,
} from './drawDetections.js';
export type { PictureFormat } from './encodePicture.js';
export { DrawError, type DrawErrorCode } from './errors.js';
