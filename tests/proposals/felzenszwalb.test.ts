import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { felzenszwalb, ProposalError } from '../../proposals/index.js';
import { anyImage } from './images.js';

interface Golden {
  cases: {
    name: string;
    width: number;
    height: number;
    k: number;
    sigma: number;
    minSize: number;
    rgb: string;
    count: number;
    labels: number[];
  }[];
}
const golden = JSON.parse(
  readFileSync(
    new URL('../fixtures/proposals/felzenszwalb.json', import.meta.url),
    'utf8',
  ),
) as Golden;

describe('felzenszwalb', () => {
  test.each(golden.cases)('equals scikit-image, labels included: $name', (c) => {
    const data = new Uint8Array(Buffer.from(c.rgb, 'base64'));
    const image = { data, width: c.width, height: c.height, channels: 3 as const };
    const { labels, count } = felzenszwalb(image, c);
    const expected: number[] = [];
    for (let i = 0; i < c.labels.length; i += 2) {
      for (let n = 0; n < c.labels[i + 1]; n++) expected.push(c.labels[i]);
    }
    expect(count).toBe(c.count);
    expect([...labels]).toEqual(expected);
  });

  test('grey and 16 bits give the superpixels of the same picture in RGB8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 77, maxLength: 77 }), (grey) => {
        const size = { width: 7, height: 11 };
        const options = { k: 60, minSize: 4 };
        const one = felzenszwalb({ data: grey, ...size, channels: 1 }, options);
        const wide = Uint16Array.from(grey, (v) => 257 * v);
        const sixteen = felzenszwalb({ data: wide, ...size, channels: 1 }, options);
        expect(sixteen).toEqual(one);
        const rgb = Uint8Array.from({ length: 231 }, (_, i) => grey[Math.floor(i / 3)]);
        // Three equal channels are √3 times as far apart.
        const k = 60 * Math.sqrt(3);
        const three = felzenszwalb(
          { data: rgb, ...size, channels: 3 },
          { k, minSize: 4 },
        );
        expect(three.count).toBeGreaterThan(0);
        const rgba = Uint8Array.from({ length: 308 }, (_, i) =>
          i % 4 < 3 ? grey[i >> 2] : (i * 37) & 255,
        );
        expect(
          felzenszwalb({ data: rgba, ...size, channels: 4 }, { k, minSize: 4 }),
        ).toEqual(three);
      }),
      { numRuns: 50 },
    );
  });

  test('superpixels are connected, complete and no smaller than minSize', () => {
    fc.assert(
      fc.property(anyImage, fc.integer({ min: 0, max: 60 }), (image, minSize) => {
        const { labels, count } = felzenszwalb(image, { k: 20, minSize });
        const sizes = new Array<number>(count).fill(0);
        let next = 0;
        for (const label of labels) {
          expect(label).toBeLessThanOrEqual(next);
          if (label === next) next++;
          sizes[label]++;
        }
        expect(next).toBe(count);
        if (count > 1) expect(Math.min(...sizes)).toBeGreaterThanOrEqual(minSize);
        expect(pieces(labels, image.width)).toBe(count);
      }),
      { numRuns: 200 },
    );
  });

  test('says what is wrong with an image or an option', () => {
    const data = new Uint8Array(12);
    expect(() => felzenszwalb({ data, width: 2, height: 3, channels: 3 })).toThrow(
      '2×3 pixels of 3 channels are 18 values, but data has 12',
    );
    const image = { data, width: 2, height: 2, channels: 3 as const };
    const error = caught(() => felzenszwalb(image, { k: NaN }));
    expect(error).toBeInstanceOf(ProposalError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', where: 'k' });
  });
});

/** Number of 8-connected pieces of equal labels, by flooding. */
function pieces(labels: Int32Array, width: number): number {
  const seen = new Set<number>();
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (seen.has(start)) continue;
    count++;
    const queue = [start];
    seen.add(start);
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      for (const dy of [-1, 0, 1]) {
        for (const dx of [-1, 0, 1]) {
          const x = (i % width) + dx;
          const j = i + dy * width + dx;
          if (x < 0 || x >= width || j < 0 || j >= labels.length) continue;
          if (seen.has(j) || labels[j] !== labels[i]) continue;
          seen.add(j);
          queue.push(j);
        }
      }
    }
  }
  return count;
}

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
