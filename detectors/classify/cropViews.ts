import type { ClassifierPreprocessing } from '../weights/classifierMetadata.js';
import { greyOf, type Photo } from '../warp/photo.js';
import { resizeBilinear } from '../warp/resizeBilinear.js';
import { PhotoPyramid } from '../warp/warpCrops.js';

/** How many crops of a photo are classified. */
export const CROP_COUNTS = [1, 10, 144] as const;
export type CropCount = (typeof CROP_COUNTS)[number];

/** How a network's crops are cut. */
export interface CropSizes {
  /** Side of the network's input, in pixels. */
  side: number;
  /** Both sides of a photo before 1 or 10 crops are taken. */
  photoSide: number;
}

/** Of networks for ImageNet, whose photos are 256×256 (Krizhevsky et al. 2012, §2). */
export const IMAGENET_PHOTO_SIDE = 256;

/** Side of GoogLeNet's input, in pixels. */
export const CROP_SIDE = 224;

const GOOGLENET_SIZES: CropSizes = { side: CROP_SIDE, photoSide: IMAGENET_PHOTO_SIDE };

/** The shorter sides of a photo before 144 crops are taken, in parts of `photoSide`. */
const SCALES = [1, 288 / 256, 320 / 256, 352 / 256];

/** A crop of `side` × `side` pixels out of a resized photo. */
export interface CropView {
  photo: Photo;
  /** Left and upper edge, in pixels of the resized photo. */
  x: number;
  y: number;
  side: number;
  isMirrored: boolean;
}

/** Whether a network sees photos whole, so that there is one crop of them and no other. */
export const isSeenWhole = ({ side, photoSide }: CropSizes): boolean =>
  photoSide <= side;

/**
 * The crops of a photo that a classifier looks at; with GoogLeNet's sizes:
 *
 * - 1: Caffe's reference protocol: the photo resized to 256×256, whatever its
 *   aspect, and of it the centre.
 * - 10: of the same 256×256 the four corners and the centre, and their mirror images
 *   (Krizhevsky et al. 2012, §4.1).
 * - 144: the left, centre and right square (of tall photos the upper, centre and lower
 *   one); of each, its side at 256, 288, 320 and 352, the four corners, the centre and
 *   the whole square resized; and their mirror images (Szegedy et al. 2014, §7). The
 *   squares are cut out before they are resized, so that long strips cost no more.
 *
 * @param sizes of the network; where it sees photos whole there is 1 crop only.
 *   @default GoogLeNet's
 */
export function* cropViews(
  photo: Photo,
  count: CropCount,
  sizes: CropSizes = GOOGLENET_SIZES,
): Generator<CropView> {
  if (count === 144) {
    const side = Math.min(photo.width, photo.height);
    for (const part of [0, 0.5, 1]) {
      const left = Math.floor(part * (photo.width - side));
      const top = Math.floor(part * (photo.height - side));
      yield* squareViews(cut(photo, left, top, side), sizes);
    }
    return;
  }
  const { side, photoSide } = sizes;
  const resized = resizeBilinear(photo, photoSide, photoSide);
  if (isSeenWhole(sizes)) {
    yield { photo: inTheMiddle(resized, side), x: 0, y: 0, side, isMirrored: false };
    return;
  }
  const places = cornersAndCentre(photoSide - side);
  if (count === 1) {
    const [x, y] = places[4];
    yield { photo: resized, x, y, side, isMirrored: false };
    return;
  }
  for (const isMirrored of [false, true]) {
    for (const [x, y] of places) {
      yield { photo: resized, x, y, side, isMirrored };
    }
  }
}

/**
 * Where a crop can lie that has `room` pixels to spare in both axes: the corners, and the
 * centre, half a pixel further up and left when it has no pixel of its own (as in Caffe).
 */
function cornersAndCentre(room: number): [number, number][] {
  const half = Math.floor(room / 2);
  return [
    [0, 0],
    [room, 0],
    [0, room],
    [room, room],
    [half, half],
  ];
}

/** A photo in the middle of a black square. */
function inTheMiddle({ data, width, height }: Photo, side: number): Photo {
  const square = new Uint8Array(3 * side * side);
  const left = Math.floor((side - width) / 2);
  const top = Math.floor((side - height) / 2);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(3 * width * y, 3 * width * (y + 1));
    square.set(row, 3 * ((top + y) * side + left));
  }
  return { data: square, width: side, height: side };
}

/** The 48 crops of one square of the photo. */
function* squareViews(
  square: Photo,
  { side, photoSide }: CropSizes,
): Generator<CropView> {
  const pyramid = new PhotoPyramid(square);
  for (const scale of SCALES) {
    const length = Math.round(scale * photoSide);
    const resized = resizeBilinear(pyramid, length, length);
    const whole = resizeBilinear(resized, side, side);
    for (const isMirrored of [false, true]) {
      for (const [x, y] of cornersAndCentre(length - side)) {
        yield { photo: resized, x, y, side, isMirrored };
      }
      yield { photo: whole, x: 0, y: 0, side, isMirrored };
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

/** What of a classifier's preprocessing is not the same for all. */
export type CropPreprocessing = Omit<ClassifierPreprocessing, 'range'>;

/**
 * Writes a crop as a network wants it.
 *
 * @param into `cropLength` numbers are written here: planar, (pixel − mean) · scale
 */
export function fillCrop(
  view: CropView,
  preprocessing: CropPreprocessing,
  into: Float32Array,
): void {
  const { mean, channels, scale = 1 } = preprocessing;
  if (channels === 'grey') {
    fillGreyCrop(view, preprocessing, into);
    return;
  }
  const { photo, x: left, y: top, side, isMirrored } = view;
  const { data, width } = photo;
  const step = isMirrored ? -3 : 3;
  for (let c = 0, to = 0; c < 3; c++) {
    const channel = channels === 'BGR' ? 2 - c : c;
    const offset = mean[c];
    for (let y = 0; y < side; y++) {
      const first = isMirrored ? left + side - 1 : left;
      let from = 3 * ((top + y) * width + first) + channel;
      for (let x = 0; x < side; x++, to++, from += step) {
        into[to] = (data[from] - offset) * scale;
      }
    }
  }
}

function fillGreyCrop(
  { photo, x: left, y: top, side, isMirrored }: CropView,
  { mean: [mean], scale = 1 }: CropPreprocessing,
  into: Float32Array,
): void {
  const { data, width } = photo;
  for (let y = 0, to = 0; y < side; y++) {
    for (let x = 0; x < side; x++, to++) {
      const column = left + (isMirrored ? side - 1 - x : x);
      const from = 3 * ((top + y) * width + column);
      into[to] = (greyOf(data[from], data[from + 1], data[from + 2]) - mean) * scale;
    }
  }
}
