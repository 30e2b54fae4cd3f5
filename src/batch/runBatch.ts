import type { Progress } from '../progress.js';
import type { Journal } from './journal.js';
import type { PhotoJob, PhotoRecord, TaskSetUp } from './task.js';
import { WorkerPool } from './workerPool.js';

export interface BatchOptions<J extends PhotoJob, R extends PhotoRecord> {
  images: readonly { path: string; name: string }[];
  journal: Journal<R>;
  setUp: TaskSetUp;
  workers: number;
  /** Makes a photo's job, or its failure when it can't be worked on. */
  prepare: (job: PhotoJob) => Promise<J | R>;
  progress: Progress;
  onReady?: (info: unknown) => void;
  signal?: AbortSignal;
}

/**
 * Works through the photos that a journal does not have yet, on worker
 * processes, and appends what becomes of each. Ends early on `signal`.
 *
 * @returns whether all photos are done
 */
export async function runBatch<J extends PhotoJob, R extends PhotoRecord>(
  options: BatchOptions<J, R>,
): Promise<boolean> {
  const { images, journal, setUp, workers, prepare, progress, onReady, signal } =
    options;
  let failure: Error | undefined;
  const record = (result: R) => {
    journal.append(result).catch((error: Error) => (failure ??= error));
    progress.step(result.failure !== undefined);
  };
  async function* jobs(): AsyncGenerator<J> {
    for (let index = 0; index < images.length; index++) {
      if (journal.has(index)) continue;
      if (failure) throw failure;
      const job = await prepare({ index, ...images[index] });
      if ('failure' in job) record(job);
      else yield job as J;
    }
  }
  const left = images.length - journal.done;
  const pool = new WorkerPool<J, R>({
    size: Math.min(workers, left),
    setUp,
    onReady,
    onResult: record,
    onCrash: ({ index, name }, reason) =>
      record({
        index,
        file: name,
        failure: {
          code: 'WORKER_CRASHED',
          reason: `the worker process ended with ${reason} on this photo, twice`,
        },
      } as R),
  });
  const stopProgress = () => progress.stop();
  signal?.addEventListener('abort', stopProgress);
  try {
    if (left > 0) await pool.run(jobs(), signal);
  } finally {
    signal?.removeEventListener('abort', stopProgress);
    progress.stop();
  }
  if (failure) throw failure;
  return journal.done === images.length;
}
