import { describe, expect, test } from 'vitest';
import type { Hierarchy } from '../../proposals/groupRegions.js';
import { rankByObjectness } from '../../proposals/rankByObjectness.js';

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

const SIDE = 200;
const image = {
  data: new Uint8Array(3 * SIDE * SIDE),
  ...{ width: SIDE, height: SIDE, channels: 3 as const },
};
const whole: Box = [0, 0, SIDE, SIDE];

/** Two regions that fill their boxes, and the image that they make up. */
function hierarchy(first: Box, second: Box): Hierarchy {
  const boxes = [first, second, whole];
  return {
    ...{ leaves: 2, nodes: 3 },
    boxes: Int32Array.from(boxes.flat()),
    sizes: Int32Array.from(boxes, ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1)),
    parents: Int32Array.of(2, 2, -1),
    children: Int32Array.of(-1, -1, -1, -1, 0, 1),
    similarities: Float32Array.of(1, 1, 0.5),
  };
}

/** Places of boxes in the order. */
function places(hierarchies: Hierarchy[], boxes: readonly Box[]): number[] {
  const ranked = rankByObjectness(hierarchies, image).boxes;
  const order = Array.from({ length: ranked.length / 4 }, (_, i) =>
    [...ranked.subarray(4 * i, 4 * i + 4)].join(),
  );
  return boxes.map((box) => order.indexOf(box.join()));
}

describe('rankByObjectness', () => {
  const a: Box = [100, 20, 140, 60];
  const b: Box = [20, 100, 60, 140];
  const corner: Box = [0, 0, 4, 4];

  test('of boxes that differ in nothing else, puts first the one that more runs make', () => {
    const once = hierarchy(corner, a);
    const twice = hierarchy(corner, b);
    // The one seen first would be first among equals.
    const [placeOfA, placeOfB] = places([once, twice, twice], [a, b]);
    expect(placeOfB).toBeLessThan(placeOfA);
  });

  test('puts a box elsewhere before one that is much like a better one', () => {
    const alike: Box = [101, 20, 141, 60];
    const [first, second, third] = places(
      [hierarchy(corner, a), hierarchy(corner, alike), hierarchy(corner, b)],
      [a, b, alike],
    );
    expect(first).toBeLessThan(second);
    expect(second).toBeLessThan(third);
  });
});
