import type { ClassLabel } from '../../detectors/classify/classifierModel.js';
import type { LoadClassifierOptions } from '../../detectors/classify/loadClassifier.js';
import type { Failure } from '../batch/failure.js';
import { StreamedFile } from '../files/streamedFile.js';
import type { ClassifyRecord } from './classifyTask.js';
import type {
  ClassificationScore,
  ClassifyReport,
  OnClassified,
} from './runClassify.js';
import type { Truth } from './truth.js';

export interface WriteClassifyResultsOptions {
  records: AsyncIterable<ClassifyRecord> | Iterable<ClassifyRecord>;
  labels: readonly ClassLabel[];
  truth?: Truth;
  /** The results file; none is written without. */
  json?: string;
  top: number;
  onClassified: OnClassified;
  /** Paths that gave no photo at all. */
  inputFailures: readonly ({ file: string } & Failure)[];
  run: { version: string; classifier: LoadClassifierOptions; labels?: string };
  report: Omit<ClassifyReport, 'failures' | 'score'>;
}

/**
 * Gives what became of the photos, in their order, one in memory at a time: to
 * `onClassified` and to the results file (schemas/classify.schema.json).
 */
export async function writeClassifyResults(
  options: WriteClassifyResultsOptions,
): Promise<ClassifyReport> {
  const { json } = options;
  const file = json ? await StreamedFile.create(json) : undefined;
  try {
    return await writeAll(options, file);
  } catch (error) {
    await file?.discard();
    throw error;
  }
}

async function writeAll(
  options: WriteClassifyResultsOptions,
  file: StreamedFile | undefined,
): Promise<ClassifyReport> {
  const { records, labels, truth, top, onClassified, run, report } = options;
  const failures = [...options.inputFailures];
  const score: ClassificationScore = { photos: 0, top1: 0, top5: 0 };
  await file?.write(`${head(run, report)},\n"results": [`);
  let separator = '\n';
  for await (const { file: name, classes = [], failure } of records) {
    if (failure) {
      failures.push({ file: name, ...failure });
      continue;
    }
    const found = classes
      .slice(0, top)
      .map(([index, value]) => ({ index, ...labels[index], score: value }));
    onClassified(name, found);
    const right = truth?.get(name);
    const rank = classes.findIndex(([index]) => index === right);
    if (right !== undefined) {
      score.photos++;
      if (rank === 0) score.top1++;
      if (rank >= 0 && rank < 5) score.top5++;
    }
    const result = { file: name, truth: right, classes: found };
    await file?.write(separator + JSON.stringify(result));
    separator = ',\n';
  }
  const judged = truth && score;
  const ratio = (count: number) => (score.photos > 0 ? count / score.photos : null);
  const tail = {
    failures,
    ...(judged && {
      score: { ...judged, top1Rate: ratio(score.top1), top5Rate: ratio(score.top5) },
    }),
  };
  await file?.write(`\n],\n${JSON.stringify(tail).slice(1)}\n`);
  await file?.finish();
  return { ...report, failures, score: judged };
}

/** The results file's start, without the closing brace. */
function head(
  { version, classifier, labels }: WriteClassifyResultsOptions['run'],
  { weights, engine }: WriteClassifyResultsOptions['report'],
): string {
  const { crops = 1, precision = 'fp32' } = classifier;
  const start = {
    tool: { name: 'googlenet-rcnn', version },
    weights,
    engine,
    options: { crops, precision, labels },
  };
  return JSON.stringify(start).slice(0, -1);
}
