import type { ImageFileProblem } from './errors.js';
import type { ImageFormat, RefusedFormat } from './sniffFormat.js';

const FORMATS = 'JPEG, PNG, WebP, TIFF, GIF or AVIF';

export const EMPTY: ImageFileProblem = {
  code: 'EMPTY_FILE',
  reason: 'the file is empty',
  remedy: 'copy it again from where it came',
};

export const NO_IMAGE: ImageFileProblem = {
  code: 'NOT_AN_IMAGE',
  reason: 'its content is no image',
  remedy: `give files that are ${FORMATS}`,
};

const REMEDIES: Readonly<Record<RefusedFormat, { form: string; remedy: string }>> = {
  heic: {
    form: 'a HEIC (HEIF) photo',
    remedy:
      'convert it to JPEG first: `heif-convert IN OUT.jpg` or `magick IN OUT.jpg`; on macOS `sips -s format jpeg IN --out OUT.jpg`; an iPhone takes JPEG with Settings > Camera > Formats > Most Compatible',
  },
  svg: {
    form: 'an SVG drawing, which may refer to other files',
    remedy: 'render it to PNG first',
  },
  bmp: { form: 'a BMP picture', remedy: 'convert it to PNG first' },
  'jpeg-xl': { form: 'a JPEG XL photo', remedy: 'convert it to JPEG first' },
  'jpeg-2000': { form: 'a JPEG 2000 photo', remedy: 'convert it to JPEG first' },
  raw: {
    form: "a camera's raw file",
    remedy:
      'develop it to JPEG first, or give the JPEG that the camera wrote beside it',
  },
  pdf: { form: 'a PDF document', remedy: 'render its pages to PNG first' },
  video: {
    form: 'a video or sound file',
    remedy: 'extract its frames as JPEG first, as with `ffmpeg -i IN frame-%05d.jpg`',
  },
};

export function refusedFormat(format: RefusedFormat): ImageFileProblem {
  const { form, remedy } = REMEDIES[format];
  return { code: 'UNSUPPORTED_FORMAT', reason: `${form} is not decoded here`, remedy };
}

export function tooManyPixels(
  width: number,
  height: number,
  maxPixels: number,
): ImageFileProblem {
  return {
    code: 'TOO_MANY_PIXELS',
    reason: `${width}×${height} pixels are more than the limit of ${maxPixels}`,
    remedy: 'shrink it first, or raise the limit if you trust the file',
  };
}

export function tooLarge(size: number, maxBytes: number): ImageFileProblem {
  return {
    code: 'FILE_TOO_LARGE',
    reason: `${size} bytes are more than the limit of ${maxBytes}`,
    remedy: 'shrink or compress it first',
  };
}

/** From the code of a failed system call. */
export function systemProblem(systemCode: string | undefined): ImageFileProblem {
  switch (systemCode) {
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        code: 'NOT_FOUND',
        reason: 'no such file',
        remedy: 'check the spelling of the path',
      };
    case 'EISDIR':
      return {
        code: 'NOT_A_FILE',
        reason: 'a folder or a device, not a file',
        remedy: 'give a file',
      };
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'UNREADABLE',
        reason: `no permission to read it (${systemCode})`,
        remedy: 'allow reading it, or run as a user who may',
      };
    default:
      return {
        code: 'UNREADABLE',
        reason: `it cannot be read (${systemCode ?? 'unknown cause'})`,
        remedy: 'check the disk, or copy the file elsewhere and try again',
      };
  }
}

/**
 * The problem of bytes that start as an image but don't decode.
 *
 * @param message what the decoder said
 */
export function damaged(
  bytes: Uint8Array,
  format: ImageFormat,
  message: string,
): ImageFileProblem {
  const said = firstLine(message);
  return endsEarly(bytes, format, message)
    ? {
        code: 'TRUNCATED',
        reason: `the ${format.toUpperCase()} data end before the picture does (${said})`,
        remedy: 'copy or download the file again',
      }
    : {
        code: 'CORRUPT',
        reason: `the ${format.toUpperCase()} data are damaged (${said})`,
        remedy: 'copy it again from where it came, or open and save it in an editor',
      };
}

function endsEarly(bytes: Uint8Array, format: ImageFormat, message: string): boolean {
  if (/premature end|truncat|unexpected end|end of file|read error on/i.test(message)) {
    return true;
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Not all decoders say so; these forms tell how long they should be.
  switch (format) {
    case 'png':
      return !view.subarray(-SEARCHED_END).includes('IEND');
    case 'webp':
      return view.length < 12 || view.readUInt32LE(4) + 8 > view.length;
    case 'tiff': {
      if (view.length < 8) return true;
      const isBig = view[2] === 43 || view[3] === 43;
      const little = view[0] === 0x49;
      return (
        !isBig && (little ? view.readUInt32LE(4) : view.readUInt32BE(4)) >= view.length
      );
    }
    default:
      return false;
  }
}

/** Some writers append bytes of their own behind a PNG's end. */
const SEARCHED_END = 4096;

function firstLine(message: string): string {
  const line = message.trim().split('\n').at(-1)!.trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
