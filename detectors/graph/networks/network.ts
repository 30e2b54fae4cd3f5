import type { Graph } from '../types.js';

/** What a paper, or the maker of a weights file, says of a network. */
export interface PublishedCount {
  what:
    | 'parameters'
    | 'trainable parameters'
    | 'multiply-adds'
    | 'layers'
    | 'connections'
    | 'fewer parameters than AlexNet'
    | 'bytes of weights';
  /** As it is printed. */
  printed: string;
  value: number;
  /** What the last printed digit is worth: a count agrees within half of it. */
  unit: number;
  /** Paper and place, or file. */
  source: string;
  /** Why a graph gives another number, where that is known. */
  note?: string;
}

/** Numbers that a table prints for one row of a network. */
export interface PublishedRow {
  depth: number;
  parameters?: string;
  multiplyAdds?: string;
}

/** A network that can be named. */
export interface Network {
  /** One line. */
  title: string;
  /** Authors, year, and where more is said. */
  paper: string;
  /** Classes of the published network. */
  classes: number;
  /** The classifier as a graph at the size that it is made for. */
  build(classes?: number): Graph;
  /**
   * Both sides, in pixels, of the photo that the input is cut out of. A photo no larger
   * than the input is seen whole, in its middle. @default 256
   */
  photoSide?: number;
  /**
   * How it serves a detector: the activation below the position-sensitive maps, and
   * the pool that keeps its input's size so that this activation has stride 16.
   * Networks without it have no map of all that they see.
   */
  backbone?: { features: string; pool?: string };
  published: readonly PublishedCount[];
  /** The paper's own table of layers, by the rows of `summarizeNetwork`. */
  table?: {
    source: string;
    rows: Readonly<Record<string, PublishedRow>>;
  };
}
