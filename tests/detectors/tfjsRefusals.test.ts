import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importWeights } from '../../detectors/weights/importWeights.js';
import {
  file,
  load,
  message,
  changed,
  text,
  integers,
  addConstant,
  type Change,
  type Form,
} from './tfjsModels.js';

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

  it('graphs that would make much work of little', async () => {
    const many = 15_000;
    const adding = changed(
      'bvlc',
      ({ modelTopology: { node }, signature }, _, whole) => {
        // One long list of biases, added again and again.
        const channels = 2 ** 16;
        const wide = Array<number>(3 * channels).fill(0);
        const filters = addConstant(whole, 'wide', [1, 1, 3, channels], wide);
        const bias = addConstant(whole, 'zeros', [channels], wide.slice(2 * channels));
        const attr = { strides: integers([1, 1, 1, 1]), padding: text('VALID') };
        node.push({ name: 'conv', op: 'Conv2D', input: ['input', filters], attr });
        let value = 'conv';
        for (let i = 0; i < many; i++) {
          node.push({ name: `add ${i}`, op: 'AddV2', input: [value, bias], attr: {} });
          value = `add ${i}`;
        }
        signature.outputs = { out: { name: value } };
      },
    );
    expect(await message(load(adding))).toMatch(/after more than \d+ such constants/);
    const doubling = changed('bvlc', ({ modelTopology: { node } }, find) => {
      // Each list is twice as long as the one before.
      let value = 'Mean/reduction_indices';
      for (let i = 0; i < many; i++) {
        node.push({ name: `pack ${i}`, op: 'Pack', input: [value, value], attr: {} });
        value = `pack ${i}`;
      }
      find('Mean').input![1] = value;
    });
    expect(await message(load(doubling))).toMatch(/the operator Pack at all/);
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
