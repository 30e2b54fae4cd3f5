import type { RgbImage } from './image.js';

/**
 * An RGB8 image shrunk so that its longest side is `longest`, by exact area
 * means; `image` itself when it is no larger. No side falls under 1 pixel.
 */
export function shrink(image: RgbImage, longest: number): RgbImage {
  const side = Math.max(image.width, image.height);
  if (side <= longest) return image;
  const width = Math.max(1, Math.round((image.width * longest) / side));
  const height = Math.max(1, Math.round((image.height * longest) / side));
  const columns = spans(image.width, width);
  const rows = spans(image.height, height);
  const { data } = image;
  const from = 3 * image.width;
  const shrunk = new Uint8Array(3 * width * height);
  const sums = new Float64Array(from);
  const area = (image.width / width) * (image.height / height);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let r = rows.first[y]; r < rows.end[y]; r++) {
      const weight = covered(r, y, image.height / height);
      const start = r * from;
      for (let x = 0; x < from; x++) sums[x] += weight * data[start + x];
    }
    for (let x = 0, to = 3 * width * y; x < width; x++, to += 3) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      for (let c = columns.first[x]; c < columns.end[x]; c++) {
        const weight = covered(c, x, image.width / width);
        s0 += weight * sums[3 * c];
        s1 += weight * sums[3 * c + 1];
        s2 += weight * sums[3 * c + 2];
      }
      shrunk[to] = s0 / area + 0.5;
      shrunk[to + 1] = s1 / area + 0.5;
      shrunk[to + 2] = s2 / area + 0.5;
    }
  }
  return { data: shrunk, width, height, channels: 3 };
}

/** Share of source pixel `source` inside target pixel `target` of `step` source pixels. */
function covered(source: number, target: number, step: number): number {
  const from = Math.max(source, target * step);
  const to = Math.min(source + 1, (target + 1) * step);
  return to > from ? to - from : 0;
}

/** Source pixels that each target pixel touches. */
function spans(from: number, to: number): { first: Int32Array; end: Int32Array } {
  const first = new Int32Array(to);
  const end = new Int32Array(to);
  for (let i = 0; i < to; i++) {
    first[i] = Math.floor((i * from) / to);
    end[i] = Math.min(from, Math.ceil(((i + 1) * from) / to));
  }
  return { first, end };
}
