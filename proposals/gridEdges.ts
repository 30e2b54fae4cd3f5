import type { ColourImage } from './convertColour.js';
import type { EdgeList, SortedEdges, Tile } from './mergeGraph.js';
import { MOST_MEMORY, pixelKernels, type PixelKernels } from './simd/pixelKernels.js';

/** Steps of the bucketed colour distance per grey level. */
const STEPS = 4;
/**
 * Images of more pixels are cut into tiles, whose merging then stays in the processor's
 * caches; that makes time linear in the pixels.
 */
export const UNCUT_PIXELS = 2 ** 18;
/** Side of a tile, pixels; tiles of images that are narrower are longer by as much. */
const TILE_SIDE = 256;
/** Bucket of each squared distance up to 3 · 255². */
let buckets: Uint16Array | undefined;

/**
 * Edges of the 8-neighbour pixel grid by colour distance, bucketed to quarters of
 * a grey level and sorted by counting. Of each triangle of neighbours the
 * heaviest edge is left out where that is seen at once: no minimum spanning tree
 * needs it, for its ends are joined by lighter ones. So 2 of 4 edges a pixel are
 * never sorted or merged.
 *
 * @param kernels null for plain loops, which give the same
 */
export function gridEdges(
  image: ColourImage,
  scratch: GridScratch,
  tileSide = image.width * image.height > UNCUT_PIXELS
    ? TILE_SIDE
    : Math.max(image.width, image.height),
  kernels: PixelKernels | null = pixelKernels(),
): SortedEdges {
  const { data, width, height, channels } = image;
  buckets ??= Uint16Array.from({ length: 3 * 255 * 255 + 1 }, (_, d) =>
    Math.round(STEPS * Math.sqrt(d)),
  );
  const levels = buckets[channels * 255 * 255] + 1;
  const { distances, needed, sorted } = scratch;
  let sortedTotal = 0;
  if (channels === 3 && kernels && simdBytes(width) <= MOST_MEMORY)
    measureBySimd(kernels, data, width, height, distances);
  else if (channels === 3) measureColour(data, width, height, buckets, distances);
  else measureAny(data, width, height, channels, buckets, distances);
  const tileWidth = tileLength(tileSide, height);
  const tileHeight = tileLength(tileSide, width);
  const seamRows = width * (Math.ceil(height / tileHeight) - 1);
  const seamColumns = height * (Math.ceil(width / tileWidth) - 1);
  const seams = new Int32Array(3 * (seamRows + seamColumns));
  const seamCounts = new Int32Array(levels);
  let seamTotal = 0;
  const tiles: Tile[] = [];
  for (let top = 0; top < height; top += tileHeight) {
    const bottom = Math.min(top + tileHeight, height);
    // Up to here, all that a block of 2×2 pixels lists is inside the tile.
    const inBottom = bottom === height ? height : bottom - 1;
    for (let left = 0; left < width; left += tileWidth) {
      const right = Math.min(left + tileWidth, width);
      const inRight = right === width ? width : right - 1;
      const counts = new Int32Array(levels);
      let total = 0;
      /** Lists the edges of a part of the tile; those in direction `inside` stay in the tile. */
      const add = (x1: number, y1: number, x2: number, y2: number, inside: number) => {
        if (x1 === x2) return;
        const end = withoutTriangles(
          distances,
          width,
          height,
          { x1, y1, x2, y2 },
          needed,
          total,
          counts,
        );
        if (inside === ALL) {
          total = end;
          return;
        }
        for (let i = total; i < end; i++) {
          const edge = needed[i];
          if ((edge & 3) === inside) {
            needed[total++] = edge;
            continue;
          }
          counts[distances[edge]]--;
          seamCounts[distances[edge]]++;
          seams[seamTotal++] = edge;
        }
      };
      add(left, top, inRight, inBottom, ALL);
      add(inRight, top, right, inBottom, DOWN);
      add(left, inBottom, inRight, bottom, RIGHT);
      add(inRight, inBottom, right, bottom, NONE);
      const edges = sorted.subarray(sortedTotal, (sortedTotal += total));
      const list = sortByLevel(needed, distances, counts, edges);
      tiles.push({ ...list, x1: left, y1: top, x2: right, y2: bottom });
    }
  }
  const weights = new Float64Array(levels);
  for (let level = 0; level < levels; level++) weights[level] = level / STEPS;
  return {
    tiles,
    seams: sortByLevel(seams, distances, seamCounts, new Int32Array(seamTotal)),
    weights,
    levels,
    offsets: gridOffsets(width),
  };
}

