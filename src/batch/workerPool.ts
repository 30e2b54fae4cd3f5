import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A job for a worker process; its answer carries the same index. */
export interface Job {
  index: number;
}

/** What a worker sends back. */
export type WorkerMessage<Result> =
  | { kind: 'ready'; info: unknown }
  | { kind: 'unusable'; error: SerializedError }
  | { kind: 'done'; result: Result };

export interface SerializedError {
  name: string;
  code?: string;
  message: string;
  stack?: string;
}

/** Thrown when the worker processes can't be used at all. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  constructor(
    message: string,
    readonly code?: string,
    readonly reported?: SerializedError,
  ) {
    super(message);
    if (reported?.stack) this.stack = reported.stack;
  }

  /** Whether the message says all; else it is a defect, and the stack is needed. */
  get isExpected(): boolean {
    return !this.reported || /^(DetectorError|UsageError)$/.test(this.reported.name);
  }
}

/** So many jobs in a row that end their workers are the machine's fault, not theirs. */
const MAX_FAILED_IN_A_ROW = 10;

/** Jobs that are with a worker at a time: one computed, one waiting. */
const JOBS_PER_WORKER = 2;

interface Worker<J> {
  process: ChildProcess;
  jobs: J[];
}

/**
 * Worker processes that compute jobs, a process per core: native libraries and
 * their threads stay apart, and a crash takes one job with it.
 *
 * A job whose worker dies goes to a new worker, once: it may have been the
 * system that was short of memory. At the second time it is given to `onCrash`.
 */
export class WorkerPool<J extends Job, Result> {
  readonly #workers = new Set<Worker<J>>();
  readonly #events = new EventEmitter();
  readonly #returned: J[] = [];
  #isClosing = false;
  #failedInARow = 0;
  /** Jobs whose worker has died; they get a second chance. */
  readonly #crashedOnce = new Set<number>();
  #failure: Error | undefined;

  constructor(
    private readonly options: {
      size: number;
      /** The workers' program. @default worker.js beside this */
      program?: URL;
      /** Sent to each worker when it starts. */
      setUp: unknown;
      onResult: (result: Result) => void;
      /** What a worker says of itself when it is ready. */
      onReady?: (info: unknown) => void;
      onCrash: (job: J, reason: string) => void;
    },
  ) {}

  /**
   * Runs all jobs; pulls the next one only when a worker has room, so that
   * memory does not grow with their number.
   *
   * @throws WorkerError when a worker can't be set up
   */
  async run(jobs: AsyncIterable<J>, signal?: AbortSignal): Promise<void> {
    const source = jobs[Symbol.asyncIterator]();
    const wake = () => this.#events.emit('change');
    signal?.addEventListener('abort', wake);
    let next: J | undefined;
    let isExhausted = false;
    try {
      for (;;) {
        if (this.#failure) throw this.#failure;
        if (signal?.aborted) break;
        next ??= this.#returned.pop();
        if (!next && !isExhausted) {
          const item = await source.next();
          if (item.done) isExhausted = true;
          else next = item.value;
          continue;
        }
        if (!next && this.#busy() === 0 && this.#returned.length === 0) break;
        const worker = next && this.#roomiest();
        if (next && worker) {
          worker.jobs.push(next);
          worker.process.send(next);
          next = undefined;
        } else await once(this.#events, 'change');
      }
      // Interrupted: what is being computed is finished, what waits is not begun.
      if (signal?.aborted) this.#dropWaiting();
      while (this.#busy() > 0 && !this.#failure) await once(this.#events, 'change');
    } finally {
      signal?.removeEventListener('abort', wake);
      await source.return?.();
      this.close();
    }
  }

  /** Ends all workers at once. */
  close(): void {
    this.#isClosing = true;
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
    this.#workers.clear();
  }

  /** Makes workers forget the jobs that wait behind the one being computed. */
  #dropWaiting(): void {
    for (const worker of this.#workers) {
      const waiting = worker.jobs.splice(1);
      if (waiting.length > 0) {
        worker.process.send({ drop: waiting.map(({ index }) => index) });
      }
    }
  }

  #busy(): number {
    let count = 0;
    for (const { jobs } of this.#workers) count += jobs.length;
    return count;
  }

  #roomiest(): Worker<J> | undefined {
    let best: Worker<J> | undefined;
    for (const worker of this.#workers) {
      if (!best || worker.jobs.length < best.jobs.length) best = worker;
    }
    if ((!best || best.jobs.length > 0) && this.#workers.size < this.options.size) {
      return this.#start();
    }
    return best && best.jobs.length < JOBS_PER_WORKER ? best : undefined;
  }

  #start(): Worker<J> {
    const { program = new URL('./worker.js', import.meta.url) } = this.options;
    const file = fileURLToPath(program);
    const child = fork(file, {
      serialization: 'advanced',
      // As in the onnx engine; here it holds before any library is loaded.
      env: { ORT_DISABLE_TELEMETRY: '1', ...process.env },
    });
    const worker: Worker<J> = { process: child, jobs: [] };
    this.#workers.add(worker);
    child.on('message', (message: WorkerMessage<Result>) =>
      this.#receive(worker, message),
    );
    child.on('exit', (code, signal) =>
      this.#exited(worker, signal ?? `exit code ${code}`),
    );
    child.on('error', (error) => {
      // A message that a dying process did not take is seen to when it has ended.
      if (child.pid === undefined) this.#fail(new WorkerError(error.message));
    });
    child.send({ setUp: this.options.setUp });
    return worker;
  }

  #receive(worker: Worker<J>, message: WorkerMessage<Result>): void {
    if (message.kind === 'ready') this.options.onReady?.(message.info);
    else if (message.kind === 'unusable') {
      const { error } = message;
      this.#fail(new WorkerError(error.message, error.code, error));
    } else {
      worker.jobs.shift();
      this.#failedInARow = 0;
      this.options.onResult(message.result);
      this.#events.emit('change');
    }
  }

  #exited(worker: Worker<J>, reason: string): void {
    if (!this.#workers.delete(worker) || this.#isClosing) return;
    const [crashed, ...waiting] = worker.jobs;
    this.#returned.push(...waiting);
    if (!crashed) {
      this.#fail(new WorkerError(`a worker process ended with ${reason} without work`));
    } else if (this.#crashedOnce.has(crashed.index)) {
      this.#failedInARow++;
      if (this.#failedInARow < MAX_FAILED_IN_A_ROW)
        this.options.onCrash(crashed, reason);
      else {
        this.#fail(
          new WorkerError(
            `worker processes end with ${reason} on ${this.#failedInARow} jobs in a row; this machine may be short of memory, or a library does not run on it`,
          ),
        );
      }
    } else {
      this.#crashedOnce.add(crashed.index);
      this.#returned.push(crashed);
    }
    this.#events.emit('change');
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#events.emit('change');
  }
}
