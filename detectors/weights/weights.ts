import { DetectorError } from '../errors.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph } from '../graph/types.js';

/** Numbers in row-major order. */
export interface Tensor<T extends ArrayLike<number> = Float32Array> {
  shape: readonly number[];
  data: T;
}

/** A network's parameters by name, and what their file says of them. */
export interface Weights {
  tensors: ReadonlyMap<string, Tensor>;
  /** Free text by key, as in a safetensors header. */
  metadata: Readonly<Record<string, string>>;
}

/**
 * Checks that `weights` has every parameter of `graph` in its shape, and no other.
 *
 * @throws DetectorError WEIGHTS_MISMATCH, naming the first parameters that differ.
 */
export function checkWeights(graph: Graph, weights: Weights, source: string): void {
  const shapes = parameterShapes(graph);
  const problems: string[] = [];
  for (const [name, shape] of shapes) {
    const tensor = weights.tensors.get(name);
    if (!tensor) problems.push(`"${name}" is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      problems.push(
        `"${name}" is [${tensor.shape.join(', ')}], the network has [${shape.join(', ')}]`,
      );
    }
  }
  for (const name of weights.tensors.keys()) {
    if (!shapes.has(name)) problems.push(`"${name}" is not a part of the network`);
  }
  if (problems.length > 0) {
    const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : '';
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: these are not the weights of "${graph.name}": ${problems.slice(0, 3).join('; ')}${more}`,
    );
  }
}
