import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { DetectorError } from '../../detectors/errors.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import type { GraphNode } from '../../detectors/graph/types.js';
import { exportOnnx } from '../../detectors/onnx/exportOnnx.js';
import { readOnnxWeights } from '../../detectors/onnx/onnxWeights.js';
import { FLOAT, integers } from '../../detectors/onnx/messages.js';
import { ModelProto } from '../../detectors/onnx/schema.js';
import { classifierMetadata } from '../../detectors/weights/classifierMetadata.js';
import { importWeights } from '../../detectors/weights/importWeights.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { randomTensor, randomNumbers, randomWeights } from './randomNetwork.js';
import { writeZooModel, zooModel, type ZooModel } from './zooWriter.js';
import { numberBytes } from '../numberBytes.js';

const CLASSES = 5;
const network = (name: string) => {
  const graph = networkNamed(name).build(CLASSES);
  return { graph, weights: randomWeights(graph, 3, classifierMetadata(graph)) };
};
function expectSame(read: { tensors: Weights['tensors'] }, written: Weights): void {
  expect([...read.tensors.keys()].sort()).toEqual([...written.tensors.keys()].sort());
  for (const [name, { shape, data }] of written.tensors) {
    const tensor = read.tensors.get(name)!;
    expect(tensor.shape, name).toEqual(shape);
    expect(Buffer.compare(numberBytes(tensor.data), numberBytes(data)), name).toBe(0);
  }
}
const problem = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof DetectorError
      ? `${error.code} ${error.message}`
      : `BUG ${String(error)}`;
  }
  return 'no error';
};

describe('models of ours', () => {
  it.each([
    'googlenet',
    'googlenet-aux',
    'googlenet-bn',
    'googlenet-torchvision',
    'gabor-googlenet',
    'nin',
    'lenet',
    'lenet5',
    'lenet5-linear',
    'serre-c1',
  ])('%s gives back exactly what went in', (name) => {
    const { graph, weights } = network(name);
    const outputs =
      name === 'googlenet-aux'
        ? ['prob', 'loss1/classifier', 'loss2/classifier']
        : [graph.nodes.at(-1)!.name];
    const read = readOnnxWeights(exportOnnx(graph, weights, outputs), 'x');
    expect(read.metadata).toEqual(weights.metadata);
    expectSame(read, weights);
  });

  it('declares the shapes of its outputs, which onnx.checker demands', () => {
    const { graph, weights } = network('googlenet');
    const outputs = ['inception_4e/output', 'prob'];
    const model = ModelProto.toObject(
      ModelProto.decode(exportOnnx(graph, weights, outputs)),
      { longs: Number },
    ) as { graph: { output: unknown[] } };
    const shape = (...dim: object[]) => ({ shape: { dim }, elemType: FLOAT });
    expect(model.graph.output).toMatchObject([
      { type: { tensorType: shape({}, { dimValue: 832 }, {}, {}) } },
      { type: { tensorType: shape({}, { dimValue: CLASSES }) } },
    ]);
  });

  it('is refused when its nodes were changed', () => {
    const { graph, weights } = network('lenet');
    const model = ModelProto.decode(
      exportOnnx(graph, weights, ['prob']),
    ) as unknown as {
      graph: { node: { opType: string; input: string[] }[] };
    };
    const relu = model.graph.node.find(({ opType }) => opType === 'Relu')!;
    relu.opType = 'Tanh';
    const bytes = ModelProto.encode(model).finish();
    expect(problem(() => readOnnxWeights(bytes, 'file'))).toMatch(
      /changed after the export/,
    );
  });
});

