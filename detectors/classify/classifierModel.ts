import { DetectorError } from '../errors.js';
import { backboneOf } from '../graph/detectorGraph.js';
import { networkNamed } from '../graph/networks/index.js';
import type { Graph, GraphNode } from '../graph/types.js';
import { classCount } from '../weights/classifierMetadata.js';
import { graphOfWeights } from '../weights/graphOfWeights.js';
import type { Weights } from '../weights/weights.js';
import {
  IMAGENET_PHOTO_SIDE,
  type CropPreprocessing,
  type CropSizes,
} from './cropViews.js';
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
  /** The node that says which class it is. */
  answer: Answer;
  preprocessing: CropPreprocessing;
  crops: CropSizes;
  /** By class index. */
  labels: ClassLabel[];
}

/**
 * A classifier's last node: probabilities, or (LeNet-5) squared distances, which are the
 * unnormalized negative logarithms of probabilities (LeCun et al. 1998, §II.B).
 */
export type Answer = Extract<GraphNode, { op: 'softmax' | 'radialBasis' }>;

/**
 * What the weights of a classifier say of its use; see `readClassifier`.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export function classifierOf(weights: Weights, source: string): ClassifierModel {
  const { metadata } = weights;
  if (metadata.graph !== undefined && backboneOf(metadata.graph) !== undefined) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: holds a "${metadata.graph}" network, a detector and no classifier`,
    );
  }
  const graph = graphOfWeights(weights, source);
  const [side] = graph.inputSize!;
  const { photoSide = IMAGENET_PHOTO_SIDE } = networkNamed(graph.name);
  return {
    graph,
    weights,
    answer: answerOf(graph),
    preprocessing: readPreprocessing(metadata, graph, source),
    crops: { side, photoSide },
    labels: readLabels(metadata, classCount(graph), source),
  };
}

function answerOf({ nodes }: Graph): Answer {
  return nodes.findLast(
    (node): node is Answer => node.op === 'softmax' || node.op === 'radialBasis',
  )!;
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
  { inputChannels }: Graph,
  source: string,
): CropPreprocessing {
  const field = parse(metadata, 'preprocessing') as Record<string, unknown> | null;
  const { mean, channels, scale = 1, range = [0, 255] } = field ?? {};
  const isNumbers = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every(Number.isFinite);
  const orders = inputChannels === 1 ? ['grey'] : ['BGR', 'RGB'];
  const isRight =
    isNumbers(mean) &&
    mean.length === inputChannels &&
    orders.includes(channels as string) &&
    Number.isFinite(scale) &&
    isNumbers(range) &&
    range.join() === '0,255';
  if (!isRight) {
    const form = `{ "channels": ${orders.map((name) => `"${name}"`).join(' or ')}, "mean": [${inputChannels} ${inputChannels === 1 ? 'number' : 'numbers'}] }`;
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "preprocessing" does not say ${form}, with "scale" a number and "range" [0, 255] where they are given`,
    );
  }
  return {
    mean,
    channels: channels as CropPreprocessing['channels'],
    scale: scale as number,
  };
}

function readLabels(
  metadata: Weights['metadata'],
  classes: number,
  source: string,
): ClassLabel[] {
  const list = parse(metadata, 'classes');
  const key =
    'class_names' in metadata
      ? 'class_names'
      : Array.isArray(list)
        ? 'classes'
        : undefined;
  if (key !== undefined) {
    const names = parse(metadata, key);
    const isNames =
      Array.isArray(names) &&
      names.length === classes &&
      names.every((name) => typeof name === 'string');
    if (!isNames) {
      throw new DetectorError(
        'INVALID_WEIGHTS',
        `${source}: the metadata entry "${key}" is no list of ${classes} names`,
      );
    }
    return names.map((name) => ({ name }));
  }
  if (classes === 1000) return imagenetClasses();
  // TensorFlow's networks count from 1: their class 0 is none of ImageNet's.
  return classes === 1001
    ? [{ name: 'background' }, ...imagenetClasses()]
    : Array.from({ length: classes }, (_, i) => ({ name: String(i) }));
}
