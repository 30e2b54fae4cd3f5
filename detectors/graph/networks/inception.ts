import type { NodeList } from './nodeList.js';

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

/** What the variants of GoogLeNet differ in. */
export interface GooglenetForm {
  /** Batch normalization after each convolution, which then has no bias. @default false */
  batchNormalization?: boolean;
  /** 1×1 convolutions before the 3×3 and 5×5 ones and after the pool. @default true */
  reductions?: boolean;
  /** Factor of all channels. @default 1 */
  width?: number;
  /** The first stage. @default 'learned' */
  firstStage?: 'learned' | 'gabor';
  /** The two auxiliary heads of training. @default false */
  auxiliaryHeads?: boolean;
}

/** A convolution, normalized where the form says so, and its ReLU. */
export function convolve(
  list: NodeList,
  input: string,
  name: string,
  shape: { outputs: number; size: number; stride?: number },
  form: GooglenetForm,
): string {
  const { batchNormalization = false, width = 1 } = form;
  const { size, stride = 1 } = shape;
  const outputs = shape.outputs * width;
  const convolution = { name, input, outputs, size, stride, pad: (size - 1) / 2 };
  if (!batchNormalization) {
    list.add({ op: 'convolution', ...convolution });
    return list.relu(name);
  }
  list.add({ op: 'convolution', ...convolution, bias: false });
  const normalized = `${name}/bn`;
  // Caffe's default epsilon.
  list.add({ op: 'batchNormalization', name: normalized, input: name, epsilon: 1e-5 });
  return list.add({ op: 'relu', name: `${name}/relu`, input: normalized });
}

/** One inception module after activation `input`; gives the name of its output. */
export function inception(
  list: NodeList,
  input: string,
  module: string,
  form: GooglenetForm,
): string {
  const { reductions = true } = form;
  const channels = INCEPTION_CHANNELS[module];
  const branch = (from: string, kind: keyof InceptionChannels, size: number) => {
    const shape = { outputs: channels[kind], size };
    return convolve(list, from, `inception_${module}/${kind}`, shape, form);
  };
  const reduced = (kind: '3x3_reduce' | '5x5_reduce') =>
    reductions ? branch(input, kind, 1) : input;

  const one = branch(input, '1x1', 1);
  const three = branch(reduced('3x3_reduce'), '3x3', 3);
  const five = branch(reduced('5x5_reduce'), '5x5', 5);
  const pool = `inception_${module}/pool`;
  list.add({ op: 'maxPool', name: pool, input, size: 3, stride: 1, pad: 1 });
  const pooled = reductions ? branch(pool, 'pool_proj', 1) : pool;
  const name = `inception_${module}/output`;
  return list.add({ op: 'concat', name, inputs: [one, three, five, pooled] });
}
