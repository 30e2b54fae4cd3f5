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

/** Forms of pixels that networks are trained on, and are called by. */
export const PIXEL_FORMS = ['caffe', 'signed', 'unit'] as const;
export type PixelForm = (typeof PIXEL_FORMS)[number];

/** The preprocessing that a network's published weights were trained with. */
function preprocessingOf(
  { name, inputChannels }: Graph,
  pixels: PixelForm | undefined,
): ClassifierPreprocessing {
  const isGrey = inputChannels === 1;
  const isSigned = /^googlenet-(torchvision|slim)/.test(name);
  switch (pixels ?? (isSigned ? 'signed' : 'caffe')) {
    case 'caffe':
      return isGrey ? LENET : CAFFE;
    case 'signed':
      return isGrey ? { ...SIGNED, channels: 'grey', mean: [127.5] } : SIGNED;
    case 'unit': {
      const [channels, mean] = isGrey
        ? (['grey', [0]] as const)
        : (['RGB', [0, 0, 0]] as const);
      return { channels, range: [0, 255], mean, scale: 1 / 255 };
    }
  }
}

/** Outputs of a graph's last layer with weights. */
export function classCount(graph: Graph): number {
  const last = graph.nodes.findLast((node) => 'outputs' in node);
  return last && 'outputs' in last ? last.outputs : 0;
}

/** What is known of the pixels that a network was trained on. */
export interface KnownPixels {
  /**
   * `caffe` (BGR, 0 to 255, minus the mean; grey, 0 to 1), `signed` (RGB or grey, −1 to
   * 1) or `unit` (RGB or grey, 0 to 1). @default what the network's published weights
   * were trained on
   */
  pixels?: PixelForm;
  /** Of the channels, where the file or its user says so. */
  mean?: readonly number[];
  scale?: number;
}

/**
 * What a classifier's weights file says of itself: `graph`, the number of `classes`,
 * and `preprocessing`.
 */
export function classifierMetadata(
  graph: Graph,
  { pixels, mean, scale }: KnownPixels = {},
): Record<string, string> {
  const preprocessing = preprocessingOf(graph, pixels);
  return {
    graph: graph.name,
    classes: String(classCount(graph)),
    preprocessing: JSON.stringify({
      ...preprocessing,
      ...(mean ? { mean: [...mean] } : {}),
      ...(scale === undefined ? {} : { scale }),
    }),
  };
}
