import { nodeInputs } from '../graph/activationShapes.js';
import type {
  BatchNormalization,
  ChannelScale,
  Convolution,
  GraphNode,
} from '../graph/types.js';
import type { Weights } from '../weights/weights.js';
import { integer, integers, type NodeMessage } from './messages.js';
import { singles, wholes, type NodeGroup } from './normalizeChannels.js';

/** onnxruntime's fast layout has blocks of so many channels. */
const BLOCK = 16;
const TAPS = 3;

/**
 * Winograd's F(2, 3): two outputs of a filter of three taps by four products instead of
 * six. For each product, what is taken of the four inputs and what of the taps. The
 * outputs are p0 + (p1 + p2) and p3 + (p1 − p2): the last product has its sign turned.
 */
const PRODUCTS = [
  { inputs: [1, 0, -1, 0], taps: [1, 0, 0] },
  { inputs: [0, 1, 1, 0], taps: [1 / 2, 1 / 2, 1 / 2] },
  { inputs: [0, -1, 1, 0], taps: [1 / 2, -1 / 2, 1 / 2] },
  { inputs: [0, 1, 0, -1], taps: [0, 0, -1] },
];

/**
 * Convolutions of 3×3, stride 1, by Winograd's minimal filtering (Winograd 1980; for
 * networks Lavin and Gray 2016), two rows at a time, which onnxruntime has no code for.
 * Along the width nothing changes, so that its fast code for convolutions does the work:
 *
 * - four sums and differences of rows, as convolutions 4×1 of each channel, stride 2;
 * - a convolution 1×3 of each: 12 products for two outputs of an input channel, not 18;
 * - two sums of them are the even and the odd rows, which are then interleaved.
 *
 * Affine maps of the channels that follow are folded in, and a ReLU stands before
 * the interleaving, where the runtime makes it a part of the convolution. Factors are ±1
 * and ½: results differ from the plain ones by rounding alone.
 *
 * @param nodes in the order that they are computed in
 * @param outputs activations that have to be there under their names
 * @returns what stands for a node; nothing for one that another has taken in
 */
export function winogradRows(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
  { tensors }: Weights,
): Map<GraphNode, NodeGroup> {
  const groups = new Map<GraphNode, NodeGroup>();
  const kept = new Set(outputs);
  const consumers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const input of nodeInputs(node)) {
      const others = consumers.get(input);
      if (others) others.push(node);
      else consumers.set(input, [node]);
    }
  }
  const follower = ({ name }: GraphNode): GraphNode | undefined => {
    const [only, ...others] = consumers.get(name) ?? [];
    return others.length === 0 && !kept.has(name) ? only : undefined;
  };
  const sizes = equalSizes(nodes);
  for (const node of nodes) {
    if (node.op !== 'convolution' || !isFit(node)) continue;
    const weight = tensors.get(`${node.name}/weight`);
    // Weights that stay in their file can't be others.
    if (!weight || weight.place) continue;
    const [outputChannels, inputChannels] = weight.shape;
    if (outputChannels % BLOCK !== 0 || inputChannels % BLOCK !== 0) continue;
    const maps: (BatchNormalization | ChannelScale)[] = [];
    let last: GraphNode = node;
    let next = follower(node);
    while (next?.op === 'batchNormalization' || next?.op === 'channelScale') {
      maps.push(next);
      last = next;
      next = follower(next);
    }
    const hasRelu = next?.op === 'relu';
    if (hasRelu) last = next!;
    for (const taken of [...maps, ...(hasRelu ? [last] : [])]) {
      groups.set(taken, { nodes: [], initializers: [] });
    }
    // The runtime would give up its fast layout for a pool whose shape is asked for.
    const size = sizes.get(node.input)!;
    size.like ??= node.input;
    groups.set(
      node,
      writeRows(node, last.name, hasRelu, size.like, {
        weight: weight.data,
        outputChannels,
        inputChannels,
        ...foldedAffine(node, maps, tensors),
      }),
    );
  }
  return groups;
}

function isFit({ size, stride = 1, pad = 0, farPad = pad, groups = 1 }: Convolution) {
  return size === TAPS && stride === 1 && pad === 1 && farPad === 1 && groups === 1;
}

/**
 * For each activation an object that it shares with all that are known to be always of
 * the same height and width: nodes that keep the size hand it on.
 */
function equalSizes(nodes: readonly GraphNode[]): Map<string, { like?: string }> {
  const sizes = new Map<string, { like?: string }>();
  for (const node of nodes) {
    const [input] = nodeInputs(node);
    // The graph's own input is made by no node.
    if (!sizes.has(input)) sizes.set(input, {});
    sizes.set(node.name, keepsSize(node) ? sizes.get(input)! : {});
  }
  return sizes;
}

function keepsSize(node: GraphNode): boolean {
  switch (node.op) {
    case 'relu':
    case 'tanh':
    case 'dropout':
    case 'concat':
    case 'maximum':
    case 'localResponseNormalization':
    case 'batchNormalization':
    case 'channelScale':
      return true;
    case 'convolution':
    case 'fixedConvolution':
    case 'maxPool':
    case 'averagePool': {
      const { size, stride = 1, pad = 0 } = node;
      const farPad = (node.op === 'convolution' ? node.farPad : undefined) ?? pad;
      return stride === 1 && size - 1 === pad + farPad;
    }
    default:
      return false;
  }
}

