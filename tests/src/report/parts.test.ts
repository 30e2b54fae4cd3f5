import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorTypes } from '../../../eval/index.js';
import { chooseExamples } from '../../../src/report/chooseExamples.js';
import { findPhoto } from '../../../src/report/findPhoto.js';
import { frameBoxes } from '../../../src/report/frameBoxes.js';
import { simplifyLine } from '../../../src/report/charts/simplifyLine.js';
import { escapeText, markup } from '../../../src/report/page/markup.js';
import { listConfusions } from '../../../src/report/page/listConfusions.js';
import { mergeClasses } from '../../../src/report/page/mergeClasses.js';
import { metricMeaning } from '../../../src/report/page/numbers.js';

describe('chooseExamples', () => {
  const candidates = fc.array(
    fc.record({
      type: fc.constantFrom(...errorTypes),
      category: fc.integer({ min: 0, max: 4 }),
      photo: fc.integer({ min: 0, max: 9 }),
      badness: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 120 },
  );

  it('fills the places, shares them between types, and keeps the worst of each first', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 0, max: 60 }), (all, count) => {
        const chosen = chooseExamples(all, count);
        expect(chosen).toHaveLength(Math.min(count, all.length));
        expect(new Set(chosen).size).toBe(chosen.length);
        const sizes = errorTypes.map((type) => {
          const shown = chosen.filter((one) => one.type === type);
          const worst = shown.map(({ badness }) => badness);
          expect(worst).toEqual(worst.toSorted((a, b) => b - a));
          const there = all.filter((one) => one.type === type);
          // The very worst is always shown.
          if (shown.length > 0) {
            expect(worst[0]).toBe(Math.max(...there.map(({ badness }) => badness)));
          }
          return { shown: shown.length, there: there.length };
        });
        // Who has fewer places than another wanted no more.
        const most = Math.max(0, ...sizes.map(({ shown }) => shown));
        for (const { shown, there } of sizes) {
          if (shown < most - 1) expect(shown).toBe(there);
        }
      }),
    );
  });

  it('does not let one class or one photo fill the gallery while others wait', () => {
    const all = Array.from({ length: 100 }, (_, i) => ({
      type: 'background' as const,
      category: i < 50 ? 'person' : `class ${i}`,
      photo: i,
      badness: 1 - i / 100,
    }));
    const chosen = chooseExamples(all, 20);
    expect(chosen.filter(({ category }) => category === 'person')).toHaveLength(5);
    expect(chooseExamples(all.slice(0, 50), 20)).toEqual(all.slice(0, 20));
    const samePhoto = all.map((one, i) => ({
      ...one,
      category: i,
      photo: Math.min(i, 50) % 50,
    }));
    expect(
      chooseExamples(samePhoto, 30).filter(({ photo }) => photo === 0),
    ).toHaveLength(1);
  });
});

describe('frameBoxes', () => {
  const photo = fc.record({
    width: fc.integer({ min: 1, max: 5000 }),
    height: fc.integer({ min: 1, max: 5000 }),
  });

  it('holds the boxes, inside the photo, four to three where there is room', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(photo, part, part, part, part, (size, a, b, c, d) => {
        const { width, height } = size;
        const box: [number, number, number, number] = [
          Math.min(a, b) * width,
          Math.min(c, d) * height,
          Math.max(a, b) * width,
          Math.max(c, d) * height,
        ];
        const [x1, y1, x2, y2] = frameBoxes([box], size);
        const slack = 1e-9 * Math.max(width, height);
        for (const inside of [x1, y1, width - x2, height - y2]) {
          expect(inside).toBeGreaterThanOrEqual(-slack);
        }
        for (const room of [box[0] - x1, box[1] - y1, x2 - box[2], y2 - box[3]]) {
          expect(room).toBeGreaterThanOrEqual(-slack);
        }
        if (x2 - x1 < width - slack && y2 - y1 < height - slack) {
          expect((x2 - x1) / (y2 - y1)).toBeCloseTo(4 / 3, 6);
        }
      }),
    );
  });

  it('shows surroundings of small boxes, and the whole photo when there is no box', () => {
    expect(frameBoxes([[100, 100, 104, 103]], { width: 800, height: 600 })).toEqual([
      2, 26.5, 202, 176.5,
    ]);
    expect(frameBoxes([], { width: 8, height: 6 })).toEqual([0, 0, 8, 6]);
  });
});

it('looks for photos in the folder only', () => {
  expect(findPhoto('photos', 'a/b.jpg')).toEqual([join('photos', 'a', 'b.jpg')]);
  expect(findPhoto('photos', '../b.jpg')).toEqual([join('photos', 'b.jpg')]);
  expect(findPhoto('photos', '/etc/b.jpg')).toEqual([join('photos', 'b.jpg')]);
  expect(findPhoto('photos', 'C:\\set\\b.jpg')).toContain(join('photos', 'b.jpg'));
  for (const name of ['..', '/', 'a/..', 'a\0.jpg', '']) {
    expect(findPhoto('photos', name), name).toEqual([]);
  }
});

