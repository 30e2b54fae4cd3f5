import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intersectionOverUnion } from '../../geometry/index.js';
import { selectDetections } from '../../detectors/pipeline/detections.js';
import { nonMaximumSuppression } from '../../detectors/suppression/nonMaximumSuppression.js';
import { softNonMaximumSuppression } from '../../detectors/suppression/softNonMaximumSuppression.js';
import { voteBox } from '../../detectors/suppression/voteBoxes.js';

const coordinate = fc.integer({ min: 0, max: 20 });
const scored = fc.array(
  fc.record({
    box: fc
      .tuple(coordinate, coordinate, coordinate, coordinate)
      .map(([x, y, w, h]) => [x, y, x + w, y + h]),
    // Few different scores, so that ties are common.
    score: fc.integer({ min: 0, max: 5 }).map((n) => n / 5),
  }),
  { maxLength: 20 },
);

describe('nonMaximumSuppression', () => {
  it('keeps a box exactly when no better kept one overlaps it more than allowed', () => {
    fc.assert(
      fc.property(scored, fc.constantFrom(0, 0.3, 0.5, 1), (items, iouThreshold) => {
        const boxes = items.flatMap(({ box }) => box);
        const scores = items.map(({ score }) => score);
        const kept = nonMaximumSuppression(boxes, scores, { iouThreshold });
        const isBetter = (a: number, b: number) =>
          scores[a] > scores[b] || (scores[a] === scores[b] && a < b);
        items.forEach((_, i) => {
          const rivals = kept.filter(
            (k) =>
              isBetter(k, i) &&
              intersectionOverUnion(boxes, i, boxes, k) > iouThreshold,
          );
          expect(kept.includes(i)).toBe(rivals.length === 0);
        });
        kept.slice(1).forEach((k, i) => expect(isBetter(kept[i], k)).toBe(true));
      }),
    );
  });

  it('stops at maxOutputs and keeps boxes whose overlap is equal to the threshold', () => {
    const boxes = [0, 0, 2, 2, 0, 0, 2, 1, 5, 5, 6, 6];
    expect(nonMaximumSuppression(boxes, [3, 2, 1], { iouThreshold: 0.5 })).toEqual([
      0, 1, 2,
    ]);
    expect(nonMaximumSuppression(boxes, [3, 2, 1], { iouThreshold: 0.49 })).toEqual([
      0, 2,
    ]);
    const options = { iouThreshold: 0.5, maxOutputs: 1 };
    expect(nonMaximumSuppression(boxes, [1, 2, 3], options)).toEqual([2]);
  });
});

describe('softNonMaximumSuppression', () => {
  it('multiplies a score by exp(-IoU²/sigma) for each better box taken', () => {
    const boxes = [0, 0, 10, 10, 0, 0, 10, 5, 20, 20, 30, 30];
    const kept = softNonMaximumSuppression(boxes, [0.9, 0.8, 0.7], {
      sigma: 0.5,
      scoreThreshold: 0.1,
    });
    expect(kept.map(({ index }) => index)).toEqual([0, 2, 1]);
    expect(kept[2].score).toBeCloseTo(0.8 * Math.exp(-(0.5 ** 2) / 0.5), 12);
  });

  it('drops what falls below the threshold', () => {
    const boxes = [0, 0, 10, 10, 0, 0, 10, 9.9];
    const options = { sigma: 0.1, scoreThreshold: 0.01 };
    expect(softNonMaximumSuppression(boxes, [0.9, 0.8], options)).toEqual([
      { index: 0, score: 0.9 },
    ]);
  });
});

describe('voteBox', () => {
  it('is the score-weighted mean of the boxes that overlap enough', () => {
    const boxes = [0, 0, 10, 10, 0, 0, 10, 8, 50, 50, 60, 60];
    expect(voteBox(boxes, [3, 1, 9], 0, 0.5)).toEqual([0, 0, 10, 9.5]);
  });
});

describe('selectDetections', () => {
  const table = { names: ['__background__', 'cat', 'dog'], ids: [0, 17, 18] };
  // Two boxes on the same place, one elsewhere; rows: background, cat, dog.
  const photo = {
    boxes: Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 40, 40, 50, 50),
    probabilities: Float32Array.of(0.1, 0.8, 0.1, 0.25, 0.05, 0.7, 0.4, 0, 0.6),
  };
  const select = (options: Parameters<typeof selectDetections>[2]) =>
    selectDetections(photo, table, { nms: 'hard', nmsIou: 0.5, ...options }).map(
      ({ className, classId, score }) => [className, classId, Number(score.toFixed(3))],
    );

  it('suppresses within a class, unless told to suppress across classes', () => {
    expect(select({ scoreThreshold: 0.06 })).toEqual([
      ['cat', 17, 0.8],
      ['dog', 18, 0.7],
      ['dog', 18, 0.6],
    ]);
    expect(select({ scoreThreshold: 0.06, classAgnosticNms: true })).toEqual([
      ['cat', 17, 0.8],
      ['dog', 18, 0.6],
    ]);
  });

  it('keeps to classes, threshold and number', () => {
    expect(select({ classes: ['dog'], scoreThreshold: 0.65 })).toEqual([
      ['dog', 18, 0.7],
    ]);
    expect(select({ maxDetections: 1 })).toEqual([['cat', 17, 0.8]]);
    const classThresholds = { cat: 0.81, dog: 0.65 };
    expect(select({ classThresholds, scoreThreshold: 0.06 })).toEqual([
      ['dog', 18, 0.7],
    ]);
  });

  it('lets only boxes of the same class vote', () => {
    const [cat] = selectDetections(photo, table, {
      nms: 'hard',
      nmsIou: 0.5,
      boxVoting: 0.5,
      scoreThreshold: 0.05,
    });
    // (0.8 · 10 + 0.05 · 9) / 0.85: the second box's dog score has no vote.
    expect(cat.box[3]).toBeCloseTo((0.8 * 10 + 0.05 * 9) / 0.85, 5);
  });
});
