import { INCEPTION_CHANNELS, type InceptionChannels } from './googlenet.js';
import type { Graph, GraphNode } from './types.js';

/** The constant that torchvision's batch normalisation adds to the variance. */
const EPSILON = 1e-3;

/**
 * GoogLeNet as torchvision has it (weights converted from TensorFlow's Inception v1),
 * without the auxiliary heads, under BVLC's layer names: no local response
 * normalisation; every convolution without bias, then batch normalisation (`NAME/bn`)
 * and ReLU; the "5x5" branch has 3×3 filters; pool4 is 2×2. Input: RGB from -1 to 1.
 *
 * Outputs worth naming: `loss3/classifier` (logits) and `prob`.
 */
export function googlenetTorchvision(classes = 1000): Graph {
  const nodes: GraphNode[] = [];
  const pool = (input: string, name: string, size: number) => {
    nodes.push({ op: 'maxPool', name, input, size, stride: 2 });
    return name;
  };
  let x = convolve(nodes, 'data', 'conv1/7x7_s2', 64, 7, 2);
  x = pool(x, 'pool1/3x3_s2', 3);
  x = convolve(nodes, x, 'conv2/3x3_reduce', 64, 1);
  x = convolve(nodes, x, 'conv2/3x3', 192, 3);
  x = pool(x, 'pool2/3x3_s2', 3);
  for (const module of ['3a', '3b']) x = inception(nodes, x, module);
  x = pool(x, 'pool3/3x3_s2', 3);
  for (const module of ['4a', '4b', '4c', '4d', '4e']) x = inception(nodes, x, module);
  x = pool(x, 'pool4/2x2_s2', 2);
  for (const module of ['5a', '5b']) x = inception(nodes, x, module);
  const dropped = 'pool5/drop_7x7_s1';
  nodes.push(
    { op: 'globalAveragePool', name: 'pool5/7x7_s1', input: x },
    { op: 'dropout', name: dropped, input: 'pool5/7x7_s1', rate: 0.2 },
    { op: 'linear', name: 'loss3/classifier', input: dropped, outputs: classes },
    { op: 'softmax', name: 'prob', input: 'loss3/classifier' },
  );
  return { name: 'googlenet-torchvision', input: 'data', inputChannels: 3, nodes };
}

/** A convolution, its normalisation and its ReLU; gives the last one's name. */
function convolve(
  nodes: GraphNode[],
  input: string,
  name: string,
  outputs: number,
  size: number,
  stride = 1,
): string {
  const pad = (size - 1) / 2;
  nodes.push(
    { op: 'convolution', name, input, outputs, size, stride, pad, bias: false },
    { op: 'batchNormalization', name: `${name}/bn`, input: name, epsilon: EPSILON },
    { op: 'relu', name: `${name}/relu`, input: `${name}/bn` },
  );
  return `${name}/relu`;
}

/** One inception module after activation `input`; gives the name of its output. */
function inception(nodes: GraphNode[], input: string, module: string): string {
  const channels = INCEPTION_CHANNELS[module];
  const branch = (from: string, kind: keyof InceptionChannels, size: number) =>
    convolve(nodes, from, `inception_${module}/${kind}`, channels[kind], size);

  const one = branch(input, '1x1', 1);
  const three = branch(branch(input, '3x3_reduce', 1), '3x3', 3);
  // torchvision's known slip, kept because the published weights have it.
  const five = branch(branch(input, '5x5_reduce', 1), '5x5', 3);
  const pool = `inception_${module}/pool`;
  nodes.push({ op: 'maxPool', name: pool, input, size: 3, stride: 1, pad: 1 });
  const projected = branch(pool, 'pool_proj', 1);

  const output = `inception_${module}/output`;
  nodes.push({ op: 'concat', name: output, inputs: [one, three, five, projected] });
  return output;
}
