import type { Photo } from './photo.js';
import { enlarge } from './resizePixels.js';
import { PhotoPyramid } from './warpCrops.js';

/**
 * A photo at any other size, as OpenCV's 8-bit `INTER_LINEAR` has it (it made the
 * resized sets that Caffe's reference networks were trained and measured on). Where
 * both axes shrink by 2 or more, the photo is first halved by 2×2 means as often:
 * plain interpolation would skip pixels there.
 *
 * @param source a photo, or its pyramid when it is resized more than once
 */
export function resizeBilinear(
  source: Photo | PhotoPyramid,
  width: number,
  height: number,
): Photo {
  const pyramid = source instanceof PhotoPyramid ? source : new PhotoPyramid(source);
  const { photo } = pyramid;
  const shrink = Math.min(photo.width / width, photo.height / height);
  const halvings = shrink >= 2 ? Math.floor(Math.log2(shrink)) : 0;
  const level = pyramid.level(halvings);
  return level.width === width && level.height === height
    ? level
    : enlarge(level, width, height);
}
