import { DetectorError } from '../errors.js';

/**
 * A photo: RGB8, row-major, interleaved (R G B R G B …), 3 · width · height bytes.
 */
export interface Photo {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** Pixels in any form that the proposals take too. */
export interface PixelImage {
  data: Uint8Array | Uint8ClampedArray | Uint16Array;
  width: number;
  height: number;
  /** 1 (grey), 3 (RGB) or 4 (RGBA; alpha is ignored). */
  channels: number;
}

/**
 * An image as RGB8: grey is repeated, alpha dropped, 16 bits become 8 (the high
 * byte). RGB8 is passed through without a copy.
 *
 * @throws DetectorError INVALID_ARGUMENT when size and data don't agree
 */
export function toPhoto(image: PixelImage): Photo {
  const { data, width, height, channels } = image;
  const pixels = width * height;
  if (!(Number.isInteger(width) && Number.isInteger(height) && pixels > 0)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `an image of ${width}×${height} pixels`,
    );
  }
  if (![1, 3, 4].includes(channels) || data.length !== pixels * channels) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `an image of ${width}×${height} pixels and ${channels} channels (1, 3 or 4) cannot have ${data.length} values`,
    );
  }
  if (channels === 3 && !(data instanceof Uint16Array)) return { data, width, height };
  const rgb = new Uint8Array(3 * pixels);
  const shift = data instanceof Uint16Array ? 8 : 0;
  const green = channels === 1 ? 0 : 1;
  const blue = channels === 1 ? 0 : 2;
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    rgb[to] = data[from] >> shift;
    rgb[to + 1] = data[from + green] >> shift;
    rgb[to + 2] = data[from + blue] >> shift;
  }
  return { data: rgb, width, height };
}

/** How a network wants its pixels. */
export interface Preprocessing {
  /** Subtracted from each channel, in the order of `channels`, 0–255. */
  mean: readonly number[];
  channels: 'BGR' | 'RGB' | 'grey';
}

/** Channels of a network's input. */
export const channelCount = (channels: Preprocessing['channels']): number =>
  channels === 'grey' ? 1 : 3;

/** Numbers of one crop: channels × side × side. */
export const cropLength = (channels: Preprocessing['channels'], side: number): number =>
  channelCount(channels) * side * side;

/** 0.299 R + 0.587 G + 0.114 B in the whole numbers of OpenCV, which Caffe reads with. */
export const greyOf = (red: number, green: number, blue: number): number =>
  (9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15;
