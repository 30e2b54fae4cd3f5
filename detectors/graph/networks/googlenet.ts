import type { Graph } from '../types.js';
import { serreBank } from './gaborBank.js';
import { convolve, inception, type GooglenetForm } from './inception.js';
import type { Network, PublishedCount } from './network.js';
import { NodeList } from './nodeList.js';

/**
 * GoogLeNet (Szegedy et al. 2014) in its BVLC form: layer names and order of channels
 * as in Caffe. Input: BGR, 0–255 minus the mean, any size from 224 (32 pixels a cell
 * at 5b); with auxiliary heads 224 alone.
 *
 * Outputs worth naming: `loss3/classifier` (logits) and `prob`; with auxiliary heads
 * `loss1/classifier` and `loss2/classifier`, logits too.
 */
export function googlenet(name: string, classes: number, form: GooglenetForm): Graph {
  const list = new NodeList();
  const { batchNormalization = false, auxiliaryHeads = false } = form;
  // Batch normalization takes the place of both (Ioffe and Szegedy 2015, §4.2.1).
  const normalize = (input: string, node: string) =>
    batchNormalization ? input : list.normalize(input, node);
  const dropOut = (input: string, node: string, rate: number) =>
    batchNormalization ? input : list.add({ op: 'dropout', name: node, input, rate });
  const convolution = (input: string, node: string, outputs: number, size: number) =>
    convolve(list, input, node, { outputs, size }, form);
  const auxiliaryHead = (input: string, head: string) => {
    if (!auxiliaryHeads) return;
    const pool = `${head}/ave_pool`;
    list.add({ op: 'averagePool', name: pool, input, size: 5, stride: 3 });
    const convolved = convolution(pool, `${head}/conv`, 128, 1);
    list.add({ op: 'flatten', name: `${head}/flatten`, input: convolved });
    const fc = `${head}/fc`;
    list.add({ op: 'linear', name: fc, input: `${head}/flatten`, outputs: 1024 });
    const dropped = dropOut(list.relu(fc), `${head}/drop_fc`, 0.7);
    const classifier = `${head}/classifier`;
    list.add({ op: 'linear', name: classifier, input: dropped, outputs: classes });
  };

  let x =
    form.firstStage === 'gabor'
      ? serreBank(list, 'data', 2)
      : convolve(
          list,
          'data',
          'conv1/7x7_s2',
          { outputs: 64, size: 7, stride: 2 },
          form,
        );
  x = normalize(list.halve(x, 'pool1/3x3_s2'), 'pool1/norm1');
  x = convolution(x, 'conv2/3x3_reduce', 64, 1);
  x = normalize(convolution(x, 'conv2/3x3', 192, 3), 'conv2/norm2');
  x = list.halve(x, 'pool2/3x3_s2');
  for (const module of ['3a', '3b']) x = inception(list, x, module, form);
  x = list.halve(x, 'pool3/3x3_s2');
  x = inception(list, x, '4a', form);
  auxiliaryHead(x, 'loss1');
  for (const module of ['4b', '4c', '4d']) x = inception(list, x, module, form);
  auxiliaryHead(x, 'loss2');
  x = inception(list, x, '4e', form);
  x = list.halve(x, 'pool4/3x3_s2');
  for (const module of ['5a', '5b']) x = inception(list, x, module, form);
  list.add({ op: 'globalAveragePool', name: 'pool5/7x7_s1', input: x });
  x = dropOut('pool5/7x7_s1', 'pool5/drop_7x7_s1', 0.4);
  const classifier = 'loss3/classifier';
  list.add({ op: 'linear', name: classifier, input: x, outputs: classes });
  list.add({ op: 'softmax', name: 'prob', input: classifier });
  return {
    name,
    input: 'data',
    inputChannels: 3,
    inputSize: [224, 224],
    nodes: list.nodes,
  };
}

const PAPER = 'Szegedy et al. 2014, "Going deeper with convolutions" (arXiv:1409.4842)';
const backbone = { features: 'inception_5b/output', pool: 'pool4/3x3_s2' };

/*
 * All printed numbers of this file were compared with the text of the paper's first
 * version (1409.4842v1, pages 1, 5 and 6), entry by entry: Table 1's 42 depths,
 * parameters and operations, "22 layers deep when counting only layers with
 * parameters", "1.5 billion multiply-adds at inference time", "12× fewer parameters".
 */

