import { DetectorError } from '../../detectors/errors.js';
import {
  loadClassifier,
  type Classifier,
  type LoadClassifierOptions,
} from '../../detectors/classify/loadClassifier.js';
import { failureOf } from '../batch/failure.js';
import type { PhotoJob, PhotoRecord, Task } from '../batch/task.js';
import { decodeImage, type DecodedImage } from '../images/decodeImage.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';

/** How a classifying worker is set up. */
export interface ClassifySetUp {
  kind: 'classify';
  classifier: LoadClassifierOptions;
  maxPixels?: number;
}

/** A journal's line: the best classes of one photo. */
export interface ClassifyRecord extends PhotoRecord {
  /** Class index and score, best first. */
  classes?: [number, number][];
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

/** Classifies a photo that is being decoded; a bad photo is a record with a failure. */
export async function classifyOne(
  classifier: Classifier,
  index: number,
  file: string,
  decoding: Promise<DecodedImage>,
): Promise<ClassifyRecord> {
  try {
    const scores = await classifier.classify(await decoding);
    // To a millionth: less than engines differ by.
    const classes = scores.map(({ index: i, score }): [number, number] => [
      i,
      Number(score.toFixed(6)),
    ]);
    return { index, file, classes };
  } catch (error) {
    // A defect of the engine is not the photo's fault.
    if (error instanceof DetectorError && error.code !== 'INVALID_ARGUMENT')
      throw error;
    return { index, file, failure: failureOf(error) };
  }
}
