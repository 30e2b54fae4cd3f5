import type { Graph } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';

/** A loaded network that can be run. Activations are [batch, channels, height, width]. */
export interface NetworkSession {
  /** @returns the activations that the session was made for, by name */
  run(input: Tensor): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** The engines that can be asked for by name. */
export const ENGINE_NAMES = ['auto', 'onnx', 'tensorflow'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** In which numbers a network computes. */
export const PRECISIONS = ['fp32', 'fp16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface SessionOptions {
  /** Names of the activations that `run` gives. */
  outputs: readonly string[];
  /**
   * Threads that one run may use.
   * @default 1
   */
  threads?: number;
  /** @default 'fp32' */
  precision?: Precision;
}

export interface EngineOptions {
  /**
   * Threads that the engine may use where it takes their number once for the
   * process, as TensorFlow does.
   * @default 1
   */
  threads?: number;
}

/** Something that runs graphs. */
export interface Engine {
  name: string;
  /** The version of the library underneath. */
  version: string;
  /** Where it computes, e.g. "cpu". */
  device: string;
  load(
    graph: Graph,
    weights: Weights,
    options: SessionOptions,
  ): Promise<NetworkSession>;
}
