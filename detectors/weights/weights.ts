import { DetectorError } from '../errors.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph } from '../graph/types.js';

/** Numbers in row-major order. */
export interface Tensor<T extends ArrayLike<number> = Float32Array> {
  shape: readonly number[];
  data: T;
  /** Where the same numbers lie in a file, in single precision, little-endian. */
  place?: FilePlace;
}

export interface FilePlace {
  /** Absolute, without symbolic links. */
  file: string;
  /** Bytes from the file's start. */
  offset: number;
}

/** A network's parameters by name, and what their file says of them. */
export interface Weights {
  tensors: ReadonlyMap<string, Tensor>;
  /** Free text by key, as in a safetensors header. */
  metadata: Readonly<Record<string, string>>;
}

/**
 * Checks that `weights` has every parameter of `graph` in its shape, and no other;
 * that connections which the network lacks are zeros; and that no variance is negative.
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
  if (problems.length === 0) problems.push(...wrongValues(graph, weights));
  if (problems.length > 0) {
    const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : '';
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: these are not the weights of "${graph.name}": ${problems.slice(0, 3).join('; ')}${more}`,
    );
  }
}

function wrongValues(graph: Graph, { tensors }: Weights): string[] {
  const problems: string[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'batchNormalization') {
      const { data } = tensors.get(`${node.name}/variance`)!;
      if (data.some((variance) => !(variance + node.epsilon > 0))) {
        problems.push(`"${node.name}/variance" has a number that is no variance`);
      }
    } else if (node.op === 'convolution' && node.connections) {
      const { data, shape } = tensors.get(`${node.name}/weight`)!;
      const [, inputs, height, width] = shape;
      const area = height * width;
      const isConnected = node.connections.map((row) => new Set(row));
      const stray = data.findIndex((weight, i) => {
        const plane = Math.floor(i / area);
        const output = Math.floor(plane / inputs);
        return weight !== 0 && !isConnected[output].has(plane % inputs);
      });
      if (stray >= 0) {
        const plane = Math.floor(stray / area);
        problems.push(
          `"${node.name}/weight" connects input ${plane % inputs} to output ${Math.floor(plane / inputs)}, which the network does not`,
        );
      }
    }
  }
  return problems;
}