describe('models of the ONNX Model Zoo’s form', () => {
  const { graph, weights } = network('googlenet');

  it.each([3, 6, 7, 8, 9, 12])('reads opset %i', (opset) => {
    const bytes = writeZooModel(zooModel(graph, weights, { opset }));
    const read = readOnnxWeights(bytes, 'x');
    expect(read.graph.name).toBe('googlenet');
    expectSame(read, weights);
  });

  it('computes what it was read from, as onnxruntime says', async () => {
    const bytes = writeZooModel(zooModel(graph, weights, { opset: 9 }));
    // Else it would leave a log and send usage data away.
    process.env.ORT_DISABLE_TELEMETRY = '1';
    const runtime = await import('onnxruntime-node');
    const foreign = await runtime.InferenceSession.create(bytes);
    const image = randomTensor([1, 3, 224, 224], randomNumbers(5));
    const expected = await foreign.run({
      data_0: new runtime.Tensor('float32', image.data, [1, 3, 224, 224]),
    });
    const read = readOnnxWeights(bytes, 'x');
    const session = await (
      await onnxEngine()
    ).load(read.graph, { tensors: read.tensors, metadata: {} }, { outputs: ['prob'] });
    const { prob } = await session.run(image);
    const theirs = expected.prob_1.data as Float32Array;
    prob.data.forEach((value, i) =>
      expect(Math.abs(value - theirs[i])).toBeLessThan(1e-6),
    );
    await session.dispose();
    await foreign.release();
  });

  it.each([
    ['numbers in float_data', { numbers: 'float' }],
    [
      'initialisers in another order, without names',
      { isReversed: true, isNameless: true },
    ],
    ['a product and a sum', { isProduct: true }],
    ['logits as output', { isWithoutSoftmax: true }],
  ] as const)('finds its way through %s', (_, form) => {
    const bytes = writeZooModel(zooModel(graph, weights, { opset: 7, ...form }));
    expectSame(readOnnxWeights(bytes, 'x'), weights);
  });

  it.each([
    'googlenet-torchvision',
    'googlenet-slim',
    'googlenet-bn',
    'nin',
    'alexnet',
  ])('knows %s by its wiring', (name) => {
    const other = network(name);
    const model = zooModel(other.graph, other.weights, {
      opset: 9,
      isNameless: true,
    });
    const read = readOnnxWeights(writeZooModel(model), 'x');
    expect(read.graph.name).toBe(name);
    expectSame(read, other.weights);
  });

  it('unfolds batch normalization that an exporter has folded', async () => {
    const { graph: ours, weights: original } = network('googlenet-torchvision');
    const folded = new Map(original.tensors);
    const nodes = ours.nodes.flatMap((node): GraphNode[] => {
      if (node.op === 'convolution') return [{ ...node, bias: true }];
      if (node.op !== 'batchNormalization') {
        const direct = (input: string) => input.replace(/\/bn$/, '/conv');
        return [node.op === 'relu' ? { ...node, input: direct(node.input) } : node];
      }
      const get = (p: string) => original.tensors.get(`${node.name}/${p}`)!.data;
      const factor = get('weight').map(
        (w, i) => w / Math.sqrt(get('variance')[i] + node.epsilon),
      );
      const weight = original.tensors.get(`${node.input}/weight`)!;
      const size = weight.data.length / factor.length;
      folded.set(`${node.input}/weight`, {
        ...weight,
        data: weight.data.map((w, i) => w * factor[Math.floor(i / size)]),
      });
      folded.set(`${node.input}/bias`, {
        shape: [factor.length],
        data: get('bias').map((b, i) => b - get('mean')[i] * factor[i]),
      });
      return [];
    });
    const model = zooModel(
      { ...ours, nodes },
      { tensors: folded, metadata: {} },
      { opset: 13 },
    );
    const read = await importWeights(writeZooModel(model), 'x');
    expect(read.metadata.graph).toBe('googlenet-torchvision');
    const engine = await onnxEngine();
    const image = randomTensor([1, 3, 224, 224], randomNumbers(8));
    const logits = await Promise.all(
      [original, read].map(async (w) => {
        const session = await engine.load(ours, w, { outputs: ['fc'] });
        const { fc } = await session.run(image);
        await session.dispose();
        return fc.data;
      }),
    );
    const scale = Math.max(...logits[0].map(Math.abs));
    logits[0].forEach((x, i) =>
      expect(Math.abs(x - logits[1][i]) / scale).toBeLessThan(1e-5),
    );
  });

  /** The model with one thing changed. */
  const changed = (change: (model: ZooModel) => void) => {
    const model = zooModel(graph, weights, { opset: 9 });
    change(model);
    return problem(() => readOnnxWeights(writeZooModel(model), 'file'));
  };
  const find = (model: ZooModel, name: string) =>
    model.nodes.find((node) => node.name === name)!;

  it.each<[string, (model: ZooModel) => void, RegExp, string?]>([
    [
      'two branches exchanged, which have the same shapes',
      (model) => {
        const { input } = find(model, 'inception_4e/output');
        [input[2], input[3]] = [input[3], input[2]];
      },
      /inception_4e/,
    ],
    [
      'a skipped module',
      (model) => {
        find(model, 'inception_4c/1x1').input[0] = 'inception_4a/output_1';
      },
      /WEIGHTS_MISMATCH/,
    ],
    [
      'another normalization',
      (model) => {
        find(model, 'pool1/norm1').attribute = [];
      },
      /its size is 0, not 5/,
    ],
    [
      'pools that round down',
      (model) => {
        const { attribute } = find(model, 'pool1/3x3_s2');
        attribute[2] = integers('pads', [0, 0, 0, 0]);
      },
      /rounds its size down/,
    ],
    [
      'dilation',
      (model) => {
        find(model, 'conv2/3x3').attribute.push(integers('dilations', [2, 2]));
      },
      /dilation/,
    ],
    [
      'a weight that is computed',
      (model) => {
        model.initializers.shift();
      },
      /no initialiser/,
      'INVALID_WEIGHTS',
    ],
    [
      'an operator that none here has',
      (model) => {
        find(model, 'conv1/7x7_s2/relu').opType = 'Erf';
      },
      /operator Erf/,
    ],
    [
      'a reshape to nothing that is there',
      (model) => {
        find(model, 'loss3/classifier/flat').input[1] = 'OC2_DUMMY_2';
      },
      /OC2_DUMMY_2/,
      'INVALID_WEIGHTS',
    ],
  ])('refuses %s', (_, change, expected, errorCode = 'WEIGHTS_MISMATCH') => {
    const found = changed(change);
    expect(found.startsWith(`${errorCode} file: `), found).toBe(true);
    expect(found).toMatch(expected);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'numbers in another file',
      {
        externalData: [{ key: 'location', value: '../../etc/passwd' }],
        dataLocation: 1,
      },
      /in another file, which is not read/,
    ],
    ['a huge shape', { dims: [2 ** 40, 2 ** 40] }, /has \d+ bytes/],
    ['a negative size', { dims: [-1] }, /no proper shape/],
    ['less numbers than it says', { rawData: new Uint8Array(4) }, /has 4 bytes/],
    ['whole numbers for weights', { dataType: 3 }, /numbers of type 3/],
    ['nine dimensions', { dims: Array<number>(9).fill(1) }, /no proper shape/],
  ])('refuses an initialiser with %s', (_, change, expected) => {
    const found = changed((model) => Object.assign(model.initializers[0], change));
    expect(found).toMatch(/^INVALID_WEIGHTS file: /);
    expect(found).toMatch(expected);
  });

  it('refuses two initialisers of one name', () => {
    expect(changed((model) => model.initializers.push(model.initializers[0]))).toMatch(
      /^INVALID_WEIGHTS.*two initialisers/,
    );
  });

  it('is not led astray by a network that reads itself', () => {
    const found = changed((model) => {
      find(model, 'conv1/7x7_s2').input[0] = 'conv1/7x7_s2/relu_1';
    });
    expect(found).toMatch(/^INVALID_WEIGHTS.*reads "conv1\/7x7_s2\/relu_1"/);
    const flat = changed((model) => {
      find(model, 'loss3/classifier/flat').input[0] = 'loss3/classifier/flat_1';
    });
    expect(flat).toMatch(/^INVALID_WEIGHTS.*reads/);
  });

  it('gives an error of ours, or weights, for any bytes', () => {
    const small = zooModel(graph, weights, { opset: 9 });
    for (const initializer of small.initializers) {
      if (initializer.dataType === FLOAT) {
        Object.assign(initializer, { dims: [1], rawData: new Uint8Array(4) });
      }
    }
    const sound = writeZooModel(small);
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
        let bytes = sound.slice();
        for (const { at, byte, cut } of mutations) {
          if (cut === 0) bytes = bytes.subarray(0, at % (bytes.length + 1));
          else if (bytes.length > 0) bytes[at % bytes.length] = byte;
        }
        expect(problem(() => readOnnxWeights(bytes, 'x'))).toMatch(
          /^(INVALID_WEIGHTS|WEIGHTS_MISMATCH) /,
        );
      }),
      { numRuns: 1000 },
    );
  });
});
