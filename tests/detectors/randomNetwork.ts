import { parameterShapes } from '../../detectors/graph/parameterShapes.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';

/** Numbers from −1 to 1 by a seeded xorshift. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

export function randomTensor(shape: readonly number[], next: () => number): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { shape, data: data.map(() => next()) };
}

/**
 * Sound weights for any graph, spread as 1 / √inputs so that activations neither
 * grow nor vanish: variances from ½ on, and zeros where a network has no connection.
 */
export function randomWeights(
  graph: Graph,
  seed = 1,
  metadata: Record<string, string> = {},
): Weights {
  const next = randomNumbers(seed);
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of parameterShapes(graph)) {
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const tensor = randomTensor(shape, () => (2.4 * next()) / Math.sqrt(fanIn));
    if (name.endsWith('/variance')) tensor.data = tensor.data.map((x) => 0.5 + x * x);
    tensors.set(name, tensor);
  }
  for (const node of graph.nodes) {
    if (node.op !== 'convolution' || !node.connections) continue;
    const { shape, data } = tensors.get(`${node.name}/weight`)!;
    const area = shape[2] * shape[3];
    node.connections.forEach((row, output) => {
      for (let i = 0; i < shape[1]; i++) {
        const from = (output * shape[1] + i) * area;
        if (!row.includes(i)) data.fill(0, from, from + area);
      }
    });
  }
  return { tensors, metadata };
}
