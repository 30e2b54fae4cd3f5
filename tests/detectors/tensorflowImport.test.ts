import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import type { TfjsModel, TfjsNode } from '../../detectors/tfjs/model.js';
import type { ReadShard } from '../../detectors/tfjs/readTfjs.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import {
  importWeights,
  type ImportedWeights,
  type ImportWeightsOptions,
} from '../../detectors/weights/importWeights.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { describeEngines } from './engines.js';

const FOLDER = new URL('../fixtures/detectors/tensorflow/', import.meta.url);
const file = (name: string) => readFileSync(new URL(name, FOLDER));

interface Golden {
  logits: number[];
  constants: Record<string, number[]>;
}
type Form = 'slim-folded' | 'slim-plain' | 'bvlc';
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

/** As `variable` there. */
function variable(name: string, shape: readonly number[]): Float64Array {
  const u = hashed(name, product(shape));
  if (shape.length > 1) {
    const bound = Math.sqrt(6 / product(shape.slice(0, -1)));
    return u.map((x) => (2 * x - 1) * bound);
  }
  return u.map((x) => (name.endsWith('moving_variance') ? 0.5 + x : (2 * x - 1) * 0.1));
}

/** As `constant` there, and the constants that are no formula. */
function constant(form: Form, name: string, shape: readonly number[]): number[] {
  const { constants } = golden[form];
  if (Object.hasOwn(constants, name)) return constants[name];
  if (name.endsWith('BatchNorm/Const')) return Array<number>(product(shape)).fill(1);
  if (!/\/Conv2D_(weights|bn_offset)$/.test(name)) return [...variable(name, shape)];
  const scope = name.replace(/\/[^/]*$/, '').replace(/^InceptionV1\//, '');
  const outputs = shape.slice(-1);
  const [beta, mean, variance] = ['beta', 'moving_mean', 'moving_variance'].map(
    (part) => variable(`${scope}/BatchNorm/${part}`, outputs),
  );
  const factor = variance.map((v) => 1 / Math.sqrt(v + 1e-3));
  return name.endsWith('_weights')
    ? Array.from(
        variable(`${scope}/weights`, shape),
        (w, i) => w * factor[i % outputs[0]],
      )
    : Array.from(beta, (b, i) => b - mean[i] * factor[i]);
}

/** A model of the converter's, and its numbers in one shard. */
function model(form: Form): { json: TfjsModel; numbers: Map<string, number[]> } {
  const json = JSON.parse(gunzipSync(file(`${form}.json.gz`)).toString()) as TfjsModel;
  const numbers = new Map<string, number[]>();
  for (const { weights } of json.weightsManifest) {
    for (const { name, shape } of weights) {
      numbers.set(name, constant(form, name, shape));
    }
  }
  return { json, numbers };
}

/** Imports it with as many shards as it says. */
function load(
  { json, numbers }: { json: TfjsModel; numbers: Map<string, number[]> },
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
function difference(found: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(x - found[i]) / scale));
}

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
