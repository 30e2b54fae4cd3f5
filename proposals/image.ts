import { ProposalError } from './errors.js';

/**
 * Pixels: row-major, interleaved (R G B R G B …), RGB order.
 * Alpha is ignored; 16-bit values use the full range 0–65535.
 */
export interface PixelImage {
  /** width · height · channels values */
  data: Uint8Array | Uint8ClampedArray | Uint16Array;
  width: number;
  height: number;
  /** 1 grey, 3 RGB, 4 RGBA */
  channels: 1 | 3 | 4;
}

/** RGB8, row-major, interleaved, 3 · width · height bytes: what the room works on. */
export interface RgbImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 3;
}

/**
 * @throws ProposalError INVALID_IMAGE unless the image has at least one pixel,
 *   1, 3 or 4 channels, and as many values as these say
 */
export function checkImage(image: PixelImage): void {
  const { data, width, height, channels } = image;
  if (
    !(data instanceof Uint8Array) &&
    !(data instanceof Uint8ClampedArray) &&
    !(data instanceof Uint16Array)
  ) {
    throw new ProposalError(
      'INVALID_IMAGE',
      'image.data must be a Uint8Array, Uint8ClampedArray or Uint16Array',
      'image.data',
    );
  }
  if (
    !(Number.isSafeInteger(width) && Number.isSafeInteger(height)) ||
    width < 1 ||
    height < 1
  ) {
    throw new ProposalError(
      'INVALID_IMAGE',
      `an image of ${width}×${height} pixels has no pixels`,
      'image.width',
    );
  }
  // An edge of the pixel graph is 4 · pixel + direction in 32 bits.
  if (width * height >= 2 ** 29) {
    throw new ProposalError(
      'INVALID_IMAGE',
      `an image of ${width}×${height} pixels is too large; at most 2^29 − 1 pixels, shrink it first`,
      'image.width',
    );
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new ProposalError(
      'INVALID_IMAGE',
      `an image has 1, 3 or 4 channels, not ${String(channels)}`,
      'image.channels',
    );
  }
  if (data.length !== width * height * channels) {
    throw new ProposalError(
      'INVALID_IMAGE',
      `${width}×${height} pixels of ${channels} channels are ${width * height * channels} values, but data has ${data.length}`,
      'image.data',
    );
  }
}

/**
 * Any image as RGB8: grey is repeated, alpha dropped, 16 bits become 8 (the
 * high byte). RGB8 is passed through without a copy.
 *
 * @throws ProposalError INVALID_IMAGE
 */
export function toRgb(image: PixelImage): RgbImage {
  checkImage(image);
  const { data, width, height, channels } = image;
  if (channels === 3 && !(data instanceof Uint16Array)) {
    return { data, width, height, channels };
  }
  const pixels = width * height;
  const rgb = new Uint8Array(3 * pixels);
  const shift = data instanceof Uint16Array ? 8 : 0;
  const green = channels === 1 ? 0 : 1;
  const blue = channels === 1 ? 0 : 2;
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    rgb[to] = data[from] >> shift;
    rgb[to + 1] = data[from + green] >> shift;
    rgb[to + 2] = data[from + blue] >> shift;
  }
  return { data: rgb, width, height, channels: 3 };
}
