import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { cpus, platform, release } from 'node:os';
import { join, resolve } from 'node:path';
import { checkPipelineOptions } from '../../detectors/pipeline/checkOptions.js';
import {
  checkSameClasses,
  defaultModelFile,
  readDetectorFile,
  type DetectOptions,
  type DetectorInfo,
  type EnsembleMethod,
} from '../../detectors/loadDetector.js';
import type { Precision } from '../../detectors/engines/engine.js';
import { chooseEngine, type EngineName } from '../../detectors/engines/chooseEngine.js';
import { coreCount } from '../batch/coreCount.js';
import { failureOf } from '../batch/failure.js';
import { fingerprint, hashFile, hashInputs } from '../batch/fingerprint.js';
import { Journal } from '../batch/journal.js';
import { runBatch } from '../batch/runBatch.js';
import type { PhotoJob } from '../batch/task.js';
import { UsageError } from '../errors.js';
import { parseAnnotations } from '../../eval/index.js';
import { readInputFile } from '../files/readInputFile.js';
import { listImages } from '../inputs/listImages.js';
import { noPhotos } from '../inputs/noPhotos.js';
import { noProgress, showProgress } from '../progress.js';
import { libraryVersions } from '../libraryVersions.js';
import { packageVersion } from '../version.js';
import type { DetectJob, DetectRecord, DetectSetUp } from './detectTask.js';
import { numberPhotos, type AnnotatedIds } from './photoIds.js';
import { ProposalsFile } from './proposalsFile.js';
import {
  RESULT_FILES,
  writeResults,
  type DetectReport,
  type ResultFormat,
} from './writeResults.js';

export interface RunDetectOptions {
  /** Folders, files and globs. */
  paths: readonly string[];
  /** Folder for the results. */
  output: string;
  annotations?: string;
  /** A detector's file, or those of an ensemble. */
  model?: readonly string[];
  ensemble?: EnsembleMethod;
  engine?: EngineName;
  precision?: Precision;
  /** A proposals file to use instead of selective search. */
  proposals?: string;
  detect: DetectOptions;
  draw?: { threshold: number };
  saveCrops?: { threshold: number };
  /** Further forms of the results. */
  formats?: readonly ResultFormat[];
  /** @default a worker per core */
  workers?: number;
  maxPixels?: number;
  /** Keep in the journal what the detections were selected from, for \`rcnn explain\`. */
  trace?: boolean;
  /** Throw away what an earlier run left in the output folder. */
  restart?: boolean;
  quiet?: boolean;
  signal?: AbortSignal;
}

/** Files of the output folder. */
const JOURNAL = 'results.jsonl';
/** Folders of it that hold files by photo. */
const PICTURE_FOLDERS = ['pictures', 'crops', 'voc', 'yolo'];

/**
 * Detects objects in all photos under the given paths, on all cores, and leaves
 * the results in the output folder. What is done is in the journal
 * (`results.jsonl`); a run that was stopped goes on from it.
 *
 * @returns undefined when the run was stopped by `signal` before its end
 * @throws UsageError, DetectorError
 */
