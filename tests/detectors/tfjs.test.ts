import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { DetectorError } from '../../detectors/errors.js';
import { detectorGraph, MAPS } from '../../detectors/graph/detectorGraph.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import type { Graph, GraphNode } from '../../detectors/graph/types.js';
import { emitTfjs, type TfjsFiles } from '../../detectors/tfjs/emitTfjs.js';
import { readTfjsWeights } from '../../detectors/tfjs/readTfjs.js';
import { classifierMetadata } from '../../detectors/weights/classifierMetadata.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';
import {
  patternedWeights,
  randomNumbers,
  randomTensor,
  randomWeights,
} from './randomNetwork.js';
import { numberBytes } from '../numberBytes.js';

await tf.setBackend('cpu');

/** Loads a model as tfjs does, from memory. */
function load({ model, shards }: TfjsFiles) {
  const weightData = new Uint8Array(Buffer.concat([...shards.values()])).buffer;
  const weightSpecs = model.weightsManifest.flatMap(({ weights }) => weights);
  const { modelTopology, signature, format } = model;
  return loadGraphModel({
    // Through JSON, since that is what a browser gets.
    load: () =>
      Promise.resolve({
        ...(JSON.parse(JSON.stringify({ modelTopology, signature, format })) as object),
        weightSpecs,
        weightData,
      }),
  });
}

/** [N, C, H, W] as [N, H, W, C]. */
function channelsLast({ shape, data }: Tensor): tf.Tensor {
  const tensor = tf.tensor(data, [...shape]);
  return shape.length === 4 ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
}

/** Largest difference of tfjs from the onnx engine, as a part of the scale. */
async function difference(
  graph: Graph,
  weights: Weights,
  outputs: string[],
  side: readonly [number, number],
): Promise<number> {
  const image = randomTensor([2, graph.inputChannels, ...side], randomNumbers(4));
  const session = await (await onnxEngine()).load(graph, weights, { outputs });
  const expected = await session.run(image);
  await session.dispose();
  const model = await load(emitTfjs(graph, weights, outputs));
  const results = model.execute({ [graph.input]: channelsLast(image) }, outputs);
  const tensors = Array.isArray(results) ? results : [results];
  let worst = 0;
  outputs.forEach((name, o) => {
    const wanted = channelsLast(expected[name]);
    expect(tensors[o].shape, name).toEqual(wanted.shape);
    const [ours, theirs] = [wanted, tensors[o]].map(
      (t) => t.dataSync() as Float32Array,
    );
    const scale = ours.reduce((scale, x) => Math.max(scale, Math.abs(x)), 0);
    expect(scale, name).toBeGreaterThan(0);
    ours.forEach((x, i) => (worst = Math.max(worst, Math.abs(x - theirs[i]) / scale)));
  });
  model.dispose();
  return worst;
}

