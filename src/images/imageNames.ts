/** Ends of names (lower case, with the dot) of files that are decoded here. */
const DECODED = '.jpg .jpeg .jpe .jfif .png .webp .tif .tiff .gif .avif';

/**
 * Ends of names of photos that are not decoded here. They are taken up all the
 * same, so that each is recorded with its remedy: a folder of HEIC photos must
 * not look like an empty one.
 */
const REFUSED = '.heic .heif .hif .bmp .jp2 .jxl';

/**
 * Ends of names of cameras' raw files. Most are TIFF inside, whose first picture
 * is a thumbnail. Cameras write them beside a JPEG of the same shot, so in a
 * folder they count as sidecars.
 */
const RAW = '.dng .cr2 .cr3 .nef .nrw .arw .sr2 .orf .rw2 .raf .pef .srw .raw';

const PHOTOS = new Set(`${DECODED} ${REFUSED}`.split(' '));
const RAWS = new Set(RAW.split(' '));

/** The last extension of a file name in lower case, with its dot; '' without one. */
export function extensionOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot > 0 ? base.slice(dot).toLowerCase() : '';
}

/** Whether a file in a folder is to be taken for a photo by its name. */
export function isImageName(name: string): boolean {
  return PHOTOS.has(extensionOf(name));
}

/** Whether a name is that of a camera's raw file. */
export function isRawName(name: string): boolean {
  return RAWS.has(extensionOf(name));
}
