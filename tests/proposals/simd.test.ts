import fc from 'fast-check';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import type { ColourImage } from '../../proposals/convertColour.js';
import { gridEdges } from '../../proposals/gridEdges.js';
import { SIMD_KERNELS } from '../../proposals/simd/kernelBytes.js';
import { MOST_MEMORY, pixelKernels } from '../../proposals/simd/pixelKernels.js';
import { smooth } from '../../proposals/smooth.js';
import { assembleKernels } from '../../scripts/make-simd-kernels.mjs';

const kernels = pixelKernels();

/** Bytes of which many are 0 or 255, the ends of what the kernels must bear. */
const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 255));
const image = (channels: number) =>
  fc
    .record({
      width: fc.integer({ min: 1, max: 70 }),
      height: fc.integer({ min: 1, max: 12 }),
    })
    .chain(({ width, height }) => {
      const length = width * height * channels;
      return fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        data: fc.uint8Array({ minLength: length, maxLength: length }).chain((data) =>
          fc.array(fc.tuple(fc.nat({ max: length - 1 }), byte)).map((spots) => {
            for (const [at, value] of spots) data[at] = value;
            return data;
          }),
        ),
      });
    });

describe('the SIMD kernels give what the plain loops give', () => {
  it('and are there in this runtime', () => {
    expect(kernels).not.toBeNull();
  });

  test.each([1, 3, 4])('smoothing, %i channels', (channels) => {
    fc.assert(
      fc.property(
        image(channels),
        fc.constantFrom(0.3, 0.5, 0.8, 1.5, 4),
        ({ data, width, height }, sigma) => {
          expect(smooth(data, width, height, channels, sigma, kernels)).toEqual(
            smooth(data, width, height, channels, sigma, null),
          );
        },
      ),
    );
  });

  test('sorted edges', () => {
    fc.assert(
      fc.property(image(3), ({ data, width, height }) => {
        const colours: ColourImage = { data, width, height, channels: 3 };
        const edges = (which: typeof kernels) => {
          const length = 4 * width * height;
          const grid = {
            distances: new Uint16Array(length),
            needed: new Int32Array(length),
            sorted: new Int32Array(length),
          };
          return gridEdges(colours, grid, Math.max(width, height), which);
        };
        expect(edges(kernels)).toEqual(edges(null));
      }),
    );
  });

  test('distances of every squared difference that three bytes can have', () => {
    const squares = new Set<number>();
    const rows: number[] = [];
    for (let u = 0; u < 256; u++) {
      for (let v = 0; v <= u; v++) {
        for (let w = 0; w <= v; w++) {
          const square = u * u + v * v + w * w;
          if (!squares.has(square)) rows.push(u, v, w);
          squares.add(square);
        }
      }
    }
    const height = rows.length / 3;
    expect(height).toBeGreaterThan(100_000);
    // Each row is black and then the colour: its right edge has the distance.
    const data = new Uint8Array(6 * height);
    for (let y = 0; y < height; y++) data.set(rows.slice(3 * y, 3 * y + 3), 6 * y + 3);
    const measured = (which: typeof kernels) => {
      const distances = new Uint16Array(8 * height);
      const needed = new Int32Array(8 * height);
      const sorted = new Int32Array(8 * height);
      const colours: ColourImage = { data, width: 2, height, channels: 3 };
      gridEdges(colours, { distances, needed, sorted }, height, which);
      return Array.from({ length: height }, (_, y) => distances[8 * y]);
    };
    expect(measured(kernels)).toEqual(measured(null));
  });

  test('rows that would need too much memory are left to plain loops', () => {
    const width = MOST_MEMORY / 16;
    const data = Uint8Array.from({ length: 3 * width }, (_, i) => i % 251);
    expect(smooth(data, width, 1, 3, 0.8, kernels)).toEqual(
      smooth(data, width, 1, 3, 0.8, null),
    );
  });

  it('and are the bytes of the text that is committed', async () => {
    expect(SIMD_KERNELS).toBe(await assembleKernels('proposals/simd/kernelBytes.ts'));
  });
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test.each([
    ['where it is missing', undefined],
    ['where the page forbids it', { Memory: forbidden, Module: forbidden }],
  ])('there are no kernels: %s', async (_, api) => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', api);
    const fresh = await import('../../proposals/simd/pixelKernels.js');
    expect(fresh.pixelKernels()).toBeNull();
  });
});

function forbidden(): never {
  throw new Error('refused by the content security policy');
}
