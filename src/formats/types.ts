import type { Box } from '../../geometry/index.js';

/** A detection as the files of results have it. */
export interface ResultDetection {
  /** [x1, y1, x2, y2] in pixels of the upright photo, half-open. */
  box: Readonly<Box>;
  categoryId: number;
  className: string;
  score: number;
}

/** All that was detected in one photo. */
export interface PhotoResult {
  /** Its name: relative, with '/'. */
  file: string;
  /** Its integer id. */
  id: number;
  /** Of the upright photo, in pixels. */
  width: number;
  height: number;
  detections: readonly ResultDetection[];
}

/** A file, or a folder of files, that grows photo by photo. */
export interface ResultWriter {
  add(photo: PhotoResult): Promise<void>;
  /** Completes what was begun; nothing may be added after it. */
  finish(): Promise<void>;
}
