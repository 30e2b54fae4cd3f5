/**
 * An identifier. Integers as in COCO's files, or text as many exporters write;
 * `"12"` and `12` are the same id.
 */
export type Id = number | string;

/** A photo. Width and height are in pixels. */
export interface CocoImage {
  id: Id;
  file_name?: string | null;
  width?: number | null;
  height?: number | null;
  /** LVIS, Open Images: classes that are known to be absent. */
  neg_category_ids?: readonly Id[] | null;
  /** Open Images: classes that are known to be present, whether boxed or not. */
  pos_category_ids?: readonly Id[] | null;
  /** LVIS: classes of which not every object is boxed. */
  not_exhaustive_category_ids?: readonly Id[] | null;
  /** Anything else is kept and left alone. */
  [attribute: string]: unknown;
}

/** A class of objects. */
export interface CocoCategory {
  id: Id;
  name?: string | null;
  supercategory?: string;
  /** LVIS: in how many photos the class is: many (f), some (c), or few (r). */
  frequency?: 'f' | 'c' | 'r' | null;
  [attribute: string]: unknown;
}

/** `[x, y, width, height]` in pixels, half-open: the right edge is x + width. */
export type CocoBox = readonly [x: number, y: number, width: number, height: number];

/** An object that is really there. */
export interface CocoAnnotation {
  /** Not needed, but unique when there. It may be 0. */
  id?: Id | null;
  image_id: Id;
  category_id: Id;
  bbox: CocoBox | readonly number[];
  /** Area in pixels² by which COCO calls an object small or large. @default width·height */
  area?: number | null;
  /** Whether the box stands for a crowd of objects. @default 0 */
  iscrowd?: 0 | 1 | boolean | null;
  /** VOC: an object that need not be found. @default 0 */
  difficult?: 0 | 1 | boolean | null;
  /** Another name of `difficult` that converters write. COCO's rules don't read it. */
  ignore?: 0 | 1 | boolean | null;
  /** Open Images: one box around more than five objects that touch. @default iscrowd */
  is_group_of?: 0 | 1 | boolean | null;
  [attribute: string]: unknown;
}

/** The ground truth, as in COCO's `instances_*.json`. */
export interface CocoDataset {
  info?: unknown;
  images: CocoImage[];
  annotations: CocoAnnotation[];
  categories: CocoCategory[];
  [attribute: string]: unknown;
}

/** A detection, as in COCO's results files: a plain array of these. */
export interface CocoDetection {
  image_id: Id;
  category_id: Id;
  bbox: CocoBox | readonly number[];
  /** Any finite number; higher is more certain. */
  score: number;
  [attribute: string]: unknown;
}
