import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  colourSpaces,
  mergeProposals,
  selectiveSearch,
  selectiveSearchAsync,
  type PixelImage,
  type Proposals,
  type SelectiveSearchOptions,
} from '../../proposals/index.js';
import { anyImage, patchwork } from './images.js';

/** Everything that holds for any result. */
function check({ boxes, scores }: Proposals, { width, height }: PixelImage): void {
  expect(boxes.length).toBe(4 * scores.length);
  const seen = new Set<string>();
  for (let i = 0; i < scores.length; i++) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    const inside =
      0 <= x1 && x1 < x2 && x2 <= width && 0 <= y1 && y1 < y2 && y2 <= height;
    if (!inside) throw new Error(`box ${x1} ${y1} ${x2} ${y2} in ${width}×${height}`);
    if (!Number.isFinite(scores[i])) throw new Error(`score ${scores[i]}`);
    if (i > 0 && scores[i] > scores[i - 1]) throw new Error('scores ascend');
    seen.add(`${x1} ${y1} ${x2} ${y2}`);
  }
  expect(seen.size).toBe(scores.length);
}

describe('selectiveSearch', () => {
  test('10,000 random images: no crash, boxes inside, none twice, the same again', () => {
    const options: fc.Arbitrary<SelectiveSearchOptions> = fc.record({
      mode: fc.constantFrom('single', 'single', 'fast', 'googlenet'),
      workingSize: fc.constantFrom(Infinity, 500, 20, 1),
      minSize: fc.constantFrom(0, 1, 10, 100),
      order: fc.constantFrom('objectness', 'position'),
      sigma: fc.constantFrom(0.8, 0, 2.5),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(anyImage, options, (image, options) => {
        const found = selectiveSearch(image, options);
        check(found, image);
        expect(found.scores.length).toBeGreaterThan(0);
        const again = selectiveSearch(image, options);
        if (again.boxes.join() !== found.boxes.join()) throw new Error('boxes differ');
        if (again.scores.join() !== found.scores.join())
          throw new Error('scores differ');
      }),
      { numRuns: 10_000 },
    );
  }, 900_000);

  test('every mode, colour space, similarity and texture works', () => {
    const image = patchwork(60, 45, 5);
    for (const mode of ['single', 'fast', 'quality', 'googlenet'] as const) {
      check(selectiveSearch(image, { mode, minSize: 20 }), image);
    }
    const similarities = ['C', 'T', 'S', 'F', 'CT', { colour: 3, size: 0.5 }];
    for (const texture of ['gradients', 'gabor'] as const) {
      const strategies = [{ colourSpaces, k: [40, 80], similarities }];
      const options = { mode: 'custom', strategies, texture, minSize: 20 } as const;
      check(selectiveSearch(image, options), image);
    }
  });

  test('a square on a plain ground is among the first boxes, in every space that shows it', () => {
    const data = new Uint8Array(3 * 100 * 80).fill(60);
    for (let y = 20; y < 60; y++) {
      for (let x = 30; x < 70; x++) data.set([200, 90, 40], 3 * (100 * y + x));
    }
    const image: PixelImage = { data, width: 100, height: 80, channels: 3 };
    for (const space of colourSpaces) {
      const strategies = [{ colourSpaces: [space], k: [100], similarities: ['CTSF'] }];
      const options = { mode: 'custom', strategies } as const;
      const { boxes } = selectiveSearch(image, { ...options, maxBoxes: 3 });
      const found = [0, 1, 2].some((i) =>
        [30, 20, 70, 60].every((v, c) => Math.abs(boxes[4 * i + c] - v) <= 2),
      );
      expect(found, space).toBe(true);
    }
  });

  test('the whole image is one of the boxes', () => {
    const image = patchwork(90, 70, 3);
    const { boxes, scores } = selectiveSearch(image, { mode: 'single' });
    const all = [...scores.keys()].map((i) => boxes.subarray(4 * i, 4 * i + 4).join());
    expect(all).toContain('0,0,90,70');
  });

  test('maxBoxes keeps the best', () => {
    const image = patchwork(120, 90, 9);
    const all = selectiveSearch(image);
    const some = selectiveSearch(image, { maxBoxes: 10 });
    expect(some.boxes).toEqual(all.boxes.slice(0, 40));
    expect(some.scores).toEqual(all.scores.slice(0, 10));
    expect(selectiveSearch(image, { maxBoxes: 0 }).boxes.length).toBe(0);
  });

  test('the seed changes the order by position, and only the order', () => {
    const image = patchwork(120, 90, 2);
    const a = selectiveSearch(image, { order: 'position', seed: 1 });
    const b = selectiveSearch(image, { order: 'position', seed: 2 });
    const set = ({ boxes, scores }: Proposals): string[] =>
      [...scores.keys()].map((i) => boxes.subarray(4 * i, 4 * i + 4).join()).sort();
    expect(a.boxes).not.toEqual(b.boxes);
    expect(set(a)).toEqual(set(b));
  });

  test('doubled superpixels give GoogLeNet about half the boxes', () => {
    const image = patchwork(500, 400, 4);
    // Noise makes as many superpixels as the size allows.
    for (let i = 0; i < image.data.length; i++)
      image.data[i] ^= (i * 2654435761) >>> 27;
    const fast = selectiveSearch(image, { mode: 'fast' }).scores.length;
    const half = selectiveSearch(image, { mode: 'googlenet' }).scores.length;
    expect(half / fast).toBeGreaterThan(0.3);
    expect(half / fast).toBeLessThan(0.7);
  });

  test.each([
    ['one pixel', 1, 1],
    ['a column', 1, 5000],
    ['a row', 5000, 1],
    ['two columns', 2, 9000],
  ])('%s', (_, width, height) => {
    for (const workingSize of [500, Infinity]) {
      const image = patchwork(width, height, 1);
      check(selectiveSearch(image, { workingSize }), image);
    }
  });

  test('50 megapixels in bounded time at the working size', () => {
    const width = 8660;
    const height = 5774;
    const data = new Uint8Array(width * height);
    for (let i = 0; i < data.length; i++) data[i] = (i % width) / 34;
    const image: PixelImage = { data, width, height, channels: 1 };
    const start = performance.now();
    check(selectiveSearch(image), image);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('boxes are mapped back to pixels of the original', () => {
    const small = patchwork(100, 80, 6);
    const data = new Uint8Array(3 * 300 * 240);
    for (let y = 0; y < 240; y++) {
      for (let x = 0; x < 300; x++) {
        const from = 3 * (Math.floor(y / 3) * 100 + Math.floor(x / 3));
        data.set(small.data.subarray(from, from + 3), 3 * (300 * y + x));
      }
    }
    const large: PixelImage = { data, width: 300, height: 240, channels: 3 };
    const expected = selectiveSearch(small).boxes.map((v) => 3 * v);
    expect(selectiveSearch(large, { workingSize: 100 }).boxes).toEqual(expected);
  });

  test('an aborted signal stops it, before and between runs', async () => {
    const image = patchwork(60, 60, 1);
    const aborted = { code: 'ABORTED', where: 'signal' };
    expect(() => selectiveSearch(image, { signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining(aborted),
    );
    const controller = new AbortController();
    const seen: string[] = [];
    const onProgress = (done: number, total: number): void => {
      seen.push(`${done}/${total}`);
      if (done === 3) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(
      selectiveSearchAsync(image, { signal, onProgress }),
    ).rejects.toMatchObject({
      ...aborted,
      cause: new Error('enough'),
    });
    expect(seen).toEqual(['1/8', '2/8', '3/8']);
  });

  test('the asynchronous search gives the same and lets timers run', async () => {
    const image = patchwork(400, 300, 8);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const found = await selectiveSearchAsync(image, { mode: 'quality' });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
    expect(found).toEqual(selectiveSearch(image, { mode: 'quality' }));
  });

  test('learned boxes and scores come in through their seams', () => {
    const image = patchwork(80, 60, 3);
    const boxes = Float32Array.of(3, 4, 20, 30, 50, 10, 79, 59);
    const source = {
      propose: (rgb: { width: number }, count: number): Proposals => {
        expect(rgb.width).toBe(80);
        expect(count).toBe(200);
        return { boxes, scores: Float32Array.of(1, 0) };
      },
    };
    const found = selectiveSearch(image, { source });
    check(found, image);
    expect(found.boxes.slice(4, 8)).toEqual(boxes.slice(0, 4));
    const scorer = {
      score: (_: unknown, b: Float32Array): number[] =>
        Array.from({ length: b.length / 4 }, (_, i) => -b[4 * i]),
    };
    const rescored = selectiveSearch(image, { source, scorer });
    check(rescored, image);
    expect(rescored.scores.length).toBe(found.scores.length);
    expect(rescored.boxes[0]).toBe(0);
  });

  test('merging leaves out what is there already', () => {
    const own = { boxes: Float32Array.of(0, 0, 100, 100), scores: Float32Array.of(2) };
    const extra = {
      boxes: Float32Array.of(0, 0, 100, 99, 10, 10, 40, 40),
      scores: Float32Array.of(9, 8),
    };
    expect(mergeProposals(own, extra)).toEqual({
      boxes: Float32Array.of(0, 0, 100, 100, 10, 10, 40, 40),
      scores: Float32Array.of(2, 2),
    });
  });

  test.each([
    [{ mode: 'best' }, 'mode'],
    [{ mode: 'custom' }, 'strategies'],
    [{ strategies: [] }, 'strategies'],
    [
      {
        mode: 'custom',
        strategies: [{ colourSpaces: ['xyz'], k: [1], similarities: ['C'] }],
      },
      'strategies',
    ],
    [
      {
        mode: 'custom',
        strategies: [{ colourSpaces: ['rgb'], k: [1], similarities: ['X'] }],
      },
      'strategies',
    ],
    [
      {
        mode: 'custom',
        strategies: [{ colourSpaces: ['rgb'], k: [-1], similarities: ['C'] }],
      },
      'k',
    ],
    [{ maxBoxes: 1.5 }, 'maxBoxes'],
    [{ workingSize: 0 }, 'workingSize'],
    [{ sigma: -1 }, 'sigma'],
    [{ order: 'random' }, 'order'],
    [{ texture: 'none' }, 'texture'],
  ])('%j is refused', (options, where) => {
    const image = patchwork(9, 9, 1);
    expect(() => selectiveSearch(image, options as SelectiveSearchOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', where }),
    );
  });
});
