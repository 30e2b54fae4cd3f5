import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ProposalRecall, SelectiveSearchOptions } from '../../proposals/index.js';
import { coreCount } from '../batch/coreCount.js';
import type { Failure } from '../batch/failure.js';
import { fingerprint, hashInputs } from '../batch/fingerprint.js';
import { Journal } from '../batch/journal.js';
import { runBatch } from '../batch/runBatch.js';
import type { PhotoJob } from '../batch/task.js';
import { UsageError } from '../errors.js';
import { StreamedFile } from '../files/streamedFile.js';
import { listImages } from '../inputs/listImages.js';
import { noPhotos } from '../inputs/noPhotos.js';
import { noProgress, showProgress } from '../progress.js';
import { packageVersion } from '../version.js';
import type { ProposalDrawing } from './drawProposals.js';
import { measureProposals, type MeasureOptions } from './measureProposals.js';
import type { ProposeRecord } from './proposeTask.js';

export interface RunProposeOptions {
  paths: readonly string[];
  /** The proposals file; JSON Lines when its name ends in .jsonl. */
  output: string;
  search: SelectiveSearchOptions;
  drawing?: ProposalDrawing;
  /** Hold the proposals against annotations. */
  measure?: MeasureOptions;
  /** @default a worker per core */
  workers?: number;
  maxPixels?: number;
  /** Throw away what an interrupted run left. */
  restart?: boolean;
  quiet?: boolean;
  signal?: AbortSignal;
}

export interface ProposeReport {
  photos: number;
  boxes: number;
  failures: ({ file: string } & Failure)[];
  /** Files in the folders given that are no photos by their names. */
  skipped: number;
  /** Seconds that the searches took, summed over the photos. */
  seconds: number;
  recall?: ProposalRecall;
}

/**
 * Proposes boxes for all photos under the given paths and writes them to one
 * file. Results in progress stand in `OUTPUT.partial`, from which a run that was
 * stopped goes on; the output itself appears whole.
 *
 * @returns undefined when the run was stopped by `signal` before its end
 */
export async function runPropose(
  options: RunProposeOptions,
): Promise<ProposeReport | undefined> {
  const { output, search, drawing, workers = coreCount(), maxPixels, signal } = options;
  const exclude = drawing ? [drawing.output] : [];
  const inputs = await listImages(options.paths, { exclude });
  const { images } = inputs;
  if (images.length === 0) throw noPhotos(options.paths, inputs);
  await mkdir(dirname(resolve(output)), { recursive: true });
  if ((await stat(output).catch(() => undefined))?.isDirectory()) {
    throw new UsageError('NOT_WRITABLE', `${output}: this is a folder; name a file`);
  }
  const header = fingerprint({
    version: packageVersion(),
    options: { search, drawing, maxPixels },
    photos: await hashInputs(images),
  });
  const partial = `${output}.partial`;
  const journal = await Journal.open<ProposeRecord>(
    partial,
    header,
    images.length,
    options.restart ?? false,
  );
  try {
    const progress = options.quiet
      ? noProgress
      : showProgress('photos', images.length, journal.done);
    const isComplete = await runBatch<PhotoJob, ProposeRecord>({
      images,
      journal,
      setUp: { kind: 'propose', search, maxPixels, drawing },
      workers,
      prepare: (job) => Promise.resolve(job),
      progress,
      signal,
    });
    if (!isComplete) return undefined;
    const report: ProposeReport = {
      photos: images.length,
      boxes: 0,
      failures: [...inputs.failures],
      skipped: inputs.skipped,
      seconds: 0,
    };
    await writeProposals(journal, output, report);
    if (options.measure) {
      report.recall = await measureProposals(journal, images, options.measure);
    }
    await rm(partial);
    return report;
  } finally {
    await journal.close();
  }
}

async function writeProposals(
  journal: Journal<ProposeRecord>,
  output: string,
  report: ProposeReport,
): Promise<void> {
  const file = await StreamedFile.create(output);
  try {
    await writeEntries(journal, file, output.endsWith('.jsonl'), report);
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function writeEntries(
  journal: Journal<ProposeRecord>,
  file: StreamedFile,
  isLines: boolean,
  report: ProposeReport,
): Promise<void> {
  if (!isLines) await file.write('{');
  let separator = '\n';
  for await (const { file: name, boxes, failure, time = 0 } of journal.records()) {
    if (failure || !boxes) {
      if (failure) report.failures.push({ file: name, ...failure });
      continue;
    }
    report.boxes += boxes.length;
    report.seconds += time / 1000;
    if (isLines) await file.write(JSON.stringify({ file: name, boxes }) + '\n');
    else {
      await file.write(`${separator}${JSON.stringify(name)}: ${JSON.stringify(boxes)}`);
      separator = ',\n';
    }
  }
  if (!isLines) await file.write('\n}\n');
  await file.finish();
}