describe('tfjs graph models, run by tfjs on its CPU backend', () => {
  /** Every kind of node, on images of uneven sides. */
  const every: GraphNode[] = [
    {
      op: 'fixedConvolution',
      name: 'gabor',
      input: 'data',
      filters: 'gabor',
      orientations: 4,
      size: 5,
      wavelength: 4,
      sigma: 2,
      aspect: 0.3,
      pad: 2,
    },
    {
      op: 'convolution',
      name: 'conv',
      input: 'data',
      outputs: 8,
      size: 3,
      stride: 2,
      pad: 1,
    },
    { op: 'relu', name: 'relu', input: 'conv' },
    { op: 'maxPool', name: 'ceil', input: 'relu', size: 3, stride: 2 },
    { op: 'maxPool', name: 'padded', input: 'conv', size: 3, stride: 1, pad: 1 },
    {
      op: 'convolution',
      name: 'groups',
      input: 'padded',
      outputs: 6,
      size: 3,
      pad: 1,
      groups: 2,
    },
    {
      op: 'convolution',
      name: 'plain',
      input: 'groups',
      outputs: 5,
      size: 1,
      bias: false,
    },
    { op: 'batchNormalization', name: 'bn', input: 'plain', epsilon: 1e-3 },
    {
      op: 'localResponseNormalization',
      name: 'lrn',
      input: 'bn',
      size: 5,
      alpha: 0.5,
      beta: 0.75,
      k: 1,
    },
    { op: 'tanh', name: 'tanh', input: 'lrn', amplitude: 1.7159, slope: 2 / 3 },
    { op: 'channelScale', name: 'scale', input: 'tanh' },
    { op: 'concat', name: 'concat', inputs: ['scale', 'padded'] },
    { op: 'maximum', name: 'most', inputs: ['scale', 'plain', 'bn'] },
    { op: 'spaceToBatch', name: 'grids', input: 'concat', block: 2 },
    { op: 'convolution', name: 'dilated', input: 'grids', outputs: 4, size: 3, pad: 1 },
    { op: 'batchToSpace', name: 'joined', input: 'dilated', block: 2, like: 'concat' },
    { op: 'globalAveragePool', name: 'mean', input: 'joined' },
    { op: 'dropout', name: 'drop', input: 'mean', rate: 0.4 },
    { op: 'linear', name: 'fc', input: 'drop', outputs: 3 },
    { op: 'softmax', name: 'prob', input: 'fc' },
    { op: 'radialBasis', name: 'distances', input: 'mean', outputs: 3 },
  ];
  const graph: Graph = { name: 'every', input: 'data', inputChannels: 3, nodes: every };

  it.each([
    [13, 18],
    [14, 21],
  ] as const)(
    'agree with the onnx engine on every kind of node (%i×%i)',
    async (...side) => {
      // What lies in the batch between the two is in the engine's own order.
      const outputs = every
        .map(({ name }) => name)
        .filter((n) => !['grids', 'dilated'].includes(n));
      expect(await difference(graph, randomWeights(graph), outputs, side)).toBeLessThan(
        1e-5,
      );
    },
  );

  it.each(['googlenet', 'googlenet-torchvision', 'nin'])(
    '%s agrees with the onnx engine at 64×64 pixels, to 1e-4',
    async (name) => {
      const network = { ...networkNamed(name).build(5), inputSize: undefined };
      const side = name === 'nin' ? ([99, 99] as const) : ([64, 64] as const);
      const outputs = [network.nodes.at(-2)!.name, 'prob'];
      const found = await difference(network, randomWeights(network), outputs, side);
      expect(found).toBeLessThan(1e-4);
    },
    60_000,
  );

  it.each(['lenet', 'lenet5', 'lenet5-linear'])(
    '%s, which flattens, agrees at its own size',
    async (name) => {
      const network = networkNamed(name).build();
      const outputs = [network.nodes.at(-1)!.name];
      const side = network.inputSize!;
      expect(
        await difference(network, randomWeights(network), outputs, side),
      ).toBeLessThan(1e-4);
    },
  );

  it('the detector agrees on photos of uneven sides', async () => {
    const detector = detectorGraph('googlenet', 3, 7);
    const found = await difference(
      detector,
      randomWeights(detector),
      [MAPS],
      [70, 101],
    );
    expect(found).toBeLessThan(1e-4);
  }, 60_000);

  it('refuse what tfjs cannot say', () => {
    const nodes: GraphNode[] = [
      { op: 'averagePool', name: 'pool', input: 'data', size: 3, stride: 2 },
    ];
    const over: Graph = {
      name: 'over',
      input: 'data',
      inputChannels: 1,
      inputSize: [6, 6],
      nodes,
    };
    expect(() =>
      emitTfjs(over, { tensors: new Map(), metadata: {} }, ['pool']),
    ).toThrow(/"pool": tfjs has no averages/);
  });
});