export async function runDetect(
  options: RunDetectOptions,
): Promise<DetectReport | undefined> {
  const { output, detect, workers = coreCount(), signal, quiet = false } = options;
  const startedAt = new Date();
  const modelFiles = options.model ?? [defaultModelFile()];
  const models = await Promise.all(modelFiles.map(readDetectorFile));
  const [{ model, info: modelInfo }] = models;
  for (const { model: other, info } of models)
    checkSameClasses(model, other, info.file);
  const ensemble = models.length > 1 ? (options.ensemble ?? 'mean') : undefined;
  checkPipelineOptions(detect, model);

  const inputs = await listImages(options.paths, {
    // A folder can hold its own photos and results: what was drawn is no photo.
    exclude: [output, join(output, 'pictures'), join(output, 'crops')],
  });
  const { images } = inputs;
  if (images.length === 0) throw noPhotos(options.paths, inputs);
  const annotated = options.annotations
    ? await readAnnotatedIds(options.annotations)
    : undefined;
  const { names: classNames, ids: classIds } = model.classes;
  const classes = classNames.slice(1).map((name, i) => ({ id: classIds[i + 1], name }));
  const ids = numberPhotos(images, classes, annotated);
  const names = images.map(({ name }) => name);
  const proposals = options.proposals
    ? await ProposalsFile.open(options.proposals, names)
    : undefined;

  await mkdir(output, { recursive: true });
  const { draw, saveCrops, formats = [], maxPixels, trace } = options;
  const { engine, precision } = options;
  const header = fingerprint({
    version: packageVersion(),
    libraries: libraryVersions(),
    model: models.map(({ info }) => info.sha256),
    options: {
      ...detect,
      ...{ engine, precision, ensemble, draw, saveCrops, formats, maxPixels, trace },
    },
    photos: await hashInputs(images),
    annotations: options.annotations && (await hashFile(options.annotations)),
    proposals: options.proposals && (await fileStamp(options.proposals)),
  });
  await refuseForeignResults(output, options.restart ?? false);
  if (options.restart && (await exists(join(output, JOURNAL)))) {
    for (const folder of PICTURE_FOLDERS) {
      await rm(join(output, folder), { recursive: true, force: true });
    }
  }
  const journal = await Journal.open<DetectRecord>(
    join(output, JOURNAL),
    header,
    images.length,
    options.restart ?? false,
  );
  try {
    const resumed = journal.done;
    if (resumed === images.length) {
      const earlier = await readReport(output);
      // Nothing is left to do: what was written then tells how it came about.
      if (earlier?.fingerprint === header.fingerprint) return earlier;
    }
    // Results of an earlier run must not stand beside an unfinished one's journal.
    await removeResults(output);
    const progress = quiet
      ? noProgress
      : showProgress('photos', images.length, resumed);
    let engineInfo: DetectorInfo['engine'] | undefined;
    const setUp: DetectSetUp = {
      kind: 'detect',
      detector: { ...detect, model: modelFiles, engine, precision, ensemble },
      maxPixels,
      pictures: { output: resolve(output), draw, saveCrops },
      trace,
    };
    const isComplete = await runBatch<DetectJob, DetectRecord>({
      images,
      journal,
      setUp,
      workers,
      prepare: (job) => withProposals(job, proposals),
      progress,
      onReady: (info) => (engineInfo ??= (info as DetectorInfo).engine),
      signal,
    });
    if (!isComplete) return undefined;
    return await writeResults({
      output,
      journal,
      ids,
      classes,
      formats,
      inputFailures: inputs.failures,
      run: {
        version: packageVersion(),
        node: process.version,
        platform: `${platform()} ${release()}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
        startedAt: startedAt.toISOString(),
        model: { ...modelInfo, classes },
        ensemble: ensemble && {
          method: ensemble,
          models: models.map(({ info }) => info),
        },
        // All photos were done before: the engine is asked for its name alone.
        engine: engineInfo ?? (await engineOf(engine)),
        options: {
          ...detect,
          ...{ engine, precision, draw, saveCrops, formats, maxPixels, trace },
          proposals: options.proposals,
          annotations: options.annotations,
        },
        libraries: libraryVersions(),
        workers,
        fingerprint: header.fingerprint,
        photos: images.length,
        resumed,
        skipped: inputs.skipped,
      },
    });
  } finally {
    await journal.close();
    await proposals?.close();
  }
}

/**
 * @throws UsageError BAD_IMAGE_ID when an image's id is no integer: results of
 *   COCO's form can't refer to it
 */
async function readAnnotatedIds(path: string): Promise<AnnotatedIds> {
  const { images, categories } = parseAnnotations(await readInputFile(path), path);
  const integer = (id: unknown, where: string) => {
    if (Number.isSafeInteger(Number(id))) return Number(id);
    throw new UsageError(
      'BAD_IMAGE_ID',
      `${path}: ${where}.id: ${JSON.stringify(id)} is no integer, which results of COCO's form need; number them anew`,
    );
  };
  return {
    images: images.map(({ id, file_name }, i) => ({
      id: integer(id, `images[${i}]`),
      file_name: file_name ?? '',
    })),
    categories: categories.map(({ id, name }, i) => ({
      id: integer(id, `categories[${i}]`),
      name: name ?? '',
    })),
  };
}

async function withProposals(
  job: PhotoJob,
  file: ProposalsFile | undefined,
): Promise<DetectJob | DetectRecord> {
  if (!file) return job;
  const { index, name } = job;
  try {
    const proposals = await file.boxes(name);
    if (proposals) return { ...job, proposals };
    const reason =
      'the proposals file has no entry of this name; propose boxes for all photos';
    return { index, file: name, failure: { code: 'NO_PROPOSALS', reason } };
  } catch (error) {
    return { index, file: name, failure: failureOf(error) };
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Results in the folder that no journal of ours accounts for are not overwritten. */
async function refuseForeignResults(output: string, restart: boolean): Promise<void> {
  const isThere = (name: string) => exists(join(output, name));
  if (!restart && !(await isThere(JOURNAL)) && (await isThere('detections.json'))) {
    throw new UsageError(
      'OTHER_RUN',
      `${output} holds a detections.json without its ${JOURNAL}; name another output, or overwrite it with --restart`,
    );
  }
}

/** The report of a finished run, if there is one. */
async function readReport(output: string): Promise<DetectReport | undefined> {
  const text = await readFile(join(output, 'run.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DetectReport);
}

async function engineOf(name: EngineName | undefined): Promise<DetectorInfo['engine']> {
  const { engine, reason } = await chooseEngine(name);
  return { name: engine.name, version: engine.version, device: engine.device, reason };
}

/** Results, and what a run that was killed while writing them left half-written. */
async function removeResults(output: string): Promise<void> {
  for (const name of await readdir(output)) {
    const whole = name.replace(/\.\d+\.tmp$/, '');
    if (RESULT_FILES.includes(whole)) await rm(join(output, name), { force: true });
  }
}

/** A large file by its size and time of change: hashing it all would take long. */
async function fileStamp(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size} ${mtimeMs}`;
}