/** Which directions of an edge stay inside the tile. */
const ALL = -1;
const NONE = -2;
const RIGHT = 0;
const DOWN = 1;

/** Length of a tile along one axis, of about side² pixels in all, by the image's other axis. */
const tileLength = (side: number, other: number) =>
  Math.max(side, Math.floor(side ** 2 / Math.min(other, side)));

/** Sorts the first of a list into `edges` by counting; `counts` are those of the levels, and lost. */
function sortByLevel(
  list: Int32Array,
  distances: Uint16Array,
  counts: Int32Array,
  edges: Int32Array,
): EdgeList {
  const levels = counts.length;
  const starts = new Int32Array(levels + 1);
  let start = 0;
  for (let level = 0; level < levels; level++) {
    starts[level] = start;
    start += counts[level];
    counts[level] = starts[level];
  }
  starts[levels] = start;
  for (let i = 0; i < edges.length; i++) {
    const edge = list[i];
    edges[counts[distances[edge]]++] = edge;
  }
  return { edges, starts };
}

/** Arrays that several colour spaces of one image can share. */
export interface GridScratch {
  /** 4 · pixels */
  distances: Uint16Array;
  /** 4 · pixels; free again once the edges are sorted */
  needed: Int32Array;
  /** 4 · pixels; the edges, until others are sorted */
  sorted: Int32Array;
}

/** Directions of an edge: right, down, down-right, down-left. */
export function gridOffsets(width: number): Int32Array {
  return Int32Array.of(1, width, width + 1, width - 1);
}

/**
 * Lists the edges of the pixels in [x1, x2) × [y1, y2), and those that lead down-left
 * from their right neighbours, which are not the heaviest of a triangle inside a block
 * of 2×2 pixels (among equals a diagonal counts as heavier), from `needed[n]` on, and
 * counts their levels.
 *
 * @returns where the list ends
 */
function withoutTriangles(
  distances: Uint16Array,
  width: number,
  height: number,
  { x1, y1, x2, y2 }: { x1: number; y1: number; x2: number; y2: number },
  needed: Int32Array,
  n: number,
  counts: Int32Array,
): number {
  const down = 4 * width;
  const end = x2 < width ? x2 : width - 1;
  for (let y = y1; y < y2; y++) {
    let e = y * down + 4 * x1;
    if (y < height - 1) {
      for (let x = x1; x < end; x++, e += 4) {
        // a b
        // c d
        const ab = distances[e];
        const ac = distances[e + 1];
        const ad = distances[e + 2];
        const bd = distances[e + 5];
        const bc = distances[e + 7];
        const cd = distances[e + down];
        // The sign bit is 1 where a comparison holds: no branch can be guessed here.
        const keepAd = (((ad - ab) | (ad - bd)) & ((ad - ac) | (ad - cd))) >>> 31;
        needed[n] = e + 2;
        n += keepAd;
        counts[ad] += keepAd;
        const keepBc = (((bc - ab) | (bc - ac)) & ((bc - bd) | (bc - cd))) >>> 31;
        needed[n] = e + 7;
        n += keepBc;
        counts[bc] += keepBc;
        const keepAb =
          (((ab - ac - 1) | (ab - bc - 1)) & ((ab - bd - 1) | (ab - ad - 1))) >>> 31;
        needed[n] = e;
        n += keepAb;
        counts[ab] += keepAb;
        const keepAc =
          (((ac - ab - 1) | (ac - bc - 1)) & ((ac - cd - 1) | (ac - ad - 1))) >>> 31;
        needed[n] = e + 1;
        n += keepAc;
        counts[ac] += keepAc;
      }
      if (x2 < width) continue;
      needed[n++] = e + 1;
      counts[distances[e + 1]]++;
    } else {
      for (let x = x1; x < end; x++, e += 4) {
        needed[n++] = e;
        counts[distances[e]]++;
      }
    }
  }
  return n;
}

/**
 * Three channels: each pixel's values are loaded once a row. Edges that lead out
 * of the image are not set.
 */
