import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ClassLabel } from '../../detectors/classify/classifierModel.js';
import {
  loadClassifier,
  type Classifier,
  type ClassifierInfo,
  type LoadClassifierOptions,
} from '../../detectors/classify/loadClassifier.js';
import type { Failure } from '../batch/failure.js';
import type { PhotoJob } from '../batch/task.js';
import { UsageError } from '../errors.js';
import { listImages, type ListedImages } from '../inputs/listImages.js';
import { noPhotos } from '../inputs/noPhotos.js';
import { packageVersion } from '../version.js';
import { classifyOne, type ClassifyRecord } from './classifyOne.js';
import { decodeAhead, type EarlyDecode } from './decodeAhead.js';
import type { Truth } from './truth.js';
import { writeClassifyResults } from './writeClassifyResults.js';

export interface RunClassifyOptions {
  paths: readonly string[];
  classifier: Omit<LoadClassifierOptions, 'labels'>;
  /** Classes of each photo that are given. */
  top: number;
  /** The results file; none is written without. */
  json?: string;
  /** A file with the names of the classes. */
  labels?: string;
  /** Where the right classes stand: "folders" or a file; see `readTruth`. */
  truth?: string;
  /** @default a worker per core */
  workers?: number;
  maxPixels?: number;
  /** Used when this photo is the only one. */
  early?: EarlyDecode;
  /** Throw away what an interrupted run left. */
  restart?: boolean;
  quiet?: boolean;
  signal?: AbortSignal;
}

/** How often the right class was the first, and among the first five. */
export interface ClassificationScore {
  photos: number;
  top1: number;
  top5: number;
}

export interface ClassifyReport extends ClassifierInfo {
  photos: number;
  failures: ({ file: string } & Failure)[];
  /** Files in the folders given that are no photos by their names. */
  skipped: number;
  /** Photos that an earlier, interrupted run had done. */
  resumed: number;
  score?: ClassificationScore;
}

/** What comes of a run besides its report, one photo at a time, in their order. */
export type OnClassified = (
  file: string,
  classes: readonly (ClassLabel & { index: number; score: number })[],
) => void;

/** Classes whose scores are kept for judging "among the first five". */
const JUDGED = 5;

/**
 * Classifies all photos under the given paths. A single photo is done in this
 * process; more of them by a worker process per core, whose results in progress stand
 * in `JSON.partial`, from which a run that was stopped goes on.
 *
 * @returns undefined when the run was stopped by `signal` before its end
 * @throws UsageError, DetectorError
 */
export async function runClassify(
  options: RunClassifyOptions,
  onClassified: OnClassified,
): Promise<ClassifyReport | undefined> {
  const { json, top } = options;
  const inputs = await listImages(options.paths);
  const { images } = inputs;
  if (images.length === 0) throw noPhotos(options.paths, inputs);
  if (json && (await stat(json).catch(() => undefined))?.isDirectory()) {
    throw new UsageError('NOT_WRITABLE', `${json}: this is a folder; name a file`);
  }
  const given: LoadClassifierOptions = {
    ...options.classifier,
    labels: options.labels ? await readLabels(options.labels) : undefined,
    // Fewer could not be judged.
    top: options.truth ? Math.max(top, JUDGED) : top,
  };
  const finish = (
    records: AsyncIterable<ClassifyRecord> | Iterable<ClassifyRecord>,
    labels: readonly ClassLabel[],
    { info, truth, resumed }: { info: ClassifierInfo; truth?: Truth; resumed: number },
  ) =>
    writeClassifyResults({
      ...{ records, labels, truth, json, top, onClassified },
      inputFailures: inputs.failures,
      run: { version: packageVersion(), classifier: given, labels: options.labels },
      report: {
        ...info,
        // A file that was named and is no photo counts, and fails.
        photos: images.length + inputs.failures.length,
        ...{ skipped: inputs.skipped, resumed },
      },
    });

  if (images.length > 1) return runMany(options, given, inputs, finish);

  const [{ name, path }] = images;
  const { early, maxPixels } = options;
  const decoding =
    early && resolve(early.path) === resolve(path)
      ? early.decoding
      : decodeAhead(path, { maxPixels });
  decoding.catch(() => undefined);
  const classifier = await loadClassifier(given, true);
  try {
    const { info, labels } = classifier;
    const truth = await readTruthOf(options, images, labels);
    const answer = await decoding;
    const record =
      'failure' in answer
        ? { index: 0, file: name, failure: answer.failure }
        : await classifyOne(classifier, 0, name, Promise.resolve(answer.image));
    return await finish([record], labels, { info, truth, resumed: 0 });
  } finally {
    await classifier.dispose();
  }
}

async function readLabels(file: string): Promise<ClassLabel[]> {
  const { readLabelsFile } = await import('./labelsFile.js');
  return readLabelsFile(file);
}

async function readTruthOf(
  { truth }: RunClassifyOptions,
  images: ListedImages['images'],
  labels: readonly ClassLabel[],
): Promise<Truth | undefined> {
  if (!truth) return undefined;
  const { readTruth } = await import('./truth.js');
  return readTruth(truth, images, labels);
}

type Finish = (
  records: AsyncIterable<ClassifyRecord>,
  labels: readonly ClassLabel[],
  run: { info: ClassifierInfo; truth?: Truth; resumed: number },
) => Promise<ClassifyReport>;

async function runMany(
  options: RunClassifyOptions,
  given: LoadClassifierOptions,
  { images }: ListedImages,
  finish: Finish,
): Promise<ClassifyReport | undefined> {
  // What only a run over many photos needs: a single one need not wait for it.
  const { coreCount } = await import('../batch/coreCount.js');
  const { fingerprint, hashFile, hashInputs } = await import('../batch/fingerprint.js');
  const { Journal } = await import('../batch/journal.js');
  const { runBatch } = await import('../batch/runBatch.js');
  const { libraryVersions } = await import('../libraryVersions.js');
  const { noProgress, showProgress } = await import('../progress.js');
  const { json, maxPixels, workers = coreCount(), quiet, signal } = options;

  // Loaded here once too: what is wrong with the weights is known before any photo.
  const classifier: Classifier = await loadClassifier(given);
  const { info, labels } = classifier;
  await classifier.dispose();
  const truth = await readTruthOf(options, images, labels);
  const folder = json ? undefined : await mkdtemp(join(tmpdir(), 'rcnn-classify-'));
  if (json) await mkdir(dirname(resolve(json)), { recursive: true });
  const partial = json ? `${json}.partial` : join(folder!, 'results.partial');
  try {
    const { weights, ...settings } = given;
    const header = fingerprint({
      version: packageVersion(),
      libraries: await libraryVersions(given.engine),
      weights: await Promise.all([weights].flat().map(hashFile)),
      options: { ...settings, maxPixels },
      photos: await hashInputs(images),
    });
    const journal = await Journal.open<ClassifyRecord>(
      partial,
      header,
      images.length,
      options.restart ?? false,
    );
    try {
      const resumed = journal.done;
      const progress = quiet
        ? noProgress
        : showProgress('photos', images.length, resumed);
      const isComplete = await runBatch<PhotoJob, ClassifyRecord>({
        images,
        journal,
        setUp: { kind: 'classify', classifier: given, maxPixels },
        workers,
        prepare: (job) => Promise.resolve(job),
        progress,
        signal,
      });
      if (!isComplete) return undefined;
      const report = await finish(journal.records(), labels, { info, truth, resumed });
      await rm(partial);
      return report;
    } finally {
      await journal.close();
    }
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}
