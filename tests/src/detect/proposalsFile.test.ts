import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { ProposalsFile } from '../../../src/detect/proposalsFile.js';

const folder = mkdtempSync(join(tmpdir(), 'rcnn-proposals-'));
let count = 0;
const file = (text: string, extension = '.json') => {
  const path = join(folder, `${count++}${extension}`);
  writeFileSync(path, text);
  return path;
};
const boxes = async (path: string, name: string, names = [name]) => {
  const proposals = await ProposalsFile.open(path, names);
  try {
    const found = await proposals.boxes(name);
    return found && [...found];
  } finally {
    await proposals.close();
  }
};
const refusal = async (work: Promise<unknown>) => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  return (error as Error).message;
};

describe('ProposalsFile', () => {
  it('finds what JSON.parse finds, in any layout and with any names', async () => {
    const entry = fc.tuple(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99)), {
        maxLength: 3,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 5 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.boolean(),
        async (entries, indent, asLines) => {
          const path = asLines
            ? file(
                entries
                  .map(([name, rows]) => JSON.stringify({ file: name, boxes: rows }))
                  .join('\r\n'),
                '.jsonl',
              )
            : file(
                JSON.stringify(
                  Object.fromEntries(entries.filter(([name]) => name !== '__proto__')),
                  null,
                  indent,
                ),
              );
          for (const [name, rows] of entries) {
            if (!asLines && name === '__proto__') continue;
            expect(await boxes(path, name)).toEqual(rows.flat());
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes a bare file name when only one photo has it', async () => {
    const path = file('{"x.jpg": [[1, 2, 3, 4]]}');
    expect(await boxes(path, 'a/x.jpg', ['a/x.jpg', 'b/y.jpg'])).toEqual([1, 2, 3, 4]);
    expect(await boxes(path, 'a/x.jpg', ['a/x.jpg', 'b/x.jpg'])).toBeUndefined();
    expect(await boxes(path, 'other.jpg')).toBeUndefined();
  });

  it.each([
    ['', /truncated/],
    ['[]', /no JSON object/],
    ['{"a": [[1,2,3,4]]', /truncated/],
    ['{"a": [[1,2,3,4]]} x', /no JSON object/],
    ['{"a": [[1,2,3]]}', /boxes of "a": number 0 is \[1,2,3\]/],
    ['{"a": [[1,2,3,null]]}', /number 0/],
    ['{"a": {"b": 1}}', /no array/],
    ['{"a": [[1,2,3,4],]}', /no JSON/],
    ['{"a": 5}', /no array/],
    ['{"a": [[1,2,3,4]] "b": []}', /byte 19 can't stand/],
    ['{"a": [] [1]}', /no JSON/],
    ['{"a"}', /can't stand/],
    ['{"a": [],}', /can't stand/],
    ['{"a" "b": []}', /can't stand/],
    ['{"a": [], , "b": []}', /can't stand/],
    ['{"b": 1, "a": : []}', /can't stand/],
  ])('refuses %j', async (text, message) => {
    expect(await refusal(boxes(file(text), 'a'))).toMatch(message);
  });

  it.each([
    ['{"file": "a", "boxes": [[1,2,3,4]]}\n{"file": ', /line 2 is no JSON/],
    ['{"boxes": []}', /line 1 has no "file"/],
    ['null', /line 1 has no "file"/],
  ])('refuses the lines %j', async (text, message) => {
    expect(await refusal(boxes(file(text, '.jsonl'), 'a'))).toMatch(message);
  });
});