function measureColour(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  lut: Uint16Array,
  distances: Uint16Array,
): void {
  const row = 3 * width;
  for (let y = 0; y < height - 1; y++) {
    let p = y * row;
    let e = 4 * y * width;
    // a b
    // c d
    let a0 = data[p];
    let a1 = data[p + 1];
    let a2 = data[p + 2];
    let c0 = data[p + row];
    let c1 = data[p + row + 1];
    let c2 = data[p + row + 2];
    for (let x = 1; x < width; x++, e += 4) {
      p += 3;
      const b0 = data[p];
      const b1 = data[p + 1];
      const b2 = data[p + 2];
      let u = a0 - b0;
      let v = a1 - b1;
      let w = a2 - b2;
      distances[e] = lut[u * u + v * v + w * w];
      u = a0 - c0;
      v = a1 - c1;
      w = a2 - c2;
      distances[e + 1] = lut[u * u + v * v + w * w];
      u = b0 - c0;
      v = b1 - c1;
      w = b2 - c2;
      distances[e + 7] = lut[u * u + v * v + w * w];
      c0 = data[p + row];
      c1 = data[p + row + 1];
      c2 = data[p + row + 2];
      u = a0 - c0;
      v = a1 - c1;
      w = a2 - c2;
      distances[e + 2] = lut[u * u + v * v + w * w];
      a0 = b0;
      a1 = b1;
      a2 = b2;
    }
    const u = a0 - c0;
    const v = a1 - c1;
    const w = a2 - c2;
    distances[e + 1] = lut[u * u + v * v + w * w];
  }
  let p = (height - 1) * row;
  let e = 4 * (height - 1) * width;
  for (let x = 1; x < width; x++, p += 3, e += 4) {
    const u = data[p] - data[p + 3];
    const v = data[p + 1] - data[p + 4];
    const w = data[p + 2] - data[p + 5];
    distances[e] = lut[u * u + v * v + w * w];
  }
}

/** Planes are this far apart: room for what the kernels read before and after a row. */
const pitchOf = (width: number) => width + 64;

const simdBytes = (width: number) =>
  3 * width + 64 + 6 * pitchOf(width) + 8 * width + 64;

/** `measureColour` row by row in the kernels' memory; what leads out of the image is undefined. */
function measureBySimd(
  kernels: PixelKernels,
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  distances: Uint16Array,
): void {
  const buffer = kernels.memory(simdBytes(width));
  const pitch = pitchOf(width);
  const out = new Uint16Array(buffer, 0, 4 * width);
  const rowAt = 8 * width + 64;
  const row = new Uint8Array(buffer, rowAt, 3 * width);
  const planesAt = rowAt + 3 * width + 64;
  const load = (y: number): number => {
    row.set(data.subarray(3 * y * width, 3 * (y + 1) * width));
    // One pixel may be read before the first.
    const planes = planesAt + (y & 1) * 3 * pitch + 1;
    kernels.splitChannels(rowAt, planes, width, pitch);
    return planes;
  };
  let upper = load(0);
  for (let y = 0; y < height; y++) {
    const lower = y < height - 1 ? load(y + 1) : upper;
    kernels.rowDistances(upper, lower, pitch, 0, width);
    distances.set(out, 4 * y * width);
    upper = lower;
  }
}

/** Any number of channels, one direction after the other. */
function measureAny(
  data: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  channels: number,
  lut: Uint16Array,
  distances: Uint16Array,
): void {
  const offsets = gridOffsets(width);
  for (let direction = 0; direction < 4; direction++) {
    const step = offsets[direction] * channels;
    const first = direction === 3 ? 1 : 0;
    const end = direction === 0 || direction === 2 ? width - 1 : width;
    const rows = direction === 0 ? height : height - 1;
    for (let y = 0; y < rows; y++) {
      let e = 4 * (y * width + first) + direction;
      let p = (y * width + first) * channels;
      if (channels === 1) {
        for (let x = first; x < end; x++, e += 4, p++) {
          const difference = data[p] - data[p + step];
          distances[e] = lut[difference * difference];
        }
        continue;
      }
      for (let x = first; x < end; x++, e += 4) {
        let sum = 0;
        for (let c = 0; c < channels; c++, p++) {
          const difference = data[p] - data[p + step];
          sum += difference * difference;
        }
        distances[e] = lut[sum];
      }
    }
  }
}
