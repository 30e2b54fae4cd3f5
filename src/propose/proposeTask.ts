import { selectiveSearch, type SelectiveSearchOptions } from '../../proposals/index.js';
import { failureOf } from '../batch/failure.js';
import type { PhotoJob, PhotoRecord, Task } from '../batch/task.js';
import { decodeImage } from '../images/decodeImage.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';
import { drawProposals, type ProposalDrawing } from './drawProposals.js';

/** How a proposing worker is set up. */
export interface ProposeSetUp {
  kind: 'propose';
  search: SelectiveSearchOptions;
  maxPixels?: number;
  drawing?: ProposalDrawing;
}

/** A journal's line: the boxes of one photo, best first. */
export interface ProposeRecord extends PhotoRecord {
  width?: number;
  height?: number;
  boxes?: number[][];
  /** Milliseconds that the search itself took. */
  time?: number;
}

export function createProposeTask(setUp: ProposeSetUp): Promise<Task<ProposeRecord>> {
  prepareSharpForWorker();
  const run = async (job: unknown): Promise<ProposeRecord> => {
    const { index, name: file, path } = job as PhotoJob;
    try {
      const image = await decodeImage(path, { maxPixels: setUp.maxPixels });
      const start = performance.now();
      const { boxes } = selectiveSearch(image, setUp.search);
      const time = Math.round(performance.now() - start);
      if (setUp.drawing) await drawProposals(image, file, boxes, setUp.drawing);
      const { width, height } = image;
      return { index, file, width, height, boxes: toRows(boxes), time };
    } catch (error) {
      return { index, file, failure: failureOf(error) };
    }
  };
  return Promise.resolve({ info: undefined, run });
}

/** Boxes as rows of numbers, to a hundredth of a pixel. */
function toRows(boxes: Float32Array): number[][] {
  return Array.from({ length: boxes.length / 4 }, (_, i) =>
    Array.from(
      boxes.subarray(4 * i, 4 * i + 4),
      (value) => Math.round(100 * value) / 100,
    ),
  );
}
