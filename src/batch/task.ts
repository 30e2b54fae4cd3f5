import type { DetectSetUp } from '../detect/detectTask.js';
import type { ClassifySetUp } from '../classify/classifyTask.js';
import type { ProposeSetUp } from '../propose/proposeTask.js';
import type { JournalRecord } from './journal.js';
import type { Job } from './workerPool.js';

/** One photo for a worker. */
export interface PhotoJob extends Job {
  /** Absolute path of the file. */
  path: string;
  /** Its name in the results: relative to the folder given, with '/'. */
  name: string;
}

/** What every result of a photo has; `failure` is set when it could not be used. */
export interface PhotoRecord extends JournalRecord {
  file: string;
}

/** How a worker is set up; sent once to each. */
export type TaskSetUp = ClassifySetUp | DetectSetUp | ProposeSetUp;

/** What a worker does with each job. */
export interface Task<R extends PhotoRecord = PhotoRecord> {
  /** Told to the parent when the worker is ready. */
  info: unknown;
  /** Never rejects on account of a bad photo: that is a record with a `failure`. */
  run(job: Job): Promise<R>;
}
