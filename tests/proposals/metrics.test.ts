import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proposalRecall, recallPlot, recallTable } from '../../proposals/index.js';

const box = fc
  .tuple(
    fc.nat(90),
    fc.nat(90),
    fc.integer({ min: 1, max: 120 }),
    fc.integer({ min: 1, max: 120 }),
  )
  .map(([x, y, w, h]) => [x, y, x + w, y + h]);
const image = fc.record({
  objects: fc.array(fc.tuple(box, fc.constantFrom('cat', 'dog', 'bus')), {
    maxLength: 4,
  }),
  proposals: fc.array(box, { maxLength: 12 }),
});

describe('proposalRecall', () => {
  test('equals the definitions written out', () => {
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 5 }), (images) => {
        const counts = [5, 1, Infinity];
        const thresholds = [0.5, 0.75];
        const result = proposalRecall(
          images.map(({ objects, proposals }) => ({
            groundTruth: objects.flatMap(([b]) => b),
            classes: objects.map(([, name]) => name),
            proposals: proposals.flat(),
          })),
          { counts, thresholds },
        );
        counts.forEach((count, c) => {
          // IoU by counting pixels' worth of area: all sides are whole numbers.
          const best = images.flatMap(({ objects, proposals }) =>
            objects.map(([b, name]) => ({
              name,
              area: (b[2] - b[0]) * (b[3] - b[1]),
              overlap: Math.max(0, ...proposals.slice(0, count).map((p) => iou(b, p))),
            })),
          );
          const mean = (v: number[]): number => v.reduce((s, x) => s + x, 0) / v.length;
          const recalls = thresholds.map((t) =>
            mean(best.map(({ overlap }) => (overlap >= t ? 1 : 0))),
          );
          const close = (a: number, b: number): void => {
            if (Number.isNaN(b)) expect(a).toBeNaN();
            else expect(a).toBeCloseTo(b, 12);
          };
          recalls.forEach((recall, t) => close(result.recall[t][c], recall));
          close(result.averageRecall[c], mean(recalls));
          close(result.averageBestOverlap[c], mean(best.map((b) => b.overlap)));
          const names = [...new Set(best.map((b) => b.name))];
          const abo = names.map((n) =>
            mean(best.filter((b) => b.name === n).map((b) => b.overlap)),
          );
          close(result.meanAverageBestOverlap[c], mean(abo));
          names.forEach((n, i) =>
            close(result.classes.get(n)!.averageBestOverlap[c], abo[i]),
          );
          const small = best.filter((b) => b.area < 1024);
          expect(result.sizes.get('small')!.objects).toBe(small.length);
          close(
            result.sizes.get('small')!.averageBestOverlap[c],
            mean(small.map((b) => b.overlap)),
          );
        });
        const all = images.reduce((s, i) => s + i.proposals.length, 0);
        expect(result.meanProposals).toBeCloseTo(all / images.length, 12);
      }),
    );
  });

  test('takes a generator, counts sizes by COCO and defaults to its thresholds', () => {
    function* images(): Generator<{ groundTruth: number[]; proposals: number[] }> {
      yield { groundTruth: [0, 0, 32, 32], proposals: [0, 0, 32, 32] };
      yield { groundTruth: [0, 0, 31, 33, 0, 0, 96, 96], proposals: [0, 0, 96, 48] };
    }
    const result = proposalRecall(images());
    expect(result.thresholds).toEqual([
      0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95,
    ]);
    expect([...result.sizes].map(([name, { objects }]) => [name, objects])).toEqual([
      ['small', 1],
      ['medium', 1],
      ['large', 1],
    ]);
    expect(result.recall[0][4]).toBeCloseTo(2 / 3, 12);
    expect(result.averageRecall[4]).toBeCloseTo((2 + 9) / 30, 12);
  });

  test('refuses thresholds and counts that mean nothing', () => {
    expect(() => proposalRecall([], { thresholds: [0] })).toThrow(
      /thresholds 0 must be/,
    );
    expect(() => proposalRecall([], { counts: [-1] })).toThrow(/counts is -1/);
  });

  test('a table has a row a group and count, a plot a line a curve', () => {
    const result = proposalRecall(
      [{ groundTruth: [0, 0, 40, 40], classes: ['<cat>'], proposals: [0, 0, 40, 50] }],
      { counts: [1, 10], thresholds: [0.5] },
    );
    const table = recallTable(result);
    expect(table[0]).toEqual([
      'group',
      'name',
      'objects',
      'boxes',
      'recall@0.5',
      'AR',
      'ABO',
      'MABO',
    ]);
    expect(table[1]).toEqual(['all', '', 1, 1, 1, 1, 0.8, 0.8]);
    expect(table.length).toBe(1 + 2 * (1 + 3 + 1));
    const svg = recallPlot([{ name: 'ours & <theirs>', recall: result }]);
    expect(svg).toContain('ours &#38; &#60;theirs&#62;');
    expect(svg.match(/stroke-width="2"/g)?.length).toBe(2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

function iou(a: number[], b: number[]): number {
  let common = 0;
  for (let x = Math.max(a[0], b[0]); x < Math.min(a[2], b[2]); x++) {
    common += Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  }
  const area = (v: number[]): number => (v[2] - v[0]) * (v[3] - v[1]);
  return common / (area(a) + area(b) - common);
}
