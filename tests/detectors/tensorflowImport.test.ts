import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClassifier } from '../../detectors/classify/classifierModel.js';
import { DetectorError } from '../../detectors/errors.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import { emitTfjs } from '../../detectors/tfjs/emitTfjs.js';
import { graphDef } from '../../detectors/tfjs/graphDef.js';
import type { TfjsModel, TfjsNode } from '../../detectors/tfjs/model.js';
import type { ReadShard } from '../../detectors/tfjs/readTfjs.js';
import { tfjsGraph } from '../../detectors/tfjs/tfjsGraph.js';
import { classifierMetadata } from '../../detectors/weights/classifierMetadata.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import {
  importWeights,
  type ImportedWeights,
  type ImportWeightsOptions,
} from '../../detectors/weights/importWeights.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { numberBytes } from '../numberBytes.js';
import { describeEngines } from './engines.js';
import { randomWeights } from './randomNetwork.js';

const FOLDER = new URL('../fixtures/detectors/tensorflow/', import.meta.url);
const file = (name: string) => readFileSync(new URL(name, FOLDER));

interface Golden {
  logits: number[];
  constants: Record<string, number[]>;
}
type Form = 'slim-folded' | 'slim-plain' | 'bvlc' | 'keras';
const golden = JSON.parse(file('expected.json').toString()) as Record<Form, Golden> & {
  lenet: { probabilities: number[] };
};

/** As `hashed` in scripts/goldens-tensorflow.py. */
function hashed(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) {
    seed = Math.imul(seed ^ byte, 16777619) >>> 0;
  }
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (seed + Math.imul(i, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  });
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

const variables = new Map<string, Float64Array>();

/** As `variable` there. */
function variable(name: string, shape: readonly number[]): Float64Array {
  const known = variables.get(name) ?? makeVariable(name, shape);
  variables.set(name, known);
  return known;
}

function makeVariable(name: string, shape: readonly number[]): Float64Array {
  const u = hashed(name, product(shape));
  if (shape.length > 1) {
    const bound = Math.sqrt(6 / product(shape.slice(0, -1)));
    return u.map((x) => (2 * x - 1) * bound);
  }
  if (name.endsWith('moving_variance')) return u.map((x) => 0.5 + x);
  const center = name.endsWith('gamma') ? 1 : 0;
  return u.map((x) => center + (2 * x - 1) * 0.1);
}

