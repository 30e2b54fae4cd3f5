/**
 * A network as data: a list of named nodes in an order in which each input
 * stands before its use. Engines interpret the list; nothing here computes.
 *
 * Activations are [batch, channels, height, width], or [batch, channels] after
 * `globalAveragePool`, `linear` and `softmax`. A node's name is the name of its
 * activation and, for nodes with parameters, the prefix of its weights:
 * `NAME/weight` and `NAME/bias`.
 */
export interface Graph {
  name: string;
  /** Name of the input activation, [batch, channels, height, width]. */
  input: string;
  inputChannels: number;
  nodes: readonly GraphNode[];
}

export type GraphNode =
  | Convolution
  | Relu
  | MaxPool
  | LocalResponseNormalization
  | Concat
  | GlobalAveragePool
  | Dropout
  | Linear
  | Softmax
  | SpaceToBatch
  | BatchToSpace;

interface Unary {
  name: string;
  input: string;
}

/** 2-d convolution (cross-correlation) with bias. Weight: [outputs, inputs / groups, size, size]. */
export interface Convolution extends Unary {
  op: 'convolution';
  outputs: number;
  size: number;
  /** @default 1 */
  stride?: number;
  /** Zeros on each side. @default 0 */
  pad?: number;
  /** @default 1 */
  groups?: number;
}

export interface Relu extends Unary {
  op: 'relu';
}

/**
 * Maximum over size×size windows. Output sizes are rounded up, as Caffe does,
 * so the last window may hang over the edge.
 */
export interface MaxPool extends Unary {
  op: 'maxPool';
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

/** Concatenation along the channels. */
export interface Concat {
  op: 'concat';
  name: string;
  inputs: readonly string[];
}

/** Mean over height and width: [batch, channels]. */
export interface GlobalAveragePool extends Unary {
  op: 'globalAveragePool';
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

/** Softmax over the channels of [batch, channels]. */
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
