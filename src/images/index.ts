export {
  decodeImage,
  type DecodedImage,
  type DecodeImageOptions,
} from './decodeImage.js';
export {
  ImageFileError,
  type ImageFileErrorCode,
  type ImageFileProblem,
} from './errors.js';
export { extensionOf, isImageName, isRawName } from './imageNames.js';
export { prepareSharpForWorker } from './prepareSharp.js';
export { probeImageFile } from './readImageFile.js';
export {
  sniffFormat,
  SNIFFED_BYTES,
  type ImageFormat,
  type RefusedFormat,
} from './sniffFormat.js';