describe('reading tfjs models', () => {
  const graph = networkNamed('lenet').build(4);
  const weights = patternedWeights(graph, classifierMetadata(graph));
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const read = ({ model, shards }: TfjsFiles, bytes = json(model)) =>
    readTfjsWeights(bytes, 'file', (name) => {
      const shard = shards.get(name);
      if (shard) return Promise.resolve(shard);
      throw new DetectorError('INVALID_ARGUMENT', `there is no ${name}`);
    });
  const files = emitTfjs(graph, weights, ['prob']);

  it.each([
    'lenet',
    'lenet5',
    'googlenet',
    'googlenet-bn',
    'gabor-googlenet',
    'alexnet',
    'serre-c1',
  ])('%s gives back exactly what went in, from several shards', async (name) => {
    const other = networkNamed(name).build(4);
    const written = patternedWeights(other, classifierMetadata(other));
    const output = emitTfjs(other, written, [other.nodes.at(-1)!.name]);
    if (name === 'googlenet') expect(output.shards.size).toBeGreaterThan(1);
    const back = (await read(output)) as Weights;
    expect(back.metadata).toEqual(written.metadata);
    expect([...back.tensors.keys()].sort()).toEqual([...written.tensors.keys()].sort());
    for (const [key, { shape, data }] of written.tensors) {
      const tensor = back.tensors.get(key)!;
      expect(tensor.shape, key).toEqual(shape);
      expect(Buffer.compare(numberBytes(tensor.data), numberBytes(data)), key).toBe(0);
    }
  });

  const changed = (change: (model: TfjsFiles['model']) => void) => {
    const model = JSON.parse(JSON.stringify(files.model)) as TfjsFiles['model'];
    change(model);
    return read({ ...files, model });
  };

  it.each<[string, (model: TfjsFiles['model']) => void, RegExp]>([
    [
      'paths that lead elsewhere',
      (m) => (m.weightsManifest[0].paths = ['../secret.bin']),
      /no plain file name/,
    ],
    [
      'absolute paths',
      (m) => (m.weightsManifest[0].paths = ['/etc/passwd']),
      /no plain file name/,
    ],
    [
      'URLs',
      (m) => (m.weightsManifest[0].paths = ['https://example.org/x']),
      /no plain file name/,
    ],
    [
      'layers models',
      (m) => (m.format = 'layers-model' as 'graph-model'),
      /no proper list of layers/,
    ],
    [
      'a changed node',
      (m) => (m.modelTopology.node.find(({ op }) => op === 'Relu')!.op = 'Elu'),
      /changed after the export/,
    ],
    [
      'a huge shape',
      (m) => (m.weightsManifest[0].weights[0].shape = [2 ** 40, 2 ** 40]),
      /more than 2 GiB/,
    ],
    ['bytes too many', (m) => m.weightsManifest[0].weights.pop(), /too many/],
    [
      'quantized weights',
      (m) => Object.assign(m.weightsManifest[0].weights[0], { quantization: {} }),
      /quantized/,
    ],
    [
      'an unknown network',
      (m) => (m.userDefinedMetadata.graph = 'vgg'),
      /"vgg", which there is not/,
    ],
    [
      'a number of classes past all limits',
      (m) => (m.userDefinedMetadata.classes = '1e9'),
      /classes/,
    ],
  ])('refuses %s', async (_, change, problem) => {
    await expect(changed(change)).rejects.toThrow(DetectorError);
    await expect(changed(change)).rejects.toThrow(problem);
  });

  it('gives an error of ours, or weights, for any JSON of its form', async () => {
    const text = JSON.stringify(files.model);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.string({ maxLength: 6 }),
        fc.nat(8),
        async (at, insert, cut) => {
          const bytes = new TextEncoder().encode(
            text.slice(0, at) + insert + text.slice(at + cut),
          );
          try {
            await read(files, bytes);
          } catch (error) {
            // The shard of another name is not there; the reader of files says so itself.
            if (!(error instanceof TypeError))
              expect(error).toBeInstanceOf(DetectorError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
