export {
  assembleDataset,
  assembleDetections,
  labeledImages,
  labelsOf,
  mergeImages,
} from './labeledImage.js';
export type { AssembleOptions, LabeledImage, LabeledObject } from './labeledImage.js';
export { halfOpenPixels, ilsvrcPixels, vocPixels } from './pixels.js';
export type { PixelConvention } from './pixels.js';
export { readVocXml, writeVocXml } from './vocXml.js';
export type { VocXmlOptions } from './vocXml.js';
export { namesOfDataYaml, readNames, readYolo, writeYolo } from './yolo.js';
export type { YoloContext } from './yolo.js';
export { readCsv, writeCsv } from './csv.js';
export type { CsvOptions } from './csv.js';
export { readLabelMe, writeLabelMe } from './labelMe.js';
export { readOpenImages, writeOpenImages } from './openImagesCsv.js';
export type { OpenImagesOptions } from './openImagesCsv.js';
export {
  readBlacklist,
  readBoxText,
  readIlsvrcDetections,
  readVocDetections,
  writeIlsvrcDetections,
  writeVocDetections,
} from './detectionText.js';
export type { BoxTextOptions } from './detectionText.js';
export { cocoToVoc, mapClasses, vocToCoco } from './vocabulary.js';
export type { ClassMapping, MapClassesOptions } from './vocabulary.js';
export { expandHierarchy } from './expandHierarchy.js';
export type { ClassHierarchy } from './expandHierarchy.js';