/** As `constant` there, and the constants that are no formula. */
function constant(
  form: Form,
  name: string,
  shape: readonly number[],
): ArrayLike<number> {
  const { constants } = golden[form];
  if (Object.hasOwn(constants, name)) return constants[name];
  if (name.endsWith('BatchNorm/Const')) return Array<number>(product(shape)).fill(1);
  if (!/\/Conv2D_(weights|bn_offset)$/.test(name)) return variable(name, shape);
  const scope = name.replace(/\/[^/]*$/, '').replace(/^InceptionV1\//, '');
  const outputs = shape.slice(-1);
  const [beta, mean, variance] = ['beta', 'moving_mean', 'moving_variance'].map(
    (part) => variable(`${scope}/BatchNorm/${part}`, outputs),
  );
  const factor = variance.map((v) => 1 / Math.sqrt(v + 1e-3));
  return name.endsWith('_weights')
    ? variable(`${scope}/weights`, shape).map((w, i) => w * factor[i % outputs[0]])
    : beta.map((b, i) => b - mean[i] * factor[i]);
}

/** A model of the converter's, and its numbers in one shard. */
function model(form: Form): {
  json: TfjsModel;
  numbers: Map<string, ArrayLike<number>>;
} {
  const json = JSON.parse(gunzipSync(file(`${form}.json.gz`)).toString()) as TfjsModel;
  const numbers = new Map<string, ArrayLike<number>>();
  for (const { weights } of json.weightsManifest) {
    for (const { name, shape } of weights) {
      numbers.set(name, constant(form, name, shape));
    }
  }
  return { json, numbers };
}

/** Imports it with as many shards as it says. */
function load(
  { json, numbers }: { json: TfjsModel; numbers: Map<string, ArrayLike<number>> },
  options: ImportWeightsOptions = {},
): Promise<ImportedWeights> {
  const shards = new Map<string, Uint8Array>();
  for (const { paths, weights } of json.weightsManifest) {
    const bytes = Buffer.concat(
      weights.map(({ name, dtype }) => {
        const list = numbers.get(name) ?? [];
        const { buffer } =
          dtype === 'int32' ? Int32Array.from(list) : Float32Array.from(list);
        return new Uint8Array(buffer);
      }),
    );
    const size = Math.ceil(bytes.length / paths.length);
    paths.forEach((path, i) =>
      shards.set(path, bytes.subarray(i * size, (i + 1) * size)),
    );
  }
  const readShard: ReadShard = (name) => Promise.resolve(shards.get(name)!);
  return importWeights(Buffer.from(JSON.stringify(json)), 'file', {
    ...options,
    readShard,
  });
}

/** [height, width, channels] as [1, channels, height, width], as `image` there. */
function image(side: number, channels: number) {
  const data = new Float32Array(side * side * channels);
  const values = hashed('input', data.length);
  for (let i = 0; i < data.length; i++) {
    const [c, p] = [i % channels, Math.floor(i / channels)];
    data[c * side * side + p] = 2 * values[i] - 1;
  }
  return { data, shape: [1, channels, side, side] };
}

/** The largest difference as a part of the largest number. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [scale, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(expected[i] - found[i]));
  }
  return scale > 0 ? worst / scale : worst;
}

const message = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return error instanceof DetectorError
      ? `${error.code} ${error.message}`
      : `BUG ${String(error)}`;
  }
  return 'no error';
};

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

type Model = ReturnType<typeof model>;
/** Finds a node by the end of its name. */
type Find = (end: string) => TfjsNode;
type Change = (json: TfjsModel, find: Find, whole: Model) => void;

/** A model with something changed. */
function changed(form: Form, change: Change): Model {
  const whole = model(form);
  const { node } = whole.json.modelTopology;
  change(whole.json, (end) => node.find(({ name }) => name.endsWith(end))!, whole);
  return whole;
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const integers = (values: number[]) => ({ list: { i: values.map(String) } });

/** Adds a constant to a model. */
function addConstant(
  { json, numbers }: Model,
  name: string,
  shape: number[],
  values: number[],
  dtype: 'float32' | 'int32' = 'float32',
): string {
  json.modelTopology.node.push({ name, op: 'Const', attr: {} });
  json.weightsManifest[0].weights.push({ name, shape, dtype });
  numbers.set(name, values);
  return name;
}

function expectSame(found: Weights, expected: Weights, tolerance = 1e-6): void {
  expect(found.metadata.graph).toBe(expected.metadata.graph);
  for (const [name, { data }] of expected.tensors) {
    const gap = difference(found.tensors.get(name)!.data, data);
    expect(gap, name).toBeLessThan(tolerance);
  }
}

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

describe('layers models', () => {
  const json = JSON.parse(gunzipSync(file('lenet-layers.json.gz')).toString()) as {
    modelTopology: { model_config: { config: { layers: Layer[] } } };
    weightsManifest: TfjsModel['weightsManifest'];
  };
  interface Layer {
    class_name: string;
    config: Record<string, unknown>;
    inbound_nodes?: unknown;
  }
  type Config = (typeof json)['modelTopology']['model_config'] & {
    class_name: string;
  };
  const numbers = new Map(
    json.weightsManifest[0].weights.map(({ name, shape }) => [
      name,
      // The kernel is each layer's first weight.
      variable(name.replace('kernel', '0').replace('bias', '1'), shape),
    ]),
  );
  const read = (change: (config: Config) => void = () => {}) => {
    const copy = structuredClone(json);
    change(copy.modelTopology.model_config as Config);
    return load({ json: copy as unknown as TfjsModel, numbers });
  };

  it('a Sequential one is the network that its graph model is', async () => {
    const graph = await importWeights(file('lenet/model.json'), 'file', {
      readShard: (name) => Promise.resolve(file(`lenet/${name}`)),
    });
    // The graph model's numbers are quantized, those of "ip1" to steps of 1/80 before.
    expectSame(await read(), graph, 0.08);
  });

  it('is read as a functional model of Keras 3 too, and without an input layer', async () => {
    const sequential = await read();
    const functional = await read((config) => {
      config.class_name = 'Functional';
      let last: string | undefined;
      for (const layer of config.config.layers) {
        const keras_history = [last, 0, 0];
        const tensor = { class_name: '__keras_tensor__', config: { keras_history } };
        layer.inbound_nodes =
          last === undefined ? [] : [{ args: [tensor], kwargs: {} }];
        last = layer.config.name as string;
      }
      Object.assign(config.config, { output_layers: [[last, 0, 0]] });
    });
    expectSame(functional, sequential);
    const headless = await read(({ config: { layers } }) => {
      const [{ config }] = layers.splice(0, 1);
      layers[0].config.batch_input_shape = config.batch_input_shape;
    });
    expectSame(headless, sequential);
  });

  it.each<[string, (layers: Layer[], config: Config) => void, RegExp]>([
    [
      'other layers',
      (layers) => (layers[1].class_name = 'DepthwiseConv2D'),
      /layer "conv1" \(model_config\.config\.layers\[1\]\): no network here has a DepthwiseConv2D at all/,
    ],
    [
      'other activations',
      (layers) => (layers[1].config.activation = 'swish'),
      /with the activation swish/,
    ],
    [
      'settings that are none',
      (layers) => (layers[1].config.strides = ['2', {}]),
      /whose strides is no whole numbers/,
    ],
    [
      'channels first',
      (layers) => (layers[1].config.data_format = 'channels_first'),
      /in the layout NCHW/,
    ],
    [
      'layers that are called several times',
      (layers, config) => {
        config.class_name = 'Functional';
        layers[1].inbound_nodes = [[['conv1_input', 0, 0]], [['conv1_input', 0, 0]]];
      },
      /layer "conv1" .* has a Conv2D that is called several times/,
    ],
    [
      'weights that are not there',
      (layers) => (layers[1].config.name = 'conv9'),
      /layer "conv9" \(Conv2D\) has no weight "conv9\/kernel"/,
    ],
    [
      'layers without a name',
      (layers) => (layers[1].config = {}),
      /layers\[1\] has no proper class_name and name/,
    ],
  ])('are refused with %s', async (_, change, expected) => {
    const found = await message(read((config) => change(config.config.layers, config)));
    expect(found).toMatch(/^(WEIGHTS_MISMATCH|INVALID_WEIGHTS) file: /);
    expect(found).toMatch(expected);
  });

  it('give an error of ours, or weights, whatever is changed in their settings', async () => {
    const settings = json.modelTopology.model_config.config.layers.flatMap(
      ({ config }, i) => Object.keys(config).map((key) => [i, key] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...settings),
        fc.jsonValue(),
        async ([i, key], value) => {
          const found = await message(
            read(({ config: { layers } }) => (layers[i].config[key] = value)),
          );
          expect(found).toMatch(
            /^(no error$|(INVALID_WEIGHTS|WEIGHTS_MISMATCH|INVALID_GRAPH) )/,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
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

describe('refused are', () => {
  it.each<[string, Form, Change, RegExp]>([
    [
      'two branches exchanged, which have the same shapes',
      'bvlc',
      (_, find) => {
        const input = find('concat_6').input!;
        [input[2], input[3]] = [input[3], input[2]];
      },
      /inception_4e\/5x5", the file has "Relu_\d+": its size is 1, not 5/,
    ],
    [
      'other paddings further in',
      'bvlc',
      (_, find) => {
        const second = find('Relu_2');
        second.attr.padding = text('EXPLICIT');
        second.attr.explicit_paddings = integers([0, 0, 2, 0, 2, 0, 0, 0]);
      },
      /conv2\/3x3", the file has "Relu_2": its pad is 2, not 1/,
    ],
    [
      'the first convolution without padding',
      'bvlc',
      (_, find) => (find('Relu').input![0] = 'input'),
      /pool2\/3x3_s2", the file has "MaxPool2d_1": its pad is 1, not 0/,
    ],
    [
      'zeros as padding of a pool over what may be negative',
      'bvlc',
      (json, find, whole) => {
        const around = addConstant(
          whole,
          'around',
          [8],
          [0, 0, 0, 1, 0, 1, 0, 0],
          'int32',
        );
        json.modelTopology.node.push({
          name: 'padded',
          op: 'Pad',
          input: ['input', around],
          attr: {},
        });
        const pool = find('MaxPool2d');
        pool.input![0] = 'padded';
        pool.attr.padding = text('VALID');
      },
      /node "MaxPool2d": no network here has the operator MaxPool over padding of 0/,
    ],
    [
      'channels first',
      'bvlc',
      (_, find) => (find('Relu').attr.data_format = text('NCHW')),
      /node "Relu": .* in the layout NCHW; convert a model with channels last/,
    ],
    [
      'dilation',
      'bvlc',
      (_, find) => (find('Relu_2').attr.dilations = integers([1, 2, 2, 1])),
      /with dilation/,
    ],
    [
      'another rectifier',
      'bvlc',
      (_, find) => {
        const ops = [text('BiasAdd').s, text('Relu6').s];
        find('Relu_2').attr.fused_ops = { list: { s: ops } };
      },
      /with Relu6/,
    ],
    [
      'normalization by the batch',
      'slim-plain',
      (_, find) => {
        find('Conv2d_1a_7x7/BatchNorm/FusedBatchNormV3').attr.is_training = { b: true };
      },
      /in training/,
    ],
    [
      'another epsilon',
      'slim-plain',
      (_, find) => {
        find('Conv2d_1a_7x7/BatchNorm/FusedBatchNormV3').attr.epsilon = { f: 1e-5 };
      },
      /its epsilon is 0\.00001, not 0\.001/,
    ],
    [
      'an operator that none here has',
      'bvlc',
      (_, find) => (find('MaxPool2d').op = 'Erf'),
      /node "MaxPool2d": no network here has the operator Erf at all/,
    ],
    [
      'a weight that is computed',
      'bvlc',
      (_, find) => (find('Relu_2').input![1] = 'Relu'),
      /node "Relu_2": .* whose parameter "Relu" is no constant/,
    ],
    [
      'a bias that a second reader does not want',
      'slim-plain',
      (_, find) => {
        find('SpatialSqueeze').input![0] = find('Logits/Conv2d_0c_1x1/Conv2D').name;
        find('Predictions/Reshape').input![0] = find('Conv2d_0c_1x1/BiasAdd').name;
        const output = find('Predictions/Reshape_1');
        output.op = 'AddV2';
        output.input = [find('SpatialSqueeze').name, find('Predictions/Softmax').name];
      },
      /of what other nodes read too|of two activations/,
    ],
    [
      'a mean over something else',
      'bvlc',
      (_, __, { numbers }) => numbers.set('Mean/reduction_indices', [2, 3]),
      /over axes \[2,3\]/,
    ],
    [
      'an image of four dimensions too many',
      'bvlc',
      (_, find) => {
        const dim = Array<object>(8).fill({ size: '2' });
        find('input').attr.shape = { shape: { dim } };
      },
      /is no image, or not the only input/,
    ],
  ])('%s', async (_, form, change, expected) => {
    const found = await message(load(changed(form, change)));
    expect(found).toMatch(/^WEIGHTS_MISMATCH file: /);
    expect(found).toMatch(expected);
  });

  it.each<[string, Change, RegExp]>([
    [
      'a network that reads itself',
      (_, find) => (find('MaxPool2d').input![0] = 'Relu_2'),
      /reads itself/,
    ],
    [
      'a node that is not there',
      (_, find) => (find('MaxPool2d').input![0] = 'split:1'),
      /node "MaxPool2d" reads "split:1", which is no node's first output/,
    ],
    [
      'two nodes of one name',
      ({ modelTopology: { node } }) => node.push({ ...node[3] }),
      /two nodes are called/,
    ],
    [
      'two weights of one name',
      (json) => {
        const [group] = json.weightsManifest;
        json.weightsManifest.push({ ...group, paths: ['more.bin'] });
      },
      /two weights are called/,
    ],
    [
      'a weight of strings',
      (json) => Object.assign(json.weightsManifest[0].weights[0], { dtype: 'string' }),
      /\(weightsManifest\[0\]\.weights\[0\]\) has numbers of type string/,
    ],
    [
      'uint8 without a scale',
      (json) =>
        Object.assign(json.weightsManifest[0].weights[0], {
          quantization: { dtype: 'uint8', min: 0, scale: null },
        }),
      /without a proper scale and min/,
    ],
    [
      'unknown quantization',
      (json) =>
        Object.assign(json.weightsManifest[0].weights[0], {
          quantization: { dtype: 'uint4' },
        }),
      /is quantized to type uint4/,
    ],
    [
      'nine dimensions',
      (json) => (json.weightsManifest[0].weights[0].shape = Array<number>(9).fill(1)),
      /no proper name and shape/,
    ],
    [
      'more bytes than any network has, before a shard is read',
      (json) => (json.weightsManifest[0].weights[0].shape = [2 ** 20, 2 ** 20]),
      /more than 2 GiB/,
    ],
    [
      'shards in other folders',
      (json) => (json.weightsManifest[0].paths[0] = '../group1-shard1of6.bin'),
      /no plain file name; refused/,
    ],
    [
      'attributes that are none',
      ({ modelTopology: { node } }) => Object.assign(node[0], { attr: 'strides' }),
      /modelTopology\.node\[0\] has no proper name, op, input and attr/,
    ],
  ])('%s', async (_, change, expected) => {
    const found = await message(load(changed('bvlc', change)));
    expect(found).toMatch(/^INVALID_WEIGHTS file: not a sound tfjs model: /);
    expect(found).toMatch(expected);
  });

  const lenet = file('lenet/model.json').toString();
  const read = (json: string, shard = file('lenet/group1-shard1of1.bin')) =>
    importWeights(Buffer.from(json), 'file', {
      readShard: () => Promise.resolve(shard),
    });

  it('truncated and longer shards', async () => {
    const shard = file('lenet/group1-shard1of1.bin');
    expect(await message(read(lenet, shard.subarray(1)))).toMatch(
      /^INVALID_WEIGHTS .*end before ".*" \(truncated\?\)/,
    );
    expect(await message(read(lenet, Buffer.concat([shard, shard])))).toMatch(
      /^INVALID_WEIGHTS .*bytes too many/,
    );
  });

  it('JSON that is too deep, or none', async () => {
    const deep = lenet.replace(
      '"modelTopology"',
      `"x":${'['.repeat(1e5)}${']'.repeat(1e5)},"modelTopology"`,
    );
    expect(await message(read(deep))).toMatch(/more than 100 levels/);
    expect(await message(read('{"a"'))).toMatch(/^INVALID_WEIGHTS .*no JSON/);
    expect(await message(read('{"a":1}'))).toMatch(/^WEIGHTS_MISMATCH .*no tfjs model/);
  });

  it('gives an error of ours, or weights, for any JSON of its form', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lenet.length - 1),
        fc.oneof(fc.string({ maxLength: 6 }), fc.integer().map(String)),
        fc.nat(8),
        async (at, insert, cut) => {
          const json = lenet.slice(0, at) + insert + lenet.slice(at + cut);
          expect(await message(read(json))).toMatch(
            /^(no error$|(INVALID_WEIGHTS|WEIGHTS_MISMATCH|INVALID_GRAPH) )/,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
