import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import type { TfjsModel, TfjsNode } from '../../detectors/tfjs/model.js';
import type { ReadShard } from '../../detectors/tfjs/readTfjs.js';
import {
  importWeights,
  type ImportedWeights,
  type ImportWeightsOptions,
} from '../../detectors/weights/importWeights.js';
import type { Weights } from '../../detectors/weights/weights.js';

/*
 * What scripts/goldens-tensorflow.py wrote, whole again, and ways to change it.
 */

const FOLDER = new URL('../fixtures/detectors/tensorflow/', import.meta.url);
export const file = (name: string) => readFileSync(new URL(name, FOLDER));

interface Golden {
  logits: number[];
  constants: Record<string, number[]>;
}
export type Form = 'slim-folded' | 'slim-plain' | 'bvlc' | 'keras';
export const golden = JSON.parse(file('expected.json').toString()) as Record<
  Form,
  Golden
> & {
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
export function variable(name: string, shape: readonly number[]): Float64Array {
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
export function model(form: Form): {
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
export function load(
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
export function image(side: number, channels: number) {
  const data = new Float32Array(side * side * channels);
  const values = hashed('input', data.length);
  for (let i = 0; i < data.length; i++) {
    const [c, p] = [i % channels, Math.floor(i / channels)];
    data[c * side * side + p] = 2 * values[i] - 1;
  }
  return { data, shape: [1, channels, side, side] };
}

/** The largest difference as a part of the largest number. */
export function difference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  let [scale, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(expected[i] - found[i]));
  }
  return scale > 0 ? worst / scale : worst;
}

export const message = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return error instanceof DetectorError
      ? `${error.code} ${error.message}`
      : `BUG ${String(error)}`;
  }
  return 'no error';
};

export type Model = ReturnType<typeof model>;
/** Finds a node by the end of its name. */
export type Find = (end: string) => TfjsNode;
export type Change = (json: TfjsModel, find: Find, whole: Model) => void;

/** A model with something changed. */
export function changed(form: Form, change: Change): Model {
  const whole = model(form);
  const { node } = whole.json.modelTopology;
  change(whole.json, (end) => node.find(({ name }) => name.endsWith(end))!, whole);
  return whole;
}

export const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
export const integers = (values: number[]) => ({ list: { i: values.map(String) } });

/** Adds a constant to a model. */
export function addConstant(
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

export function expectSame(found: Weights, expected: Weights, tolerance = 1e-6): void {
  expect(found.metadata.graph).toBe(expected.metadata.graph);
  for (const [name, { data }] of expected.tensors) {
    const gap = difference(found.tensors.get(name)!.data, data);
    expect(gap, name).toBeLessThan(tolerance);
  }
}
