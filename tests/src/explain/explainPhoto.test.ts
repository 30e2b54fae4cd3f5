import { describe, expect, it } from 'vitest';
import type { DetectionRow, Trace } from '../../../src/detect/detectTask.js';
import { explainPhoto, type Target } from '../../../src/explain/explainPhoto.js';

const CAT = 17;
const DOG = 18;
const options = { iou: 0.5, threshold: 0.3, scoreThreshold: 0.01 };
const object: Target = { box: [10, 10, 50, 50], categoryId: CAT };
const near = [11, 11, 50, 50];
const far = [100, 100, 140, 140];

/** One object of a cat; proposals, classified boxes with their scores, detections. */
const explain = (
  trace: Partial<Trace>,
  detections: DetectionRow[] = [],
  targets = [object],
) =>
  explainPhoto(
    targets,
    detections,
    { proposals: [near], boxes: [near], scores: [], ...trace },
    options,
  );

describe('explainPhoto', () => {
  it('names the detection that found an object', () => {
    const detections: DetectionRow[] = [
      [100, 100, 140, 140, CAT, 0.9],
      [10, 10, 50, 49, CAT, 0.8],
    ];
    expect(explain({}, detections)[0]).toMatchObject({ foundBy: 1 });
    expect(explain({}, detections)[0].loss).toBeUndefined();
  });

  it('gives a detection to one object only, the best one to the best overlap', () => {
    const other: Target = { box: [12, 10, 50, 50], categoryId: CAT };
    const found = explain(
      { scores: [[0, CAT, 0.9]] },
      [[10, 10, 50, 50, CAT, 0.9]],
      [other, object],
    );
    expect(found.map(({ foundBy }) => foundBy)).toEqual([undefined, 0]);
    expect(found[0].loss).toBe('suppressed');
    expect(found[0].winner).toBe(0);
  });

  it.each([
    ['noProposal', { proposals: [far] }, []],
    ['noProposal', { proposals: [], boxes: [] }, []],
    ['notClassified', { boxes: [far] }, []],
    [
      'wrongClass',
      {
        scores: [
          [0, CAT, 0.2],
          [0, DOG, 0.6],
        ],
      },
      [],
    ],
    ['lowScore', { scores: [[0, CAT, 0.005]] }, []],
    ['lowScore', { scores: [] }, []],
    // Another class's score counts only when it would have been reported.
    [
      'lowScore',
      {
        scores: [
          [0, CAT, 0.005],
          [0, DOG, 0.2],
        ],
      },
      [],
    ],
    ['underThreshold', { scores: [[0, CAT, 0.2]] }, [[11, 11, 50, 50, CAT, 0.2]]],
    ['suppressed', { scores: [[0, CAT, 0.2]] }, [[0, 0, 40, 40, CAT, 0.9]]],
  ] as [string, Partial<Trace>, DetectionRow[]][])(
    'says %s',
    (loss, trace, detections) => {
      expect(explain(trace, detections)[0].loss).toBe(loss);
    },
  );

  it('tells scores, rivals, winners and how near the proposals came', () => {
    const [wrong] = explain({
      scores: [
        [0, CAT, 0.2],
        [0, DOG, 0.6],
      ],
    });
    expect(wrong).toMatchObject({ score: 0.2, rival: { categoryId: DOG, score: 0.6 } });
    expect(wrong.proposalIou).toBeCloseTo((39 * 39) / 1600, 10);
    const [lost] = explain({ scores: [[0, CAT, 0.5]] }, [
      [100, 100, 120, 120, CAT, 0.95],
      [0, 0, 40, 40, CAT, 0.9],
    ]);
    expect(lost).toMatchObject({ loss: 'suppressed', winner: 1, score: 0.5 });
  });
});
