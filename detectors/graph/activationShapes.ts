import { DetectorError } from '../errors.js';
import type { Graph, GraphNode } from './types.js';

/** The names a node reads. */
export function nodeInputs(node: GraphNode): readonly string[] {
  if ('inputs' in node) return node.inputs;
  return node.op === 'batchToSpace' ? [node.input, node.like] : [node.input];
}

/**
 * Shape of every activation of one image, by name, the input's first: [batch,
 * channels, height, width], or [batch, channels]. The batch is 1 but between
 * `spaceToBatch` and `batchToSpace`.
 *
 * @param inputSize [height, width] in pixels
 * @default the size that the graph is made for
 * @throws DetectorError INVALID_GRAPH when the graph is unsound, when it has no size
 *   of its own and none is given, and when the image is too small for it
 */
export function activationShapes(
  graph: Graph,
  inputSize: readonly [number, number] | undefined = graph.inputSize,
): Map<string, number[]> {
  if (!inputSize) {
    throw new DetectorError(
      'INVALID_GRAPH',
      `graph "${graph.name}" is made for no size of its own: give one, [height, width]`,
    );
  }
  const own = graph.inputSize;
  const isOther = own && (own[0] !== inputSize[0] || own[1] !== inputSize[1]);
  if (isOther && graph.nodes.some(({ op }) => op === 'flatten')) {
    throw new DetectorError(
      'INVALID_GRAPH',
      `graph "${graph.name}" has fully connected layers on its maps, so it takes ${own.join('×')} pixels alone`,
    );
  }
  return inferShapes(graph, inputSize);
}

/**
 * Channels of every activation, by name.
 *
 * @throws DetectorError INVALID_GRAPH
 */
export function activationChannels(graph: Graph): Map<string, number> {
  return new Map(
    [...inferShapes(graph)].map(([name, [, channels]]) => [name, channels]),
  );
}

/** Output side of a pool, rounded up as in Caffe: the last window starts within the input or the padding before it. */
function pooledSide(
  side: number,
  { size, stride, pad = 0 }: { size: number; stride: number; pad?: number },
): number {
  const count = Math.ceil((side + 2 * pad - size) / stride) + 1;
  return (count - 1) * stride >= side + pad ? count - 1 : count;
}

/**
 * The same for a graph that may be made for no size of its own: its heights and
 * widths are NaN then.
 */
export function inferShapes(
  graph: Graph,
  [height, width]: readonly [number, number] = graph.inputSize ?? [NaN, NaN],
): Map<string, number[]> {
  const shapes = new Map([[graph.input, [1, graph.inputChannels, height, width]]]);
  for (const node of graph.nodes) {
    const problem = (text: string) =>
      new DetectorError(
        'INVALID_GRAPH',
        `graph "${graph.name}": node "${node.name}" ${text}`,
      );
    const inputs = nodeInputs(node).map((name) => {
      const shape = shapes.get(name);
      if (!shape) throw problem(`reads "${name}", which no earlier node gives`);
      return shape;
    });
    if (shapes.has(node.name)) {
      throw new DetectorError(
        'INVALID_GRAPH',
        `graph "${graph.name}": two nodes are called "${node.name}"`,
      );
    }
    const shape = outputShape(node, inputs, problem);
    if (shape.some((n) => n < 1)) {
      throw problem(
        `gives nothing, [${shape.join(', ')}], of an image of ${height}×${width} pixels: it takes larger ones`,
      );
    }
    shapes.set(node.name, shape);
  }
  return shapes;
}

function outputShape(
  node: GraphNode,
  inputs: readonly number[][],
  problem: (text: string) => DetectorError,
): number[] {
  const [batch, channels, ...sides] = inputs[0];
  const needs = (rank: number) => {
    if (inputs[0].length !== rank) {
      throw problem(
        rank === 4 ? 'needs an input with height and width' : 'needs a flat input',
      );
    }
  };
  switch (node.op) {
    case 'convolution':
    case 'fixedConvolution': {
      needs(4);
      const { size, stride = 1, pad = 0 } = node;
      if (node.op === 'convolution') checkConvolution(node, channels, problem);
      else if (size % 2 === 0)
        throw problem(`has filters of ${size} pixels, which is even`);
      const count = node.op === 'convolution' ? node.outputs : node.orientations;
      const { farPad = pad } = node.op === 'convolution' ? node : {};
      const side = (n: number) => Math.floor((n + pad + farPad - size) / stride) + 1;
      return [batch, count, ...sides.map(side)];
    }
    case 'maxPool':
    case 'averagePool':
      needs(4);
      return [batch, channels, ...sides.map((side) => pooledSide(side, node))];
    case 'localResponseNormalization':
      needs(4);
      return inputs[0];
    case 'concat': {
      const rest = (shape: number[]) => `${shape[0]}, ${shape.slice(2).join()}`;
      const odd = inputs.findIndex((shape) => rest(shape) !== rest(inputs[0]));
      if (odd > 0) {
        throw problem(
          `joins "${node.inputs[0]}" [${inputs[0].join(', ')}] and "${node.inputs[odd]}" [${inputs[odd].join(', ')}], whose sizes differ`,
        );
      }
      return [batch, inputs.reduce((sum, shape) => sum + shape[1], 0), ...sides];
    }
    case 'maximum': {
      if (inputs.length < 2) throw problem('compares an activation with no other');
      const odd = inputs.findIndex((shape) => shape.join() !== inputs[0].join());
      if (odd > 0) {
        throw problem(
          `compares "${node.inputs[0]}" [${inputs[0].join(', ')}] and "${node.inputs[odd]}" [${inputs[odd].join(', ')}], whose shapes differ`,
        );
      }
      return inputs[0];
    }
    case 'globalAveragePool':
      needs(4);
      return [batch, channels];
    case 'flatten': {
      needs(4);
      const count = channels * sides[0] * sides[1];
      if (Number.isNaN(count)) {
        throw problem('is flat, so the graph needs an input size of its own');
      }
      return [batch, count];
    }
    case 'linear':
    case 'radialBasis':
      needs(2);
      return [batch, node.outputs];
    case 'spaceToBatch':
      needs(4);
      return [
        batch * node.block ** 2,
        channels,
        ...sides.map((side) => Math.ceil(side / node.block)),
      ];
    case 'batchToSpace':
      needs(4);
      return [batch / node.block ** 2, channels, ...inputs[1].slice(2)];
    case 'relu':
    case 'tanh':
    case 'batchNormalization':
    case 'channelScale':
    case 'dropout':
    case 'softmax':
      return inputs[0];
  }
}

function checkConvolution(
  { outputs, groups = 1, connections }: Extract<GraphNode, { op: 'convolution' }>,
  channels: number,
  problem: (text: string) => DetectorError,
): void {
  if (channels % groups !== 0 || outputs % groups !== 0) {
    throw problem(
      `has ${groups} groups, which divide not both its ${channels} inputs and ${outputs} outputs`,
    );
  }
  if (!connections) return;
  const isSound =
    groups === 1 &&
    connections.length === outputs &&
    connections.every(
      (row) =>
        row.length > 0 &&
        new Set(row).size === row.length &&
        row.every((i) => Number.isInteger(i) && i >= 0 && i < channels),
    );
  if (!isSound) {
    throw problem(
      `has connections that are not, for each of its ${outputs} outputs, some of the inputs 0 to ${channels - 1}`,
    );
  }
}