/** What the paper says of the network, §1 and §5. */
const CLAIMS: PublishedCount[] = [
  {
    what: 'layers',
    printed: '22',
    value: 22,
    unit: 1,
    source: `${PAPER}, §5: "when counting only layers with parameters"`,
  },
  {
    what: 'multiply-adds',
    printed: '1.5 billion',
    value: 1.5e9,
    unit: 1e8,
    source: `${PAPER}, §1`,
    note: 'Table 1’s own sum is 1,502 M, since it prints 34 M for the first convolution, which takes 118 M',
  },
  {
    what: 'fewer parameters than AlexNet',
    printed: '12 times',
    value: 12,
    unit: 1,
    source: `${PAPER}, §1`,
    note: 'it would take some 5 million; Table 1’s own sum is 6.8 million',
  },
];

const variant = (
  name: string,
  title: string,
  form: GooglenetForm,
  more: Partial<Network> = {},
): Network => ({
  title,
  paper: PAPER,
  classes: 1000,
  build: (classes = 1000) => googlenet(name, classes, form),
  backbone,
  published: [],
  ...more,
});

export const GOOGLENETS = {
  googlenet: variant(
    'googlenet',
    'GoogLeNet as BVLC trained it for Caffe',
    {},
    {
      published: [
        {
          what: 'parameters',
          printed: '6,998,552',
          value: 6_998_552,
          unit: 1,
          source: 'the BVLC weights, without auxiliary heads',
        },
        ...CLAIMS,
      ],
      table: {
        source: `${PAPER}, Table 1`,
        rows: {
          conv1: { depth: 1, parameters: '2.7K', multiplyAdds: '34M' },
          pool1: { depth: 0 },
          conv2: { depth: 2, parameters: '112K', multiplyAdds: '360M' },
          pool2: { depth: 0 },
          inception_3a: { depth: 2, parameters: '159K', multiplyAdds: '128M' },
          inception_3b: { depth: 2, parameters: '380K', multiplyAdds: '304M' },
          pool3: { depth: 0 },
          inception_4a: { depth: 2, parameters: '364K', multiplyAdds: '73M' },
          inception_4b: { depth: 2, parameters: '437K', multiplyAdds: '88M' },
          inception_4c: { depth: 2, parameters: '463K', multiplyAdds: '100M' },
          inception_4d: { depth: 2, parameters: '580K', multiplyAdds: '119M' },
          inception_4e: { depth: 2, parameters: '840K', multiplyAdds: '170M' },
          pool4: { depth: 0 },
          inception_5a: { depth: 2, parameters: '1072K', multiplyAdds: '54M' },
          inception_5b: { depth: 2, parameters: '1388K', multiplyAdds: '71M' },
          pool5: { depth: 0 },
          loss3: { depth: 1, parameters: '1000K', multiplyAdds: '1M' },
          prob: { depth: 0 },
        },
      },
    },
  ),
  'googlenet-aux': variant(
    'googlenet-aux',
    'GoogLeNet with the two auxiliary heads of its training',
    { auxiliaryHeads: true },
    {
      published: [
        {
          what: 'bytes of weights',
          printed: '53,533,754',
          value: 53_533_754,
          unit: 2 * 53_534,
          source:
            'bvlc_googlenet.caffemodel, which has names and settings beside its numbers',
        },
      ],
    },
  ),
  'googlenet-bn': variant(
    'googlenet-bn',
    'GoogLeNet with batch normalization for biases, response normalization and dropout',
    { batchNormalization: true },
    {
      paper:
        'the topology of Szegedy et al. 2014 with the normalization of Ioffe and Szegedy 2015 (arXiv:1502.03167)',
    },
  ),
  'googlenet-naive': variant(
    'googlenet-naive',
    'GoogLeNet of naive modules, without 1×1 reductions',
    { reductions: false },
    { paper: `${PAPER}, figure 2a` },
  ),
  'googlenet-wide': variant('googlenet-wide', 'GoogLeNet with twice the channels', {
    width: 2,
  }),
  'gabor-googlenet': variant(
    'gabor-googlenet',
    'GoogLeNet whose first stage is Serre’s bank of 64 Gabor filters, untrained',
    { firstStage: 'gabor' },
    {
      paper:
        'Serre et al. 2007, "Robust object recognition with cortex-like mechanisms", table 1, below the network of Szegedy et al. 2014',
    },
  ),
} satisfies Record<string, Network>;
