import type { Graph, GraphNode } from './types.js';

/** Channels of one inception module's branches, in the order of the paper's Table 1. */
export interface InceptionChannels {
  '1x1': number;
  '3x3_reduce': number;
  '3x3': number;
  '5x5_reduce': number;
  '5x5': number;
  pool_proj: number;
}

type Row = [number, number, number, number, number, number];

/** Szegedy et al. 2014, Table 1: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj. */
const INCEPTION_ROWS: Record<string, Row> = {
  '3a': [64, 96, 128, 16, 32, 32],
  '3b': [128, 128, 192, 32, 96, 64],
  '4a': [192, 96, 208, 16, 48, 64],
  '4b': [160, 112, 224, 24, 64, 64],
  '4c': [128, 128, 256, 24, 64, 64],
  '4d': [112, 144, 288, 32, 64, 64],
  '4e': [256, 160, 320, 32, 128, 128],
  '5a': [256, 160, 320, 32, 128, 128],
  '5b': [384, 192, 384, 48, 128, 128],
};

/** The branch widths of each inception module of GoogLeNet, by module ("3a" … "5b"). */
export const INCEPTION_CHANNELS: Readonly<Record<string, InceptionChannels>> =
  Object.fromEntries(
    Object.entries(INCEPTION_ROWS).map(([module, row]) => [
      module,
      {
        '1x1': row[0],
        '3x3_reduce': row[1],
        '3x3': row[2],
        '5x5_reduce': row[3],
        '5x5': row[4],
        pool_proj: row[5],
      },
    ]),
  );

/** A convolution and its ReLU; gives the name of the rectified activation. */
function convolve(
  nodes: GraphNode[],
  input: string,
  name: string,
  outputs: number,
  size: number,
  stride = 1,
): string {
  const pad = (size - 1) / 2;
  nodes.push({ op: 'convolution', name, input, outputs, size, stride, pad });
  nodes.push({ op: 'relu', name: `${name}/relu`, input: name });
  return `${name}/relu`;
}

/** One inception module after activation `input`; gives the name of its output. */
function inception(nodes: GraphNode[], input: string, module: string): string {
  const channels = INCEPTION_CHANNELS[module];
  const branch = (from: string, kind: keyof InceptionChannels, size: number) =>
    convolve(nodes, from, `inception_${module}/${kind}`, channels[kind], size);

  const one = branch(input, '1x1', 1);
  const three = branch(branch(input, '3x3_reduce', 1), '3x3', 3);
  const five = branch(branch(input, '5x5_reduce', 1), '5x5', 5);
  const pool = `inception_${module}/pool`;
  nodes.push({ op: 'maxPool', name: pool, input, size: 3, stride: 1, pad: 1 });
  const projected = branch(pool, 'pool_proj', 1);

  const output = `inception_${module}/output`;
  nodes.push({ op: 'concat', name: output, inputs: [one, three, five, projected] });
  return output;
}

/** Everything up to inception 4e, stride 16: 832 channels. */
function stem(nodes: GraphNode[], input: string): string {
  const pool = (from: string, name: string) => {
    nodes.push({ op: 'maxPool', name, input: from, size: 3, stride: 2 });
    return name;
  };
  const normalize = (from: string, name: string) => {
    const lrn = { size: 5, alpha: 1e-4, beta: 0.75, k: 1 };
    nodes.push({ op: 'localResponseNormalization', name, input: from, ...lrn });
    return name;
  };

  let x = convolve(nodes, input, 'conv1/7x7_s2', 64, 7, 2);
  x = normalize(pool(x, 'pool1/3x3_s2'), 'pool1/norm1');
  x = convolve(nodes, x, 'conv2/3x3_reduce', 64, 1);
  x = normalize(convolve(nodes, x, 'conv2/3x3', 192, 3), 'conv2/norm2');
  x = pool(x, 'pool2/3x3_s2');
  for (const module of ['3a', '3b']) x = inception(nodes, x, module);
  x = pool(x, 'pool3/3x3_s2');
  for (const module of ['4a', '4b', '4c', '4d', '4e']) x = inception(nodes, x, module);
  return x;
}

/**
 * The GoogLeNet classifier in its BVLC form (Szegedy et al. 2014; layer names
 * and order of channels as in Caffe), without the auxiliary heads. Input: BGR,
 * 0–255 minus the mean, any size from 224 (32 pixels a cell at 5b).
 *
 * Outputs worth naming: `loss3/classifier` (logits) and `prob`.
 */
export function googlenetClassifier(classes = 1000): Graph {
  const nodes: GraphNode[] = [];
  let x = stem(nodes, 'data');
  nodes.push({ op: 'maxPool', name: 'pool4/3x3_s2', input: x, size: 3, stride: 2 });
  x = inception(nodes, 'pool4/3x3_s2', '5a');
  x = inception(nodes, x, '5b');
  nodes.push(
    { op: 'globalAveragePool', name: 'pool5/7x7_s1', input: x },
    { op: 'dropout', name: 'pool5/drop_7x7_s1', input: 'pool5/7x7_s1', rate: 0.4 },
    {
      op: 'linear',
      name: 'loss3/classifier',
      input: 'pool5/drop_7x7_s1',
      outputs: classes,
    },
    { op: 'softmax', name: 'prob', input: 'loss3/classifier' },
  );
  return { name: 'googlenet', input: 'data', inputChannels: 3, nodes };
}

/** Name of the detector's output activation. */
export const MAPS = 'rcnn/maps';

/**
 * GoogLeNet as the detector's backbone at stride 16, with position-sensitive
 * maps on top (Dai et al. 2016): pool4 keeps its stride at 1, and 5a and 5b run
 * on the four interleaved grids of its output, which is the same as dilating
 * them by 2. Output `rcnn/maps`: bins² × outputs channels, laid out
 * [bin row, bin column, output].
 */
export function googlenetRcnn(bins: number, outputs: number): Graph {
  const nodes: GraphNode[] = [];
  const x = stem(nodes, 'data');
  const pool = 'pool4/3x3_s1';
  nodes.push(
    { op: 'maxPool', name: pool, input: x, size: 3, stride: 1, pad: 1 },
    { op: 'spaceToBatch', name: 'pool4/grids', input: pool, block: 2 },
  );
  const grids = inception(nodes, inception(nodes, 'pool4/grids', '5a'), '5b');
  const features = 'inception_5b/features';
  nodes.push(
    { op: 'batchToSpace', name: features, input: grids, block: 2, like: pool },
    {
      op: 'convolution',
      name: MAPS,
      input: features,
      outputs: bins * bins * outputs,
      size: 1,
    },
  );
  return { name: 'googlenet-rcnn', input: 'data', inputChannels: 3, nodes };
}
