import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WorkerError, WorkerPool, type Job } from '../../../src/batch/workerPool.js';

interface TestJob extends Job {
  /** How often the worker dies of it; counted in a file. */
  deaths: number;
}

const folder = mkdtempSync(join(tmpdir(), 'rcnn-pool-'));
const program = join(folder, 'worker.mjs');
writeFileSync(
  program,
  `
  import { appendFileSync, readFileSync } from 'node:fs';
  process.on('message', (message) => {
    if (message.setUp === 'bad') process.send({ kind: 'unusable', error: { name: 'DetectorError', message: 'no engine' } });
    else if (message.setUp) process.send({ kind: 'ready', info: message.setUp });
    else if (!message.drop) {
      const mark = message.file + '.' + message.index;
      appendFileSync(mark, 'x');
      if (readFileSync(mark).length <= message.deaths) process.kill(process.pid, 'SIGSEGV');
      else process.send({ kind: 'done', result: message.index });
    }
  });
  process.on('disconnect', () => process.exit());
  `,
);

let runs = 0;
async function run(deaths: readonly number[], size = 2, setUp = 'fine') {
  const file = join(folder, String(runs++));
  const done: number[] = [];
  const crashed: number[] = [];
  const pool = new WorkerPool<TestJob & { file: string }, number>({
    size,
    program: pathToFileURL(program),
    setUp,
    onResult: (index) => done.push(index),
    onCrash: ({ index }) => crashed.push(index),
  });
  async function* jobs() {
    await Promise.resolve();
    for (const [index, n] of deaths.entries()) yield { index, deaths: n, file };
  }
  await pool.run(jobs());
  return { done: done.sort((a, b) => a - b), crashed: crashed.sort((a, b) => a - b) };
}

describe('WorkerPool', () => {
  it.each([1, 3])('does all jobs with %i workers', async (size) => {
    expect(await run([0, 0, 0, 0, 0], size)).toEqual({
      done: [0, 1, 2, 3, 4],
      crashed: [],
    });
  });

  it('tries a job again whose worker died, and gives it up at the second time', async () => {
    expect(await run([0, 1, 0, 2, 0, 1])).toEqual({
      done: [0, 1, 2, 4, 5],
      crashed: [3],
    });
  });

  it('goes on past several bad jobs in a row, with one worker too', async () => {
    expect(await run([2, 2, 2, 2, 0], 1)).toEqual({ done: [4], crashed: [0, 1, 2, 3] });
  });

  it('stops when every job ends its worker', async () => {
    await expect(run(Array.from({ length: 30 }, () => 9))).rejects.toThrow(
      /10 jobs in a row/,
    );
  });

  it('tells why workers cannot be set up', async () => {
    const failure: unknown = await run([0], 1, 'bad').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerError);
    expect((failure as WorkerError).message).toBe('no engine');
    expect((failure as WorkerError).isExpected).toBe(true);
  });
});
