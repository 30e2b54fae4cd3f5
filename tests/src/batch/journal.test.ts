import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { fingerprint } from '../../../src/batch/fingerprint.js';
import { Journal, type JournalRecord } from '../../../src/batch/journal.js';
import { UsageError } from '../../../src/errors.js';

interface Line extends JournalRecord {
  text: string;
}

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'rcnn-journal-')), 'results.jsonl');
});
const header = fingerprint({ options: { a: 1 }, photos: 'x' });
const open = (inputs = 5, restart = false, of = header) =>
  Journal.open<Line>(path, of, inputs, restart);
const all = async (journal: Journal<Line>) => {
  const lines: Line[] = [];
  for await (const line of journal.records()) lines.push(line);
  return lines;
};

it('gives results in the order of the inputs, whatever the order they came in', async () => {
  const journal = await open();
  for (const index of [3, 0, 4])
    await journal.append({ index, text: `größe ${index}` });
  expect(journal.done).toBe(3);
  expect(journal.has(1)).toBe(false);
  expect((await all(journal)).map(({ index }) => index)).toEqual([0, 3, 4]);
  await journal.close();

  const again = await open();
  expect(again.done).toBe(3);
  await again.append({ index: 1, text: 'later' });
  await again.append({ index: 1, text: 'twice' });
  expect(await all(again)).toEqual([
    { index: 0, text: 'größe 0' },
    { index: 1, text: 'later' },
    { index: 3, text: 'größe 3' },
    { index: 4, text: 'größe 4' },
  ]);
  await again.close();
});

it('goes on from a file cut at any byte, with every whole line and no other', async () => {
  const journal = await open();
  for (let index = 0; index < 5; index++) {
    await journal.append({ index, text: 'ä'.repeat(index) });
  }
  await journal.close();
  const whole = readFileSync(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (length) => {
      appendFileSync(path, whole.subarray(readFileSync(path).length));
      truncateSync(path, length);
      const linesLeft =
        whole.subarray(0, length).toString('utf8').split('\n').length - 1;
      const cut = await open();
      expect(cut.done).toBe(Math.max(0, linesLeft - 1));
      for (let index = 0; index < 5; index++) {
        await cut.append({ index, text: 'ä'.repeat(index) });
      }
      await cut.close();
      expect(readFileSync(path)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

it('refuses the journal of another run, naming what differs, unless told to restart', async () => {
  const journal = await open();
  await journal.append({ index: 0, text: '' });
  await journal.close();
  const other = fingerprint({ options: { a: 2 }, photos: 'x' });
  const refusal = await open(5, false, other).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(UsageError);
  expect((refusal as Error).message).toMatch(/other options;.*--restart/);
  const fresh = await open(5, true, other);
  expect(fresh.done).toBe(0);
  await fresh.close();
});

it('leaves lines that are of no use aside', async () => {
  const journal = await open();
  await journal.append({ index: 0, text: 'a' });
  await journal.close();
  appendFileSync(
    path,
    'not json\n{"index":99,"text":"no such input"}\n{"index":2,"text":"b"}\n',
  );
  const again = await open();
  expect((await all(again)).map(({ text }) => text)).toEqual(['a', 'b']);
  await again.close();
});

it('lets one process write at a time, and takes over from one that is gone', async () => {
  writeFileSync(`${path}.lock`, String(process.ppid));
  await expect(open()).rejects.toThrow(`being written by process ${process.ppid}`);
  // No system gives out such a number.
  writeFileSync(`${path}.lock`, '999999999');
  const journal = await open();
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe(String(process.pid));
  await journal.close();
  expect(existsSync(`${path}.lock`)).toBe(false);
});

it('does not touch a file that is no journal, unless told to restart', async () => {
  writeFileSync(path, 'my own notes');
  await expect(open()).rejects.toThrow(/no journal of ours/);
  expect(readFileSync(path, 'utf8')).toBe('my own notes');
  writeFileSync(path, 'notes\nof several lines\n');
  await expect(open()).rejects.toThrow(/--restart/);
  await (await open(5, true)).close();
});

it('tries again what may have passed, and keeps what will not', async () => {
  const journal = await open();
  const failed = (index: number, code: string) =>
    journal.append({ index, text: code, failure: { code, reason: '' } });
  await failed(0, 'UNREADABLE');
  await failed(1, 'WORKER_CRASHED');
  await failed(2, 'NOT_AN_IMAGE');
  await journal.close();
  const again = await open();
  expect([0, 1, 2].map((index) => again.has(index))).toEqual([false, false, true]);
  await again.append({ index: 0, text: 'now it works' });
  await again.close();
  const third = await open();
  expect((await all(third)).map(({ text }) => text)).toEqual([
    'now it works',
    'NOT_AN_IMAGE',
  ]);
  await third.close();
});
