import {
  loadClassifier,
  type LoadClassifierOptions,
} from '../../detectors/classify/loadClassifier.js';
import type { PhotoJob, Task } from '../batch/task.js';
import { decodeImage } from '../images/decodeImage.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';
import { classifyOne, type ClassifyRecord } from './classifyOne.js';

/** How a classifying worker is set up. */
export interface ClassifySetUp {
  kind: 'classify';
  classifier: LoadClassifierOptions;
  maxPixels?: number;
}

export async function createClassifyTask(
  setUp: ClassifySetUp,
): Promise<Task<ClassifyRecord>> {
  prepareSharpForWorker();
  const classifier = await loadClassifier(setUp.classifier);
  return {
    info: classifier.info,
    run: ({ index, ...job }) => {
      const { name, path } = job as PhotoJob;
      const image = decodeImage(path, { maxPixels: setUp.maxPixels });
      return classifyOne(classifier, index, name, image);
    },
  };
}
