import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CocoDetection, DetectionColumns } from '../../eval/index.js';
import {
  createDetectionReader,
  EvaluationError,
  parseDetectionColumns,
  tabulateDetections,
} from '../../eval/index.js';
import { numberEnd, parseNumber } from '../../eval/parse/parseNumber.js';
import { randomDataset } from './randomDataset.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function readInPieces(bytes: Uint8Array, size: number): DetectionColumns {
  const reader = createDetectionReader('d.json');
  for (let i = 0; i < bytes.length; i += size)
    reader.write(bytes.subarray(i, i + size));
  return reader.end();
}

describe('parseNumber', () => {
  const parse = (text: string) => {
    const value = parseNumber(bytesOf(`${text},`), 0);
    if (!Number.isNaN(value)) expect(numberEnd, text).toBe(text.length);
    return value;
  };

  it('rounds as Number does', () => {
    const check = (text: string) => expect(parse(text), text).toBe(Number(text));
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        check(String(value));
        check(value.toExponential());
        if (Math.abs(value) < 1e38) check(String(Math.fround(value)));
        check(String(value % 1000));
        check((value % 1000).toFixed(18));
      }),
      { numRuns: 4000 },
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.nat(24),
        fc.integer({ min: -30, max: 30 }),
        (digits, point, exponent) => {
          const text = String(digits).padStart(point + 1, '0');
          const at = text.length - point;
          check(text.slice(0, at) + (point > 0 ? `.${text.slice(at)}` : ''));
          check(`${digits}e${exponent}`);
        },
      ),
      { numRuns: 4000 },
    );
  });

  it('decides the middle between two doubles as Number does', () => {
    // 2^53 + 1 and its like lie exactly between two doubles.
    for (let i = 0; i < 2000; i++) {
      const odd = 2n ** 53n + 2n * BigInt(i * 7919) + 1n;
      for (const text of [`${odd}`, `${odd}0`, `${odd}1`, `${odd * 10n - 1n}`]) {
        expect(parse(text), text).toBe(Number(text));
        const decimal = `${text.slice(0, 4)}.${text.slice(4)}`;
        expect(parse(decimal), decimal).toBe(Number(decimal));
      }
    }
  });

  it.each(['', '-', '.5', '1.', '01', '-01', '1e', '1e+', '+1', 'NaN', 'Infinity'])(
    'knows that %j is no number',
    (text) => {
      const value = parse(text);
      // What follows a number is for the reader to refuse.
      expect(Number.isNaN(value) || text === '0x1').toBe(true);
    },
  );

  it('keeps the sign of zero', () => {
    expect(parse('-0')).toBe(-0);
    expect(parse('-0.0e5')).toBe(-0);
    expect(parse('0')).toBe(0);
  });
});

describe('the detection reader', () => {
  it('reads what JSON.parse reads, in pieces of any size', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { detections } = randomDataset(seed);
      const odd = detections.map((d, i) => {
        const { image_id, category_id, bbox, score } = d;
        if (i % 7 === 0)
          return { score, bbox, category_id, image_id: String(image_id) };
        if (i % 7 === 1) return { id: i, ...d, area: 0.5, segmentation: [[1, 2, 3]] };
        if (i % 7 === 2) return { ...d, 'name "}]': 'a\\"}],[{', deep: { bbox: [{}] } };
        if (i % 7 === 3) return { ...d, bbox: bbox.map((v) => v * 1.000000123) };
        return d;
      });
      const expected = tabulateDetections(odd);
      for (const indent of [undefined, 1]) {
        const bytes = bytesOf(`\ufeff ${JSON.stringify(odd, null, indent)}\n`);
        expect(parseDetectionColumns(bytes)).toEqual(expected);
        for (const size of [1, 7, 100]) {
          expect(readInPieces(bytes, size)).toEqual(expected);
        }
      }
    }
  });

  it('reads names that are written with escapes, and the last of two equal ones', () => {
    const text =
      '[{"image\\u005fid":1,"category_id":2,"bbox":[1,2,3,4],"score":1,"score":0.5}]';
    expect(parseDetectionColumns(bytesOf(text)).imageIds).toEqual([1]);
    expect([...parseDetectionColumns(bytesOf(text)).scores]).toEqual([0.5]);
  });

  it('grows beyond its first columns and its window', () => {
    const detection = { image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], score: 0.25 };
    const long = { ...detection, note: 'x'.repeat(700_000) };
    const many = [...new Array<CocoDetection>(70_000).fill(detection), long, detection];
    const columns = readInPieces(bytesOf(JSON.stringify(many)), 1 << 16);
    expect(columns).toEqual(tabulateDetections(many));
    expect(columns.count).toBe(70_002);
  });

  const item = '{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":0.5}';
  it.each([
    ['', 'the file is empty'],
    ['{}', 'expected a list, found an object'],
    ['7', 'expected a list, found "7"'],
    [
      `[${item}`,
      'byte 61, after 1 detections: not JSON: the file ends; is it cut off?',
    ],
    [`[${item},`, 'the file ends'],
    [`[${item.slice(0, -9)}`, 'the file ends'],
    [`[${item} ${item}]`, 'expected a comma'],
    [`[${item},]`, 'found "]" at [1]'],
    [`[${item}] x`, 'found "x" after the list'],
    [`[{"image_id":1,]`, 'found "]" at [0]'],
    [`[{"image_id":01}]`, 'found "1}" at [0].image_id'],
    [`[{"image_id":nul}]`, 'found "nul}" at [0].image_id'],
    [`[${item.replace('0.5', 'NaN')}]`, 'found "NaN}" at [0].score'],
    [`[${item.replace('0.5', '1e999')}]`, '[0].score: expected a finite number'],
    [`[${item.replace('[1,2,3,4]', '[1,2,3]')}]`, '[0].bbox: expected 4 numbers'],
    [`[${item},${item.replace('3', '-3')}]`, '[1].bbox[2]: the width is negative'],
    [`[${item},${item.replace('1,', '1.5,')}]`, '[1].image_id: id 1.5'],
    [`[${item},7]`, '[1]: expected an object, found 7'],
    ['[null]', '[0]: expected an object, found null'],
    ['[[[[', 'the file ends'],
  ])('refuses %s', (text, reason) => {
    for (const size of [1, 1000]) {
      let message = '';
      try {
        readInPieces(bytesOf(text), size);
      } catch (error) {
        expect(error).toBeInstanceOf(EvaluationError);
        message = (error as Error).message;
      }
      expect(message).toContain(`d.json: `);
      expect(message).toContain(reason);
    }
  });

  it('refuses bytes that are no text', () => {
    const bytes = bytesOf(`[${item.replace('"score"', '"x":"?","score"')}]`);
    bytes[bytes.indexOf(63)] = 0xff;
    expect(() => parseDetectionColumns(bytes)).toThrow('not UTF-8');
  });
});
