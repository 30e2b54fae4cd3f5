/**
 * A network as data: a list of named nodes in an order in which each input
 * stands before its use. Engines interpret the list; nothing here computes.
 *
 * Activations are [batch, channels, height, width], or [batch, channels] after
 * `globalAveragePool`, `flatten`, `linear` and `radialBasis`; `softmax`, `relu`,
 * `tanh` and `dropout` keep their input's shape. A node's name is the name of its
 * activation and, for nodes with parameters, the prefix of its weights:
 * `NAME/weight`, `NAME/bias` and so on.
 */
export interface Graph {
  name: string;
  /** Name of the input activation, [batch, channels, height, width]. */
  input: string;
  inputChannels: number;
  /**
   * [height, width] that the network is made for. A graph with a `flatten` runs at
   * this size alone; others take any size that leaves no activation empty.
   */
  inputSize?: readonly [number, number];
  nodes: readonly GraphNode[];
}

export type GraphNode =
  | Convolution
  | FixedConvolution
  | Relu
  | Tanh
  | MaxPool
  | AveragePool
  | LocalResponseNormalization
  | BatchNormalization
  | ChannelScale
  | Concat
  | Maximum
  | GlobalAveragePool
  | Flatten
  | Dropout
  | Linear
  | RadialBasis
  | Softmax
  | SpaceToBatch
  | BatchToSpace;

interface Unary {
  name: string;
  input: string;
}

/** 2-d convolution (cross-correlation). Weight: [outputs, inputs / groups, size, size]; bias: [outputs]. */
export interface Convolution extends Unary {
  op: 'convolution';
  outputs: number;
  size: number;
  /** @default 1 */
  stride?: number;
  /** Zeros on each side. @default 0 */
  pad?: number;
  /**
   * Zeros at the bottom and the right, where they are others: what TensorFlow calls
   * "same" puts an odd number of them there. @default pad
   */
  farPad?: number;
  /** @default 1 */
  groups?: number;
  /** @default true */
  bias?: boolean;
  /**
   * The input channels that each output reads (LeNet-5's C3); the weights of the
   * others are zeros that count as no parameters. Without it each reads all.
   */
  connections?: readonly (readonly number[])[];
}

/**
 * Convolution with filters that are a formula and not weights: Gabor filters of one
 * size (Serre et al. 2007, eq. 1) within the inscribed circle, one output for each
 * orientation k·π / orientations, each with mean 0 and norm 1, on the mean of the
 * input channels.
 */
export interface FixedConvolution extends Unary {
  op: 'fixedConvolution';
  filters: 'gabor';
  orientations: number;
  /** Width of the square filter in pixels, odd. */
  size: number;
  /** Wavelength λ in pixels. */
  wavelength: number;
  /** Effective width σ in pixels. */
  sigma: number;
  /** Aspect ratio γ. */
  aspect: number;
  /** @default 1 */
  stride?: number;
  /** Zeros on each side. @default 0 */
  pad?: number;
}

export interface Relu extends Unary {
  op: 'relu';
}

/** amplitude · tanh(slope · x). */
export interface Tanh extends Unary {
  op: 'tanh';
  /** @default 1 */
  amplitude?: number;
  /** @default 1 */
  slope?: number;
}

/**
 * Maximum over size×size windows. Output sizes are rounded up, as Caffe does,
 * so the last window may hang over the edge; it starts within the input or the
 * padding before it.
 */
export interface MaxPool extends Unary {
  op: 'maxPool';
  size: number;
  stride: number;
  /** @default 0 */
  pad?: number;
}

/**
 * Mean over size×size windows, sizes rounded up as in `maxPool`. As in Caffe, the
 * padding counts in the divisor and what hangs over beyond it does not.
 */
export interface AveragePool extends Unary {
  op: 'averagePool';
  size: number;
  stride: number;
  /** @default 0 */
  pad?: number;
}

/**
 * x / (k + alpha / size · Σ x²)^beta over `size` neighbouring channels
 * (Krizhevsky et al. 2012, §3.3; alpha divided by the size as in Caffe and ONNX).
 */
export interface LocalResponseNormalization extends Unary {
  op: 'localResponseNormalization';
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

/**
 * (x - mean) / sqrt(variance + epsilon) · weight + bias, by channel, with the
 * statistics of training (Ioffe and Szegedy 2015). Weight, bias, mean, variance: [channels].
 */
export interface BatchNormalization extends Unary {
  op: 'batchNormalization';
  epsilon: number;
}

/** x · weight + bias, by channel. Weight, bias: [channels]. */
export interface ChannelScale extends Unary {
  op: 'channelScale';
}

/** Concatenation along the channels. */
export interface Concat {
  op: 'concat';
  name: string;
  inputs: readonly string[];
}

/** The largest of several activations of one shape, number by number (Caffe's Eltwise, MAX). */
export interface Maximum {
  op: 'maximum';
  name: string;
  inputs: readonly string[];
}

/** Mean over height and width: [batch, channels]. */
export interface GlobalAveragePool extends Unary {
  op: 'globalAveragePool';
}

/** [batch, channels, height, width] as [batch, channels · height · width], in that order. */
export interface Flatten extends Unary {
  op: 'flatten';
}

/** Inverted dropout in training; the identity at inference. */
export interface Dropout extends Unary {
  op: 'dropout';
  rate: number;
}

/** Fully connected layer with bias on [batch, inputs]. Weight: [outputs, inputs]. */
export interface Linear extends Unary {
  op: 'linear';
  outputs: number;
}

/**
 * Squared distances Σ (x - weight)² to one fixed prototype for each output
 * (LeNet-5's output layer). Weight: [outputs, inputs]; no bias.
 */
export interface RadialBasis extends Unary {
  op: 'radialBasis';
  outputs: number;
}

/** Softmax over the channels. */
export interface Softmax extends Unary {
  op: 'softmax';
}

/**
 * Pads height and width with zeros, at the bottom and the right, to a multiple
 * of `block`, and moves each of the block² interleaved grids into the batch.
 * The order of the grids in the batch is the engine's own.
 */
export interface SpaceToBatch extends Unary {
  op: 'spaceToBatch';
  block: number;
}

/** The inverse of `spaceToBatch`, cropped to the height and width of activation `like`. */
export interface BatchToSpace extends Unary {
  op: 'batchToSpace';
  block: number;
  like: string;
}
