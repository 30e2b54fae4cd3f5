export { listImages, type ListedImages, type ListImagesOptions } from './listImages.js';
export type { InputFailure, InputImage } from './types.js';
