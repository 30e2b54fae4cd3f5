import type { Graph } from '../graph/types.js';

/** How a classifier wants its pixels: (pixel − mean) · scale, pixels from 0 to 255. */
export interface ClassifierPreprocessing {
  channels: 'BGR' | 'RGB' | 'grey';
  range: readonly [number, number];
  /** Subtracted from each channel, in the order of `channels`. */
  mean: readonly number[];
  /** Then multiplied. @default 1 */
  scale?: number;
}

const CAFFE: ClassifierPreprocessing = {
  channels: 'BGR',
  range: [0, 255],
  mean: [104, 117, 123],
};
/**
 * (x / 255 − ½) / ½, which torchvision's `transform_input` makes of ImageNet's own
 * normalisation, and TensorFlow-Slim's preprocessing of Inception.
 */
const SIGNED: ClassifierPreprocessing = {
  channels: 'RGB',
  range: [0, 255],
  mean: [127.5, 127.5, 127.5],
  scale: 1 / 127.5,
};
/** As in Caffe's example: light ink on dark, 1 / 256. */
const LENET: ClassifierPreprocessing = {
  channels: 'grey',
  range: [0, 255],
  mean: [0],
  scale: 1 / 256,
};

/** The preprocessing that a network's published weights were trained with. */
function preprocessingOf({ name, inputChannels }: Graph): ClassifierPreprocessing {
  if (/^googlenet-(torchvision|slim)/.test(name)) return SIGNED;
  return inputChannels === 1 ? LENET : CAFFE;
}

/** Outputs of a graph's last layer with weights. */
export function classCount(graph: Graph): number {
  const last = graph.nodes.findLast((node) => 'outputs' in node);
  return last && 'outputs' in last ? last.outputs : 0;
}

/**
 * What a classifier's weights file says of itself: `graph`, the number of `classes`,
 * and `preprocessing`.
 *
 * @param mean of the channels, where the file or its user says so
 */
export function classifierMetadata(
  graph: Graph,
  mean?: readonly number[],
): Record<string, string> {
  const preprocessing = preprocessingOf(graph);
  return {
    graph: graph.name,
    classes: String(classCount(graph)),
    preprocessing: JSON.stringify({
      ...preprocessing,
      ...(mean ? { mean: [...mean] } : {}),
    }),
  };
}
