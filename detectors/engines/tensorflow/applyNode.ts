import { DetectorError } from '../../errors.js';
import type {
  Convolution,
  GraphNode,
  LocalResponseNormalization,
} from '../../graph/types.js';
import type { TensorFlowApi, TensorFlowTensor } from './api.js';
import { averagePool, convolve, maxPool } from './windows.js';

/** Parameters by name, laid out as `loadParameters` does. */
export type Parameters = ReadonlyMap<string, TensorFlowTensor>;

/**
 * Computes one node with the tfjs API. Activations are [batch, height, width,
 * channels] here, or [batch, channels].
 *
 * What is made on the way is left to the caller's `tf.tidy`. Only operations that
 * tfjs has gradients for are used, so the same code serves training; dropout is
 * the identity.
 *
 * @param inputs the activations that `nodeInputs` names, in its order
 */
export function applyNode(
  tf: TensorFlowApi,
  node: GraphNode,
  inputs: readonly TensorFlowTensor[],
  parameters: Parameters,
): TensorFlowTensor {
  const [x] = inputs;
  const parameter = (name: string) => {
    const tensor = parameters.get(`${node.name}/${name}`);
    if (tensor) return tensor;
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `the weights have no "${node.name}/${name}"`,
    );
  };
  switch (node.op) {
    case 'convolution': {
      const y = convolveGroups(tf, x, parameter('weight'), node);
      return (node.bias ?? true) ? tf.add(y, parameter('bias')) : y;
    }
    case 'fixedConvolution': {
      const { stride = 1, pad = 0 } = node;
      return convolve(tf, x, parameter('filters'), { stride, pad });
    }
    case 'relu':
      return tf.relu(x);
    case 'tanh': {
      const { amplitude = 1, slope = 1 } = node;
      const steep = slope === 1 ? x : tf.mul(x, slope);
      return amplitude === 1 ? tf.tanh(steep) : tf.mul(tf.tanh(steep), amplitude);
    }
    case 'maxPool':
      return maxPool(tf, x, node);
    case 'averagePool':
      return averagePool(tf, x, node);
    case 'localResponseNormalization':
      return normalizeResponses(tf, x, node);
    case 'batchNormalization':
      return tf.batchNorm(
        x,
        parameter('mean'),
        parameter('variance'),
        parameter('bias'),
        parameter('weight'),
        node.epsilon,
      );
    case 'channelScale':
      return tf.add(tf.mul(x, parameter('weight')), parameter('bias'));
    case 'concat':
      return tf.concat([...inputs], x.rank - 1);
    case 'maximum':
      return inputs.slice(1).reduce((most, other) => tf.maximum(most, other), x);
    case 'globalAveragePool':
      return tf.mean(x, [1, 2]);
    case 'flatten':
      // [batch, channels · height · width], the channels outermost
      return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], -1]);
    case 'dropout':
      return tf.clone(x);
    case 'linear':
      return tf.add(tf.matMul(x, parameter('weight')), parameter('bias'));
    case 'radialBasis': {
      // [batch, 1, inputs] − [outputs, inputs] = [batch, outputs, inputs]
      const differences = tf.sub(tf.expandDims(x, 1), parameter('weight'));
      return tf.sum(tf.square(differences), 2);
    }
    case 'softmax':
      return tf.softmax(x);
    case 'spaceToBatch': {
      const { block } = node;
      const lack = (side: number) => (block - (side % block)) % block;
      const [, height, width] = x.shape;
      const padding = [
        [0, lack(height)],
        [0, lack(width)],
      ];
      return tf.spaceToBatchND(x, [block, block], padding);
    }
    case 'batchToSpace': {
      const { block } = node;
      const [, height, width] = inputs[1].shape;
      const [, gridHeight, gridWidth] = x.shape;
      const crops = [
        [0, gridHeight * block - height],
        [0, gridWidth * block - width],
      ];
      return tf.batchToSpaceND(x, [block, block], crops);
    }
  }
}

/** tfjs has no groups: each is convolved for itself. */
function convolveGroups(
  tf: TensorFlowApi,
  x: TensorFlowTensor,
  filters: TensorFlowTensor,
  { stride = 1, pad = 0, farPad, groups = 1 }: Convolution,
): TensorFlowTensor {
  const windows = { stride, pad, farPad };
  if (groups === 1) return convolve(tf, x, filters, windows);
  const parts = tf.split(filters, groups, 3);
  return tf.concat(
    tf.split(x, groups, 3).map((group, g) => convolve(tf, group, parts[g], windows)),
    3,
  );
}

/** The operation of tfjs does not divide alpha by the size. */
function normalizeResponses(
  tf: TensorFlowApi,
  x: TensorFlowTensor,
  { name, size, alpha, beta, k }: LocalResponseNormalization,
): TensorFlowTensor {
  if (size % 2 === 0) {
    throw new DetectorError(
      'INVALID_GRAPH',
      `node "${name}" normalizes over ${size} channels: the number must be odd`,
    );
  }
  const radius = (size - 1) / 2;
  return tf.localResponseNormalization(x as never, radius, k, alpha / size, beta);
}
