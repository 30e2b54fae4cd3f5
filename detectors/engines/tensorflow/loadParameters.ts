import { inferShapes } from '../../graph/activationShapes.js';
import { gaborFilters } from '../../graph/gaborFilters.js';
import type { Graph, GraphNode } from '../../graph/types.js';
import type { Tensor, Weights } from '../../weights/weights.js';
import type { TensorFlowApi, TensorFlowTensor } from './api.js';
import type { Parameters } from './applyNode.js';

/**
 * The parameters of `nodes` as tensors in the layout that `applyNode` takes:
 * filters [height, width, channels / groups, outputs], matrices [inputs, outputs].
 * Filters that are a formula are among them, as `NODE/filters`.
 *
 * The tensors are the caller's to dispose of.
 */
export function loadParameters(
  tf: TensorFlowApi,
  graph: Graph,
  nodes: readonly GraphNode[],
  { tensors }: Weights,
): Parameters {
  const shapes = inferShapes(graph);
  const parameters = new Map<string, TensorFlowTensor>();
  const add = (name: string, { data, shape }: Tensor, order?: number[]) => {
    const tensor = tf.tidy(() => {
      const plain = tf.tensor(data, [...shape], 'float32');
      return order ? tf.transpose(plain, order) : tf.clone(plain);
    });
    parameters.set(name, tensor);
  };
  for (const node of nodes) {
    if (node.op === 'fixedConvolution') {
      const filters = gaborFilters(node, shapes.get(node.input)![1]);
      add(`${node.name}/filters`, filters, [2, 3, 1, 0]);
    }
    for (const kind of ['weight', 'bias', 'mean', 'variance']) {
      const name = `${node.name}/${kind}`;
      const tensor = tensors.get(name);
      if (tensor) add(name, tensor, orderOf(node, kind));
    }
  }
  return parameters;
}

/** How the axes of a parameter's tensor are exchanged, if they are. */
function orderOf(node: GraphNode, kind: string): number[] | undefined {
  if (kind !== 'weight') return undefined;
  if (node.op === 'convolution') return [2, 3, 1, 0];
  return node.op === 'linear' ? [1, 0] : undefined;
}
