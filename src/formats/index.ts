export { CSV_HEADER, csvLines, csvResults } from './csv.js';
export { OutputError, type OutputErrorCode } from './errors.js';
export { outputName, UniqueStems, writeOutputFile, writeWhole } from './outputPaths.js';
export { safeJoin } from './safeJoin.js';
export { fileNamePart, saveCrops } from './saveCrops.js';
export type { PhotoResult, ResultDetection, ResultWriter } from './types.js';
export { vocResults, vocXml } from './voc.js';
export { yoloDataYaml, yoloLines, yoloResults } from './yolo.js';