describe('markup', () => {
  it('escapes text so that reading it back gives the text, and no tag can start', () => {
    const entities: Record<string, string> = {
      amp: '&',
      lt: '<',
      gt: '>',
      quot: '"',
      '#39': "'",
    };
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"']/);
        const read = escaped.replace(/&([^;]+);/g, (_, name: string) => entities[name]);
        expect(read).toBe(
          text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd'),
        );
      }),
    );
  });

  it('escapes what is put in, once, also in lists, and leaves nothing out', () => {
    const inner = markup`<b title="${'"'}">${'<'}</b>`;
    expect(markup`${inner}${[inner, '&']}${null}${false}${0}`.text).toBe(
      '<b title="&quot;">&lt;</b><b title="&quot;">&lt;</b>&amp;0',
    );
  });

  it('shows what would turn the direction of writing, or not print', () => {
    expect(escapeText('a\u202egpj.exe\u0000\ud800')).toBe('a\ufffdgpj.exe\ufffd\ufffd');
  });
});

describe('the confusion matrix', () => {
  const matrices = fc.integer({ min: 0, max: 9 }).chain((size) =>
    fc
      .array(fc.array(fc.nat(9), { minLength: size + 1, maxLength: size + 1 }), {
        minLength: size + 1,
        maxLength: size + 1,
      })
      .map((counts) => ({
        classes: Array.from({ length: size }, (_, id) => ({ id, name: `class ${id}` })),
        counts,
      })),
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

  it('keeps every count when classes are merged, and the kept rows', () => {
    fc.assert(
      fc.property(matrices, fc.integer({ min: 1, max: 6 }), (matrix, most) => {
        const { names, counts } = mergeClasses(matrix, most);
        const size = matrix.classes.length;
        expect(names).toHaveLength(Math.min(size, most) + (size > most ? 1 : 0) + 1);
        expect(sum(counts.flat())).toBe(sum(matrix.counts.flat()));
        expect(sum(counts.at(-1)!)).toBe(sum(matrix.counts.at(-1)!));
        names.slice(0, Math.min(size, most)).forEach((name, place) => {
          const old = matrix.classes.findIndex((one) => one.name === name);
          expect(sum(counts[place])).toBe(sum(matrix.counts[old]));
          expect(counts[place][place]).toBe(matrix.counts[old][old]);
        });
        if (size <= most) expect(counts).toEqual(matrix.counts);
      }),
    );
  });

  it('lists pairs of classes, the most frequent first', () => {
    const classes = ['a', 'b', 'c'].map((name, id) => ({ id, name }));
    const counts = [
      [5, 2, 0, 3],
      [0, 1, 4, 0],
      [2, 0, 0, 0],
      [9, 9, 9, 0],
    ];
    expect(listConfusions({ classes, counts }, 2)).toEqual([
      { is: 'b', seen: 'c', count: 4, part: 0.8 },
      { is: 'c', seen: 'a', count: 2, part: 1 },
    ]);
  });
});

it('leaves out of a line only what cannot be seen', () => {
  const lines = fc.array(
    fc.tuple(
      fc.double({ min: 0, max: 9, noNaN: true }),
      fc.double({ min: 0, max: 9, noNaN: true }),
    ),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(
      lines,
      fc.double({ min: 0.01, max: 3, noNaN: true }),
      (points, tolerance) => {
        const kept = simplifyLine(points, tolerance);
        expect(kept[0]).toBe(points[0]);
        expect(kept.at(-1)).toBe(points.at(-1));
        const places = kept.map((point) => points.indexOf(point as [number, number]));
        for (let k = 1; k < kept.length; k++) {
          // The nearest of many points of the segment, measured one by one.
          for (const [x, y] of points.slice(places[k - 1] + 1, places[k])) {
            const distances = Array.from({ length: 2001 }, (_, i) => {
              const [a, b] = [kept[k - 1], kept[k]];
              const t = i / 2000;
              return Math.hypot(
                a[0] + t * (b[0] - a[0]) - x,
                a[1] + t * (b[1] - a[1]) - y,
              );
            });
            expect(Math.min(...distances)).toBeLessThanOrEqual(tolerance + 0.01);
          }
        }
      },
    ),
    { numRuns: 50 },
  );
  const straight = Array.from({ length: 100 }, (_, i) => [i, i] as const);
  expect(simplifyLine(straight, 0.1)).toEqual([straight[0], straight[99]]);
});

it('says what metrics mean, and nothing of names it does not know', () => {
  expect(metricMeaning('AP50')).toBe('precision at IoU 0.50');
  expect(metricMeaning('APsmall')).toBe('precision, small objects');
  expect(metricMeaning('AR100')).toBe('recall, 100 a photo');
  expect(metricMeaning('mAP')).toBe('average precision');
  expect(metricMeaning('mAP@0.75')).toBe('precision at IoU 0.75');
  expect(metricMeaning('APr')).toBeUndefined();
});
