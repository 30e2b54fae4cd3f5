/** The program of a worker process: one job after the other, answers by message. */
import type { Job, SerializedError, WorkerMessage } from './workerPool.js';
import type { Task, TaskSetUp } from './task.js';

/** A worker loads what its own task needs. */
const TASKS = {
  classify: async () =>
    (await import('../classify/classifyTask.js')).createClassifyTask,
  detect: async () => (await import('../detect/detectTask.js')).createDetectTask,
  propose: async () => (await import('../propose/proposeTask.js')).createProposeTask,
};

type Incoming = { setUp: TaskSetUp } | { drop: number[] } | Job;

let task: Task | undefined;
let queue: Job[] = [];
let isBusy = false;

function send(message: WorkerMessage<unknown>): void {
  // The parent may be gone; then this process ends by 'disconnect'.
  if (process.connected) process.send!(message, undefined, undefined, () => undefined);
}

function serialize(error: unknown): SerializedError {
  const { name, code, message, stack } = error as Error & { code?: string };
  return { name, code, message, stack };
}

async function setUp(settings: TaskSetUp): Promise<void> {
  try {
    const create = (await TASKS[settings.kind]()) as (s: TaskSetUp) => Promise<Task>;
    task = await create(settings);
    send({ kind: 'ready', info: task.info });
    await work();
  } catch (error) {
    send({ kind: 'unusable', error: serialize(error) });
  }
}

async function work(): Promise<void> {
  if (isBusy || !task) return;
  isBusy = true;
  for (let job = queue.shift(); job; job = queue.shift()) {
    try {
      send({ kind: 'done', result: await task.run(job) });
    } catch (error) {
      // Not the photo's fault: the run can't go on.
      send({ kind: 'unusable', error: serialize(error) });
      return;
    }
    // Let messages in (a drop, above all) between two jobs.
    await new Promise(setImmediate);
  }
  isBusy = false;
}

process.on('message', (message: Incoming) => {
  if ('setUp' in message) void setUp(message.setUp);
  else if ('drop' in message) {
    queue = queue.filter(({ index }) => !message.drop.includes(index));
  } else {
    queue.push(message);
    void work();
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the parent decides what is still finished.
process.on('SIGINT', () => undefined);
