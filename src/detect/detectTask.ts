import { DetectorError } from '../../detectors/errors.js';
import {
  loadDetector,
  type DetectionResult,
  type Detector,
  type LoadDetectorOptions,
} from '../../detectors/loadDetector.js';
import type { PhotoJob, PhotoRecord, Task } from '../batch/task.js';
import { failureOf } from '../batch/failure.js';
import { describeSystemError, isSystemError, UsageError } from '../errors.js';
import { decodeImage, type DecodedImage } from '../images/decodeImage.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';
import { writePictures, type PictureOptions } from './writePictures.js';

/** How a detecting worker is set up. */
export interface DetectSetUp {
  kind: 'detect';
  detector: LoadDetectorOptions;
  maxPixels?: number;
  pictures: PictureOptions;
  /** Keep what each detection was selected from. */
  trace?: boolean;
}

/** A photo and, when they were given, its proposals. */
export interface DetectJob extends PhotoJob {
  proposals?: Float32Array;
}

/** x1, y1, x2, y2, category id of the model, score. */
export type DetectionRow = [number, number, number, number, number, number];

/** Scores under this are not kept in a trace. */
export const TRACE_FLOOR = 0.001;

/** What became of a photo's proposals, for `rcnn explain`. */
export interface Trace {
  /** x1, y1, x2, y2, best first. */
  proposals: number[][];
  /** The boxes that were classified, after regression. */
  boxes: number[][];
  /** Box's place in `boxes`, category id of the model, score; no score under TRACE_FLOOR. */
  scores: [number, number, number][];
}

/** A journal's line: all that is kept of one photo. */
export interface DetectRecord extends PhotoRecord {
  width?: number;
  height?: number;
  proposals?: number;
  detections?: DetectionRow[];
  /** Milliseconds by stage. */
  times?: DetectionResult['times'] & { decode: number; pictures: number };
  trace?: Trace;
}

/** Pixels are kept to a thousandth, scores to a millionth: less than engines differ by. */
const round = (value: number, digits: number) => Number(value.toFixed(digits));

export async function createDetectTask(
  setUp: DetectSetUp,
): Promise<Task<DetectRecord>> {
  prepareSharpForWorker();
  const detector = await loadDetector(setUp.detector);
  return {
    info: { ...detector.info, categories: detector.categories },
    run: (job) => detectOne(detector, setUp, job as DetectJob),
  };
}

async function detectOne(
  detector: Detector,
  setUp: DetectSetUp,
  job: DetectJob,
): Promise<DetectRecord> {
  const { index, name: file, path, proposals } = job;
  try {
    const start = performance.now();
    const image = await decodeImage(path, { maxPixels: setUp.maxPixels });
    const decode = performance.now() - start;
    const result = await detector.detectDetailed(image, proposals && { proposals });
    const drawStart = performance.now();
    const classes = detector.categories.map(({ name }) => name);
    await writePictures(image, file, result.detections, classes, setUp.pictures).catch(
      refuseUnwritable,
    );
    const pictures = performance.now() - drawStart;
    const record = recordOf(index, file, image, result, { decode, pictures });
    if (setUp.trace) record.trace = traceOf(result, detector.categories);
    return record;
  } catch (error) {
    // A defect of the engine or of the output folder is not the photo's fault.
    if (error instanceof UsageError) throw error;
    if (error instanceof DetectorError && error.code !== 'INVALID_ARGUMENT') {
      throw error;
    }
    return { index, file, failure: failureOf(error) };
  }
}

/** An error of the file system on writing stops the run, which can go on later. */
function refuseUnwritable(error: unknown): never {
  if (!isSystemError(error)) throw error;
  throw new UsageError('NOT_WRITABLE', describeSystemError(error));
}

function recordOf(
  index: number,
  file: string,
  { width, height }: DecodedImage,
  result: DetectionResult,
  times: { decode: number; pictures: number },
): DetectRecord {
  const { proposals, shared, crops, selection } = result.times;
  const { decode, pictures } = times;
  const tenth = (time: number) => round(time, 1);
  return {
    index,
    file,
    width,
    height,
    proposals: result.proposals.length / 4,
    detections: result.detections.map(({ box, classId, score }) => [
      round(box[0], 3),
      round(box[1], 3),
      round(box[2], 3),
      round(box[3], 3),
      classId,
      round(score, 6),
    ]),
    times: {
      decode: tenth(decode),
      proposals: tenth(proposals),
      shared: tenth(shared),
      crops: tenth(crops),
      selection: tenth(selection),
      pictures: tenth(pictures),
    },
  };
}

function traceOf(
  { proposals, scored }: DetectionResult,
  categories: Detector['categories'],
): Trace {
  const rows = (boxes: Float32Array) =>
    Array.from({ length: boxes.length / 4 }, (_, i) =>
      Array.from(boxes.subarray(4 * i, 4 * i + 4), (value) => round(value, 1)),
    );
  const { boxes, probabilities } = scored;
  const classes = categories.length + 1;
  const scores: Trace['scores'] = [];
  for (let i = 0; i < boxes.length / 4; i++) {
    categories.forEach(({ id }, c) => {
      const score = probabilities[i * classes + c + 1];
      if (score >= TRACE_FLOOR) scores.push([i, id, round(score, 5)]);
    });
  }
  return { proposals: rows(proposals), boxes: rows(boxes), scores };
}
