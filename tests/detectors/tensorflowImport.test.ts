import { describe, expect, it } from 'vitest';
import { readClassifier } from '../../detectors/classify/readClassifier.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import { emitTfjs } from '../../detectors/tfjs/emitTfjs.js';
import { graphDef } from '../../detectors/tfjs/graphDef.js';
import type { TfjsNode } from '../../detectors/tfjs/model.js';
import { tfjsGraph } from '../../detectors/tfjs/tfjsGraph.js';
import { classifierMetadata } from '../../detectors/weights/classifierMetadata.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { importWeights } from '../../detectors/weights/importWeights.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { numberBytes } from '../numberBytes.js';
import { describeEngines } from './engines.js';
import { randomWeights } from './randomNetwork.js';
import {
  file,
  model,
  load,
  image,
  difference,
  changed,
  text,
  integers,
  addConstant,
  expectSame,
  golden,
  type Change,
  type Form,
} from './tfjsModels.js';

describeEngines((loadEngine) => {
  const run = async (
    weights: Weights,
    output: string,
    input: ReturnType<typeof image>,
  ) => {
    const graph = graphOfWeights(weights, 'file');
    const session = await (
      await loadEngine()
    ).load(graph, weights, { outputs: [output] });
    const result = await session.run(input);
    await session.dispose();
    return result[output].data;
  };

  it.each([
    ['slim-folded', 'googlenet-slim', 'Logits/Conv2d_0c_1x1'],
    ['slim-plain', 'googlenet-slim', 'Logits/Conv2d_0c_1x1'],
    ['bvlc', 'googlenet', 'loss3/classifier'],
    ['keras', 'googlenet-torchvision', 'fc'],
  ] as const)('%s gives TensorFlow’s logits, to 1e-5', async (form, name, logits) => {
    const weights = await load(model(form));
    expect(weights.metadata).toMatchObject({ graph: name, classes: '10' });
    const found = await run(weights, logits, image(224, 3));
    expect(difference(found, golden[form].logits)).toBeLessThan(1e-5);
  });

  it('Keras’s LeNet, quantized in three ways, gives its probabilities, to 1e-5', async () => {
    const weights = await importWeights(file('lenet/model.json'), 'file', {
      readShard: (name) => Promise.resolve(file(`lenet/${name}`)),
    });
    expect(weights.metadata).toMatchObject({ graph: 'lenet', classes: '10' });
    const found = await run(weights, 'prob', image(28, 1));
    expect(difference(found, golden.lenet.probabilities)).toBeLessThan(1e-5);
  });
});