/** Factor and summand of each output channel, all affine maps in one. */
function foldedAffine(
  { name, outputs }: Convolution,
  maps: readonly (BatchNormalization | ChannelScale)[],
  tensors: Weights['tensors'],
): { factors: Float64Array; summands: Float64Array } {
  const factors = new Float64Array(outputs).fill(1);
  const own = tensors.get(`${name}/bias`)?.data;
  const summands = Float64Array.from(factors, (_, c) => own?.[c] ?? 0);
  for (const map of maps) {
    const values = (parameter: string) => tensors.get(`${map.name}/${parameter}`)?.data;
    const weight = values('weight');
    const bias = values('bias');
    const mean = values('mean');
    const variance = values('variance');
    for (let c = 0; c < outputs; c++) {
      let factor = weight ? weight[c] : 1;
      if (map.op === 'batchNormalization' && variance) {
        factor /= Math.sqrt(variance[c] + map.epsilon);
      }
      factors[c] *= factor;
      summands[c] = (summands[c] - (mean?.[c] ?? 0)) * factor + (bias?.[c] ?? 0);
    }
  }
  return { factors, summands };
}

interface Filters {
  /** [outputChannels, inputChannels, 3, 3] */
  weight: Float32Array;
  outputChannels: number;
  inputChannels: number;
  factors: Float64Array;
  summands: Float64Array;
}

/** @param like an activation of the input's height and width */
function writeRows(
  { name, input }: Convolution,
  output: string,
  hasRelu: boolean,
  like: string,
  filters: Filters,
): NodeGroup {
  const { outputChannels, inputChannels, summands } = filters;
  const group: NodeGroup = { nodes: [], initializers: [] };
  const side = (suffix: string) => `${name}#${suffix}`;
  const add = (
    opType: string,
    result: string,
    inputs: string[],
    attribute: object[] = [],
  ): string => {
    const node: NodeMessage = {
      ...{ name: result, opType, input: inputs },
      ...{ output: [result], attribute },
    };
    group.nodes.push(node);
    return result;
  };
  const constant = (label: string, values: Float32Array, dims: number[]): string => {
    group.initializers.push(singles(label, values, dims));
    return label;
  };
  const list = (label: string, values: number[]): string => {
    group.initializers.push(wholes(label, BigInt64Array.from(values, BigInt)));
    return label;
  };

  const bias = constant(side('bias'), Float32Array.from(summands), [outputChannels]);
  const product = (p: number): string => {
    const { inputs } = PRODUCTS[p];
    const height = inputs.length;
    const rows = Float32Array.from(
      { length: height * inputChannels },
      (_, i) => inputs[i % height],
    );
    const sum = add(
      'Conv',
      side(`rows${p}`),
      [
        input,
        constant(`#rows${p}-${inputChannels}`, rows, [inputChannels, 1, height, 1]),
      ],
      [
        integers('kernel_shape', [height, 1]),
        integers('strides', [2, 1]),
        // One row more below, for an odd height; what it adds is cut off in the end.
        integers('pads', [1, 0, 2, 0]),
        integer('group', inputChannels),
      ],
    );
    const weight = constant(
      side(`weight${p}`),
      combineTaps(filters, PRODUCTS[p].taps),
      [outputChannels, inputChannels, 1, TAPS],
    );
    // The sums in the middle go to both outputs, so the bias comes with the others.
    const isOuter = p === 0 || p === PRODUCTS.length - 1;
    return add(
      'Conv',
      side(`product${p}`),
      [sum, weight, ...(isOuter ? [bias] : [])],
      [integers('kernel_shape', [1, TAPS]), integers('pads', [0, 1, 0, 1])],
    );
  };

  const first = product(1);
  const second = product(2);
  // A convolution with −1, since the runtime has no difference in its fast layout.
  const minus = constant(
    `#minus-${outputChannels}`,
    new Float32Array(outputChannels).fill(-1),
    [outputChannels, 1, 1, 1],
  );
  const turned = add(
    'Conv',
    side('turned'),
    [second, minus],
    [integers('kernel_shape', [1, 1]), integer('group', outputChannels)],
  );
  const sums = [
    add('Add', side('even'), [product(0), add('Add', side('sum'), [first, second])]),
    add('Add', side('odd'), [
      product(3),
      add('Add', side('difference'), [turned, first]),
    ]),
  ];
  const halves = hasRelu ? sums.map((sum) => add('Relu', `${sum}-relu`, [sum])) : sums;
  // An even row and its odd one after another are, in memory, two rows.
  const beside = add('Concat', side('beside'), halves, [integer('axis', 3)]);
  const height = add('Shape', `${like}#height`, [like], sliceOfShape(2));
  const width = add('Shape', `${like}#width`, [like], sliceOfShape(3));
  const shape = add(
    'Concat',
    `${like}#rows`,
    [list('#batch-channels-rest', [0, 0, -1]), width],
    [integer('axis', 0)],
  );
  const rows = add('Reshape', side('rows'), [beside, shape]);
  add('Slice', output, [rows, list('#zero', [0]), height, list('#axis2', [2])]);
  return group;
}

const sliceOfShape = (axis: number) => [
  integer('start', axis),
  integer('end', axis + 1),
];

/** Filters [outputs, inputs, 1, 3]: the rows of each as `taps` weigh them. */
function combineTaps(
  { weight, outputChannels, inputChannels, factors }: Filters,
  [top, middle, bottom]: readonly number[],
): Float32Array {
  const combined = new Float32Array(outputChannels * inputChannels * TAPS);
  for (let output = 0, from = 0, to = 0; output < outputChannels; output++) {
    const factor = factors[output];
    for (let input = 0; input < inputChannels; input++, from += TAPS * TAPS) {
      for (let x = 0; x < TAPS; x++) {
        const sum =
          top * weight[from + x] +
          middle * weight[from + TAPS + x] +
          bottom * weight[from + 2 * TAPS + x];
        combined[to++] = factor * sum;
      }
    }
  }
  return combined;
}
