import { DetectorError } from '../errors.js';
import { googlenetClassifier } from '../graph/googlenet.js';
import { narrowGraph } from '../graph/narrowGraph.js';
import type { Graph } from '../graph/types.js';
import type { Preprocessing } from '../warp/photo.js';
import { readCaffemodel } from '../weights/caffemodel.js';
import { readWeights } from '../weights/safetensors.js';
import { checkWeights, type Weights } from '../weights/weights.js';
import { imagenetClasses } from './imagenetClasses.js';

/** A class that a classifier tells apart. */
export interface ClassLabel {
  name: string;
  /** WordNet's id, when it is known. */
  synset?: string;
}

/** A classifier's network with what its weights file says of its use. */
export interface ClassifierModel {
  graph: Graph;
  weights: Weights;
  preprocessing: Preprocessing;
  /** By class index. */
  labels: ClassLabel[];
}

/** More classes than any network of this kind has. */
const MAX_CLASSES = 100_000;

/**
 * Reads a GoogLeNet classifier: a .safetensors file as `rcnn weights import` writes
 * it, or Caffe's own .caffemodel; told by the content.
 *
 * Labels are those of the file (`class_names`, a JSON list), else ImageNet's when
 * there are 1,000 classes, else the numbers.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export function readClassifier(bytes: Uint8Array, source: string): ClassifierModel {
  // A safetensors file has its header's first brace after eight bytes of length.
  const isSafetensors = bytes[8] === 0x7b;
  const weights = isSafetensors
    ? readWeights(bytes, source)
    : readCaffemodel(bytes, source);
  const { metadata } = weights;
  if (metadata.graph !== 'googlenet') {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: holds ${metadata.graph ? `a "${metadata.graph}" network` : 'weights without a graph name'}, not a "googlenet" classifier`,
    );
  }
  const classes = Number(metadata.classes);
  if (!Number.isInteger(classes) || classes < 1 || classes > MAX_CLASSES) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "classes" is ${metadata.classes === undefined ? 'missing' : 'no number of classes'}`,
    );
  }
  const graph = narrowGraph(googlenetClassifier(classes), metadata, source);
  checkWeights(graph, weights, source);
  return {
    graph,
    weights,
    preprocessing: readPreprocessing(metadata, source),
    labels: readLabels(metadata, classes, source),
  };
}

function parse(metadata: Weights['metadata'], key: string): unknown {
  try {
    return JSON.parse(metadata[key] ?? 'null');
  } catch {
    return undefined;
  }
}

function readPreprocessing(
  metadata: Weights['metadata'],
  source: string,
): Preprocessing {
  const field = parse(metadata, 'preprocessing') as Partial<Preprocessing> | null;
  const { mean, channels } = field ?? {};
  const isMean = (value: unknown): value is Preprocessing['mean'] =>
    Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
  if (!isMean(mean) || (channels !== 'BGR' && channels !== 'RGB')) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "preprocessing" does not say { "channels": "BGR" or "RGB", "mean": [three numbers] }`,
    );
  }
  return { mean, channels };
}

function readLabels(
  metadata: Weights['metadata'],
  classes: number,
  source: string,
): ClassLabel[] {
  if ('class_names' in metadata) {
    const names = parse(metadata, 'class_names');
    const isNames =
      Array.isArray(names) &&
      names.length === classes &&
      names.every((name) => typeof name === 'string');
    if (!isNames) {
      throw new DetectorError(
        'INVALID_WEIGHTS',
        `${source}: the metadata entry "class_names" is no list of ${classes} names`,
      );
    }
    return names.map((name) => ({ name }));
  }
  return classes === 1000
    ? imagenetClasses()
    : Array.from({ length: classes }, (_, i) => ({ name: String(i) }));
}