describe('models of other makers', () => {
  const names = ['googlenet', 'googlenet-bn', 'googlenet-torchvision'];
  it.each([...names, 'googlenet-slim', 'nin', 'lenet'])(
    '%s, as exported from here but under another name, gives back what went in',
    async (name) => {
      const graph = networkNamed(name).build(5);
      const written = randomWeights(graph, 3);
      const { model: ours, shards } = emitTfjs(graph, written, [
        graph.nodes.at(-1)!.name,
      ]);
      const json = { ...ours, generatedBy: '2.15.0', userDefinedMetadata: undefined };
      const read = await importWeights(Buffer.from(JSON.stringify(json)), 'file', {
        readShard: (shard) => Promise.resolve(shards.get(shard)!),
      });
      expect(read.metadata).toMatchObject({ graph: name, classes: '5' });
      expect([...read.tensors.keys()].sort()).toEqual(
        [...written.tensors.keys()].sort(),
      );
      for (const [key, { shape, data }] of written.tensors) {
        const tensor = read.tensors.get(key)!;
        expect(tensor.shape, key).toEqual(shape);
        const order = Buffer.compare(numberBytes(tensor.data), numberBytes(data));
        expect(order, key).toBe(0);
      }
    },
  );

  it.each<[string, Form, Change]>([
    [
      'nodes in another order, with other names',
      'slim-plain',
      (json, _, { numbers }) => {
        const { node } = json.modelTopology;
        const others = new Map(node.map(({ name }, i) => [name, `n${i}`]));
        const rename = (name: string) => others.get(name) ?? name;
        node.reverse();
        for (const each of node) {
          each.name = rename(each.name);
          each.input = each.input?.map(rename);
        }
        for (const weight of json.weightsManifest[0].weights) {
          const values = numbers.get(weight.name)!;
          weight.name = rename(weight.name);
          numbers.set(weight.name, values);
        }
        const [output] = Object.keys(json.signature.outputs);
        json.signature.outputs = { out: { name: `${rename(output)}:0` } };
      },
    ],
    ['no signature', 'bvlc', (json) => Object.assign(json, { signature: undefined })],
    [
      'further outputs',
      'bvlc',
      (json) => {
        json.signature.outputs = {
          first: { name: 'Relu_3:0' },
          ...json.signature.outputs,
        };
      },
    ],
    [
      'the logits alone',
      'bvlc',
      (json) => (json.signature.outputs = { logits: { name: 'add:0' } }),
    ],
    [
      'explicit padding',
      'bvlc',
      (_, find) => {
        const first = find('Relu');
        first.input![0] = 'input';
        first.attr.padding = text('EXPLICIT');
        first.attr.explicit_paddings = integers([0, 0, 3, 3, 3, 3, 0, 0]);
      },
    ],
    [
      'zeros as padding of a pool over what is not negative',
      'bvlc',
      (json, find, whole) => {
        const around = [0, 0, 0, 1, 0, 1, 0, 0];
        const paddings = addConstant(whole, 'around', [4, 2], around, 'int32');
        const pool = find('MaxPool2d');
        json.modelTopology.node.push({
          name: 'padded',
          op: 'Pad',
          input: [pool.input![0], paddings],
          attr: {},
        });
        pool.input![0] = 'padded';
        pool.attr.padding = text('VALID');
      },
    ],
    [
      'scales and offsets behind a convolution',
      'bvlc',
      ({ modelTopology: { node } }, find, whole) => {
        const fused = find('Relu_3');
        const [, , bias] = fused.input!;
        let value = 'apart';
        node.push({
          name: value,
          op: 'Conv2D',
          input: fused.input!.slice(0, 2),
          attr: { ...fused.attr, fused_ops: { list: {} } },
        });
        // (y / 2 + ¼) · 2 − ½ is y again.
        const by = (name: string, number: number) =>
          addConstant(whole, name, [], [number]);
        const steps = [
          ['RealDiv', by('two', 2)],
          ['AddV2', by('quarter', 0.25)],
          ['Mul', by('double', 2)],
          ['Sub', by('half', 0.5)],
          ['AddV2', bias],
        ];
        for (const [i, [op, constant]] of steps.entries()) {
          const input = op === 'Mul' ? [constant, value] : [value, constant];
          value = `step ${i}`;
          node.push({ name: value, op, input, attr: {} });
        }
        Object.assign(fused, { op: 'Relu', input: [value], attr: {} });
      },
    ],
  ])('are read with %s', async (_, form, change) => {
    expectSame(await load(changed(form, change)), await load(model(form)));
  });
});

