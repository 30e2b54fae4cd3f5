import type { Photo, Preprocessing } from '../warp/photo.js';
import { resizeBilinear } from '../warp/resizeBilinear.js';
import { PhotoPyramid } from '../warp/warpCrops.js';

/** How many crops of a photo are classified. */
export const CROP_COUNTS = [1, 10, 144] as const;
export type CropCount = (typeof CROP_COUNTS)[number];

/** Side of the network's input, in pixels. */
export const CROP_SIDE = 224;

/** Both sides of a photo before 1 or 10 crops are taken. */
const RESIZED_SIDE = 256;

/** The shorter sides of a photo before 144 crops are taken. */
const SCALES = [256, 288, 320, 352];

/** A crop of CROP_SIDE × CROP_SIDE pixels out of a resized photo. */
export interface CropView {
  photo: Photo;
  /** Left and upper edge, in pixels of the resized photo. */
  x: number;
  y: number;
  isMirrored: boolean;
}

/**
 * The crops of a photo that a classifier looks at.
 *
 * - 1: Caffe's reference protocol: the photo resized to 256×256, whatever its
 *   aspect, and of it the centre.
 * - 10: of the same 256×256 the four corners and the centre, and their mirror images
 *   (Krizhevsky et al. 2012, §4.1).
 * - 144: the left, centre and right square (of tall photos the upper, centre and lower
 *   one); of each, its side at 256, 288, 320 and 352, the four corners, the centre and
 *   the whole square resized; and their mirror images (Szegedy et al. 2014, §7). The
 *   squares are cut out before they are resized, so that long strips cost no more.
 */
export function* cropViews(photo: Photo, count: CropCount): Generator<CropView> {
  if (count === 144) {
    const side = Math.min(photo.width, photo.height);
    for (const part of [0, 0.5, 1]) {
      const left = Math.floor(part * (photo.width - side));
      const top = Math.floor(part * (photo.height - side));
      yield* squareViews(cut(photo, left, top, side));
    }
    return;
  }
  const resized = resizeBilinear(photo, RESIZED_SIDE, RESIZED_SIDE);
  const room = RESIZED_SIDE - CROP_SIDE;
  if (count === 1) {
    yield { photo: resized, x: room / 2, y: room / 2, isMirrored: false };
    return;
  }
  for (const isMirrored of [false, true]) {
    for (const [x, y] of cornersAndCentre(room)) {
      yield { photo: resized, x, y, isMirrored };
    }
  }
}

/** Where a crop can lie that has `room` pixels to spare in both axes. */
const cornersAndCentre = (room: number): [number, number][] => [
  [0, 0],
  [room, 0],
  [0, room],
  [room, room],
  [room / 2, room / 2],
];

/** The 48 crops of one square of the photo. */
function* squareViews(square: Photo): Generator<CropView> {
  const pyramid = new PhotoPyramid(square);
  for (const scale of SCALES) {
    const resized = resizeBilinear(pyramid, scale, scale);
    const whole = resizeBilinear(resized, CROP_SIDE, CROP_SIDE);
    for (const isMirrored of [false, true]) {
      for (const [x, y] of cornersAndCentre(scale - CROP_SIDE)) {
        yield { photo: resized, x, y, isMirrored };
      }
      yield { photo: whole, x: 0, y: 0, isMirrored };
    }
  }
}

function cut({ data, width }: Photo, left: number, top: number, side: number): Photo {
  const square = new Uint8Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    const from = 3 * ((top + y) * width + left);
    square.set(data.subarray(from, from + 3 * side), 3 * side * y);
  }
  return { data: square, width: side, height: side };
}

/**
 * Writes a crop as a network wants it.
 *
 * @param into 3 · CROP_SIDE² numbers are written here: planar, minus the mean
 */
export function fillCrop(
  { photo, x: left, y: top, isMirrored }: CropView,
  { mean, channels }: Preprocessing,
  into: Float32Array,
): void {
  const { data, width } = photo;
  const step = isMirrored ? -3 : 3;
  for (let c = 0, to = 0; c < 3; c++) {
    const channel = channels === 'BGR' ? 2 - c : c;
    for (let y = 0; y < CROP_SIDE; y++) {
      const first = isMirrored ? left + CROP_SIDE - 1 : left;
      let from = 3 * ((top + y) * width + first) + channel;
      for (let x = 0; x < CROP_SIDE; x++, to++, from += step) {
        into[to] = data[from] - mean[c];
      }
    }
  }
}
