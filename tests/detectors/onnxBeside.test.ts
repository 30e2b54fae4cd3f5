import { readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import { buildOnnx } from '../../detectors/onnx/emitOnnx.js';
import { encodeMessage } from '../../detectors/onnx/encodeMessage.js';
import { encodeOnnxBeside } from '../../detectors/onnx/encodeOnnx.js';
import { ModelProto } from '../../detectors/onnx/schema.js';
import { loadClassifier } from '../../detectors/classify/loadClassifier.js';
import {
  openWeights,
  readWeights,
  writeSafetensors,
  writeTensors,
} from '../../detectors/weights/safetensors.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { temporaryFolder } from '../src/runCli.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

const graph = networkNamed('lenet').build();
const metadata = {
  graph: 'lenet',
  classes: '10',
  preprocessing: '{"channels":"grey","mean":[0],"scale":0.00390625}',
};
const weights = randomWeights(graph, 3, metadata);
const outputs = [graph.nodes.at(-1)!.name];
const input = randomTensor([2, 1, 28, 28], randomNumbers(5));

function write(bytes: Uint8Array): string {
  const file = join(temporaryFolder(), 'wéights.safetensors');
  writeFileSync(file, bytes);
  return file;
}

async function answer(given: Weights): Promise<number[]> {
  const session = await (await onnxEngine()).load(graph, given, { outputs });
  // The runtime must have what it needs of its own by now.
  for (const { data, place } of given.tensors.values()) if (!place) data.fill(7);
  const { data } = (await session.run(input))[outputs[0]];
  await session.dispose();
  return [...data];
}

const copyOf = (given: Weights): Weights =>
  readWeights(writeSafetensors(given), 'copy');

describe('encodeMessage', () => {
  it('writes what protobufjs reads', () => {
    const attribute = [
      { name: 'a', i: -1, type: 2 },
      { name: 'b', f: 0.625, type: 1 },
      { name: 'c', ints: [0, 127, 128, 2 ** 31, -(2 ** 40)], type: 7 },
      { name: 'd', ints: [], type: 7 },
      { name: 'e', s: Uint8Array.from([1, 0, 255]), type: 3 },
    ];
    const node = [
      { name: 'Gödel 日本 '.repeat(40), opType: 'X', input: ['', 'y'], attribute },
    ];
    const dim = [{ dimParam: 'batch' }, { dimValue: 3 }, {}];
    const value = { name: 'v', type: { tensorType: { elemType: 1, shape: { dim } } } };
    const message = {
      irVersion: 8,
      producerName: 'x'.repeat(127),
      graph: { node, name: 'g', input: [value], output: [] },
      opsetImport: [{ domain: '', version: 17 }],
    };
    const object = (bytes: Uint8Array) =>
      ModelProto.toObject(ModelProto.decode(bytes), { longs: Number });
    expect(object(encodeMessage('ModelProto', message))).toEqual(
      object(ModelProto.encode(ModelProto.fromObject(message)).finish()),
    );
  });

  it('refuses a field that there is not', () => {
    expect(() => encodeMessage('NodeProto', { inputs: [] })).toThrow(
      'NodeProto has no field "inputs"',
    );
  });
});

describe('weights beside the model', () => {
  const expected = answer(copyOf(weights));

  test('from memory, which is free once the network is loaded', async () => {
    const { externalData, folder } = encodeOnnxBeside(
      buildOnnx(graph, copyOf(weights), outputs),
    );
    // One file, one buffer.
    expect(externalData).toHaveLength(1);
    expect(folder).toBeUndefined();
    expect(await answer(randomWeights(graph, 3, metadata))).toEqual(await expected);
  });

  test('from their file, by whatever name, without being read here', async () => {
    const file = write(writeSafetensors(weights));
    const link = join(temporaryFolder(), 'link');
    symlinkSync(file, link);
    const opened = openWeights(link)!;
    const { model, externalData } = encodeOnnxBeside(buildOnnx(graph, opened, outputs));
    expect(externalData).toBeUndefined();
    expect(model.length).toBeLessThan(10_000);
    expect(await answer(opened)).toEqual(await expected);
  });

  test('in 8 bits and half precision, which ask for the numbers', async () => {
    const opened = openWeights(write(writeSafetensors(weights)))!;
    const engine = await onnxEngine();
    for (const precision of ['fp16', 'int8'] as const) {
      const results = [];
      for (const given of [opened, weights]) {
        const session = await engine.load(graph, given, { outputs, precision });
        results.push([...(await session.run(input))[outputs[0]].data]);
        await session.dispose();
      }
      expect(results[0]).toEqual(results[1]);
    }
  });

  test('a classifier that is there for a moment gives what another gives', async () => {
    const file = write(writeSafetensors(weights));
    const image = {
      data: Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 37) % 256),
      width: 28,
      height: 28,
      channels: 1 as const,
    };
    const results = [];
    for (const isBrief of [true, false]) {
      const classifier = await loadClassifier({ weights: file }, isBrief);
      results.push([
        await classifier.probabilities(image),
        classifier.info.weights[0].sha256,
      ]);
      await classifier.dispose();
    }
    expect(results[0]).toEqual(results[1]);
  });
});

describe('openWeights', () => {
  it('has what readWeights has', () => {
    const bytes = writeSafetensors(weights);
    const opened = openWeights(write(bytes))!;
    const read = readWeights(bytes, 'bytes');
    expect(opened.metadata).toEqual(read.metadata);
    expect([...opened.tensors.keys()]).toEqual([...read.tensors.keys()]);
    for (const [name, { shape, data }] of read.tensors) {
      expect(opened.tensors.get(name)!.shape).toEqual(shape);
      expect(opened.tensors.get(name)!.data).toEqual(data);
    }
  });

  it('leaves to others what must be converted or moved', () => {
    const half = { dtype: 'F16' as const, shape: [2], data: Uint16Array.of(1, 2) };
    expect(
      openWeights(write(writeTensors(new Map([['x', half]]), {}))),
    ).toBeUndefined();
    const header = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const odd = new Uint8Array(8 + header.length + 1 + 4);
    new DataView(odd.buffer).setBigUint64(0, BigInt(header.length + 1), true);
    odd.set(new TextEncoder().encode(`${header} `), 8);
    expect((8 + header.length + 1) % 4).not.toBe(0);
    expect(openWeights(write(odd))).toBeUndefined();
    expect(readWeights(odd, 'odd').tensors.get('x')!.data).toEqual(Float32Array.of(0));
    expect(openWeights(write(Uint8Array.of(1, 2, 3)))).toBeUndefined();
  });

  it('checks as readWeights does', () => {
    const file = write(writeSafetensors(weights));
    truncateSync(file, readFileSync(file).length - 1);
    expect(() => openWeights(file)).toThrow(/truncated/);
    truncateSync(file, 100);
    expect(() => openWeights(file)).toThrow(/the header should have/);
    expect(() => openWeights(`${file}.none`)).toThrow(/ENOENT/);
  });
});
