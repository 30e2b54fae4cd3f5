import type { Graph } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';

/** A loaded network that can be run. Activations are [batch, channels, height, width]. */
export interface NetworkSession {
  /** @returns the activations that the session was made for, by name */
  run(input: Tensor): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  /** Names of the activations that `run` gives. */
  outputs: readonly string[];
  /**
   * Threads that one run may use.
   * @default 1
   */
  threads?: number;
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