it('grouped convolutions, a part of AlexNet, are read with their groups', () => {
  const dim = [-1, 9, 9, 4].map((size) => ({ size: String(size) }));
  const nodes: TfjsNode[] = [
    { name: 'x', op: 'Placeholder', attr: { shape: { shape: { dim } } } },
    { name: 'w', op: 'Const', attr: {} },
    {
      name: 'y',
      op: 'Conv2D',
      input: ['x', 'w'],
      attr: { strides: integers([1, 1, 1, 1]), padding: text('SAME') },
    },
  ];
  const data = Float32Array.from({ length: 3 * 3 * 2 * 6 }, (_, i) => i);
  const tensor = { shape: [3, 3, 2, 6], type: 'float32', read: () => data };
  const values = { tensors: new Map([['w', tensor]]), integers: new Map() };
  const like = networkNamed('googlenet').build();
  const graph = { nodes: graphDef(nodes, 'file'), values };
  const read = tfjsGraph(graph, 'y', like, 'file');
  expect(read.graph.inputSize).toEqual([9, 9]);
  expect(read.graph.nodes).toMatchObject([
    { op: 'convolution', outputs: 6, size: 3, pad: 1, farPad: 1, groups: 2 },
  ]);
  const weight = read.tensors.get('y/weight')!;
  expect(weight.shape).toEqual([6, 2, 3, 3]);
  // [output 4, input 1, row 2, column 0] of [row, column, input, output]
  expect(weight.read()[((4 * 2 + 1) * 3 + 2) * 3]).toBe(((2 * 3 + 0) * 2 + 1) * 6 + 4);
});

it('1,001 classes are a background and ImageNet’s, as in TensorFlow’s networks', () => {
  const graph = networkNamed('lenet').build(1001);
  const weights = { ...randomWeights(graph), metadata: classifierMetadata(graph) };
  const { labels } = readClassifier(writeSafetensors(weights), 'file');
  expect(labels).toHaveLength(1001);
  expect(labels[0]).toEqual({ name: 'background' });
  expect(labels[1]).toEqual({ name: 'tench, Tinca tinca', synset: 'n01440764' });
});

describe('what differs is said', () => {
  it('the padding of the first convolution', async () => {
    const same = changed('bvlc', (_, find) => {
      const first = find('Relu');
      first.input![0] = 'input';
      first.attr.padding = text('SAME');
    });
    const read = await load(same);
    expectSame(read, await load(model('bvlc')));
    expect(read.notes.join()).toMatch(
      /pads the image with 2 before and 3 behind, where "conv1\/7x7_s2" of "googlenet" has 3 and 3: it saw photos 1 px off/,
    );
    expect((await load(model('bvlc'))).notes.join()).not.toMatch(/pads/);
  });

  it('the pixels that nobody says, and those that the model or the user does', async () => {
    const guessed = await load(model('bvlc'));
    expect(guessed.metadata.preprocessing).toMatch(/"BGR"/);
    expect(guessed.notes.join()).toMatch(/"mean":\[104,117,123\].*does not say/);

    const rescaled = (steps: [string, number][]) =>
      changed('slim-plain', ({ modelTopology: { node } }, find, whole) => {
        let value = 'input';
        const reader = find('Conv2d_1a_7x7/Conv2D');
        for (const [op, number] of steps) {
          const constant = addConstant(whole, `by ${op}`, [], [number]);
          node.push({ name: op, op, input: [value, constant], attr: {} });
          value = op;
        }
        reader.input![0] = value;
      });
    for (const steps of [
      [
        ['Mul', 1 / 127.5],
        ['Sub', 1],
      ],
      // From 0 to 1, as TensorFlow Hub's models have it.
      [
        ['Sub', 0.5],
        ['Mul', 2],
      ],
    ] as [string, number][][]) {
      const read = await load(rescaled(steps));
      const { mean, scale, channels } = JSON.parse(read.metadata.preprocessing) as {
        mean: number[];
        scale: number;
        channels: string;
      };
      expect(channels).toBe('RGB');
      for (const value of mean) expect(value).toBeCloseTo(127.5, 4);
      expect(scale).toBeCloseTo(1 / 127.5, 8);
      expect(read.notes.join()).toMatch(/by the scaling that the model begins with/);
    }

    const said = await load(model('bvlc'), { pixels: 'unit' });
    expect(JSON.parse(said.metadata.preprocessing)).toEqual({
      channels: 'RGB',
      range: [0, 255],
      mean: [0, 0, 0],
      scale: 1 / 255,
    });
    expect(said.notes).toEqual([]);
  });
});
