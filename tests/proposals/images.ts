import fc from 'fast-check';
import type { PixelImage } from '../../proposals/index.js';

/** Rectangles of random colours under noise, from a seed. */
export function patchwork(width: number, height: number, seed: number): PixelImage {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const data = new Uint8Array(3 * width * height).fill(90);
  for (let patch = 0; patch < 14; patch++) {
    const x1 = Math.floor(random() * width);
    const y1 = Math.floor(random() * height);
    const x2 = Math.min(width, x1 + 1 + Math.floor((random() * width) / 2));
    const y2 = Math.min(height, y1 + 1 + Math.floor((random() * height) / 2));
    const colour = [random() * 256, random() * 256, random() * 256];
    for (let y = y1; y < y2; y++) {
      for (let x = x1; x < x2; x++) data.set(colour, 3 * (y * width + x));
    }
  }
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.max(0, Math.min(255, data[i] + 12 * (random() - 0.5)));
  }
  return { data, width, height, channels: 3 };
}

/** Images of any size up to 48×48 and thin ones, 1, 3 or 4 channels, 8 or 16 bits: noise, flat, stripes, patches. */
export const anyImage: fc.Arbitrary<PixelImage> = fc
  .record({
    size: fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 48 }), fc.integer({ min: 1, max: 48 })),
      fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 700 })),
      fc.tuple(fc.integer({ min: 1, max: 700 }), fc.constantFrom(1, 2)),
    ),
    channels: fc.constantFrom<1 | 3 | 4>(1, 3, 4),
    wide: fc.boolean(),
    kind: fc.constantFrom('noise', 'flat', 'stripes', 'patches', 'extremes'),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ size: [width, height], channels, wide, kind, seed }) => {
    const length = width * height * channels;
    const data = wide ? new Uint16Array(length) : new Uint8Array(length);
    const most = wide ? 65535 : 255;
    const patches = kind === 'patches' ? patchwork(width, height, seed).data : data;
    let state = seed >>> 0;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const pixel = Math.floor(i / channels);
      if (kind === 'noise') data[i] = (state / 2 ** 32) * (most + 1);
      else if (kind === 'flat') data[i] = seed % (most + 1);
      else if (kind === 'stripes') data[i] = (pixel % width) % 7 < 3 ? 0 : most;
      else if (kind === 'extremes') data[i] = state & 65536 ? most : 0;
      else
        data[i] =
          (patches[3 * pixel + (i % channels) * (channels > 1 ? 1 : 0)] ?? 0) *
          (wide ? 257 : 1);
    }
    return { data, width, height, channels };
  });
