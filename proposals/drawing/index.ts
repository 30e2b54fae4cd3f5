export { drawBoxes, type DrawBoxesOptions } from './boxes.js';
export {
  drawBoundaries,
  drawLabels,
  drawMeanColours,
  type LabelMap,
} from './labels.js';
