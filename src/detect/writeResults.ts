import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { DetectorInfo, EnsembleMethod } from '../../detectors/loadDetector.js';
import type { Failure } from '../batch/failure.js';
import type { Journal } from '../batch/journal.js';
import {
  csvResults,
  vocResults,
  yoloResults,
  type PhotoResult,
  type ResultWriter,
} from '../formats/index.js';
import { JsonArrayFile } from '../files/jsonArrayFile.js';
import { cocoResults, imagesFile } from './resultFiles.js';
import type { DetectRecord } from './detectTask.js';
import type { PhotoIds } from './photoIds.js';

/** Forms in which results can be written beside COCO's. */
export const RESULT_FORMATS = ['voc', 'yolo'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

/** Files that a finished run leaves in its folder. */
export const RESULT_FILES = [
  'detections.json',
  'images.json',
  'failures.json',
  'detections.csv',
  'run.json',
];

/** `run.json`: where the results come from. Schema: schemas/run.schema.json. */
export interface DetectReport {
  tool: { name: 'googlenet-rcnn'; version: string };
  node: string;
  platform: string;
  startedAt: string;
  finishedAt: string;
  model: {
    name: string;
    file: string;
    sha256: string;
    /** The model's classes under its own ids, which the journal has. */
    classes: readonly { id: number; name: string }[];
  };
  /** All models of an ensemble, of which `model` is the first. */
  ensemble?: { method: EnsembleMethod; models: DetectorInfo['model'][] };
  /** What ran the network and why. */
  engine: DetectorInfo['engine'];
  options: Record<string, unknown>;
  /** Versions of the libraries that the results depend on. */
  libraries: Record<string, string>;
  fingerprint: string;
  workers: number;
  counts: {
    photos: number;
    detected: number;
    failed: number;
    /** Files in the folders given that are no photos by their names. */
    skipped: number;
    /** Photos that an earlier, interrupted run had done. */
    resumed: number;
    proposals: number;
    detections: number;
    /** Photos that the annotations don't have; only with annotations. */
    notAnnotated?: number;
    /** The model's classes that the annotations don't have; only with annotations. */
    unknownClasses?: readonly string[];
  };
  /** Worker seconds by stage, summed over the photos. */
  seconds: Record<string, number>;
}

export interface WriteResultsOptions {
  output: string;
  journal: Journal<DetectRecord>;
  ids: PhotoIds;
  /** The model's classes under its own ids, without the background. */
  classes: readonly { id: number; name: string }[];
  formats: readonly ResultFormat[];
  /** Paths that gave no photo at all. */
  inputFailures: readonly ({ file: string } & Failure)[];
  run: Omit<DetectReport, 'tool' | 'finishedAt' | 'counts' | 'seconds'> & {
    version: string;
    skipped: number;
    photos: number;
    resumed: number;
  };
}

/**
 * Turns a finished journal into the result files, in the order of the photos,
 * one photo in memory at a time: `detections.json`, `images.json`,
 * `failures.json`, `detections.csv`, `run.json` and what `formats` asks for.
 */
export async function writeResults(
  options: WriteResultsOptions,
): Promise<DetectReport> {
  const { output, journal, ids, classes, formats, inputFailures, run } = options;
  const { version, skipped, photos, resumed, ...provenance } = run;
  const categories = classes.map(({ id, name }) => ({ id: ids.categoryId(id), name }));
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const counts: DetectReport['counts'] = {
    photos,
    detected: 0,
    failed: inputFailures.length,
    skipped,
    resumed,
    proposals: 0,
    detections: 0,
    notAnnotated: ids.notAnnotated,
    unknownClasses: ids.notAnnotated === undefined ? undefined : ids.unknownClasses,
  };
  const seconds: Record<string, number> = {};

  const failures = await JsonArrayFile.create(join(output, 'failures.json'));
  for (const failure of inputFailures) await failures.add(failure);
  const files: ResultWriter[] = [
    await cocoResults(join(output, 'detections.json')),
    await imagesFile(join(output, 'images.json'), {
      version,
      categories,
      model: run.model,
      ensemble: run.ensemble,
    }),
    await csvResults(join(output, 'detections.csv')),
    ...(await Promise.all(
      formats.map((format) =>
        format === 'voc'
          ? vocResults(join(output, 'voc'))
          : yoloResults(
              join(output, 'yolo'),
              classes.map(({ name }) => name),
            ),
      ),
    )),
  ];
  for await (const record of journal.records()) {
    if (record.failure) {
      counts.failed++;
      await failures.add({ file: record.file, ...record.failure });
      continue;
    }
    const photo = photoResults(record, ids, names);
    for (const file of files) await file.add(photo);
    counts.detected++;
    counts.proposals += record.proposals ?? 0;
    counts.detections += photo.detections.length;
    for (const [stage, time] of Object.entries(record.times ?? {})) {
      seconds[stage] = (seconds[stage] ?? 0) + time / 1000;
    }
  }
  for (const file of files) await file.finish();
  await failures.finish();

  const report: DetectReport = {
    tool: { name: 'googlenet-rcnn', version },
    ...provenance,
    finishedAt: new Date().toISOString(),
    counts,
    seconds: Object.fromEntries(
      Object.entries(seconds).map(([stage, time]) => [stage, Number(time.toFixed(3))]),
    ),
  };
  await writeFileAtomic(
    join(output, 'run.json'),
    JSON.stringify(report, null, 2) + '\n',
  );
  return report;
}

function photoResults(
  { index, file, width = 0, height = 0, detections = [] }: DetectRecord,
  ids: PhotoIds,
  names: ReadonlyMap<number, string>,
): PhotoResult {
  return {
    file,
    id: ids.photoId(index),
    width,
    height,
    detections: detections.map(([x1, y1, x2, y2, classId, score]) => ({
      box: [x1, y1, x2, y2],
      categoryId: ids.categoryId(classId),
      className: names.get(classId) ?? String(classId),
      score,
    })),
  };
}
