import type { Classifier } from '../../detectors/classify/loadClassifier.js';
import { DetectorError } from '../../detectors/errors.js';
import { failureOf } from '../batch/failure.js';
import type { PhotoRecord } from '../batch/task.js';
import type { DecodedImage } from '../images/decodeImage.js';

/** A journal's line: the best classes of one photo. */
export interface ClassifyRecord extends PhotoRecord {
  /** Class index and score, best first. */
  classes?: [number, number][];
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
