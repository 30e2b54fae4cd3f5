import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { DetectorError } from '../../detectors/errors.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { importWeights } from '../../detectors/weights/importWeights.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import { readTorchFile } from '../../detectors/weights/torch/torchFile.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import {
  op,
  pickle,
  tensorPickle,
  writeTorchLegacy,
  writeTorchZip,
  writeZip,
  type ZipLies,
} from './torchWriter.js';

const fixture = (name: string) =>
  new Uint8Array(
    readFileSync(new URL(`../fixtures/detectors/torch/${name}`, import.meta.url)),
  );
const json = <T>(name: string) =>
  JSON.parse(new TextDecoder().decode(fixture(name))) as T;

const code = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof DetectorError ? error.code : error;
  }
  return 'no error';
};
const message = (bytes: Uint8Array): string => {
  try {
    for (const tensor of readTorchFile(bytes, 'file').values()) tensor.read();
  } catch (error) {
    return error instanceof DetectorError ? error.message : `BUG ${String(error)}`;
  }
  return 'no error';
};

/** A zip file as torch.save writes it around a pickle and one storage. */
const zipped = (data: Uint8Array, storage = new Uint8Array(16), lies: ZipLies = {}) =>
  writeZip(
    [
      ['archive/data.pkl', data],
      ['archive/data/0', storage],
    ],
    lies,
  );
const named = (value: Uint8Array) =>
  pickle(op.dict, op.mark, op.text('a'), value, op.setItems);

describe('files that PyTorch wrote', () => {
  const expected =
    json<Record<string, { shape: number[]; data: number[] }>>('tiny.json');

  it.each(['tiny-zip.pth', 'tiny-old.pth'])(
    'reads %s: strides, parts, types, parameters, attributes',
    (name) => {
      const tensors = readTorchFile(fixture(name), name);
      expect([...tensors.keys()].sort()).toEqual(
        [...Object.keys(expected), 'steps.num_batches_tracked'].sort(),
      );
      for (const [key, { shape, data }] of Object.entries(expected)) {
        const tensor = tensors.get(key)!;
        expect(tensor.shape, key).toEqual(shape);
        expect([...tensor.read()], key).toEqual(data);
      }
      expect(code(() => tensors.get('steps.num_batches_tracked')!.read())).toBe(
        'INVALID_WEIGHTS',
      );
    },
  );

  it('finds the state dict of a checkpoint, whatever else is in it', () => {
    const tensors = readTorchFile(fixture('checkpoint.pth'), 'x');
    expect([...tensors.keys()]).toEqual(['w']);
    expect([...tensors.get('w')!.read()]).toEqual([1, 1]);
  });

  it('refuses whole modules and TorchScript, which are programs', () => {
    expect(message(fixture('whole-module.pth'))).toMatch(
      /refers to "torch\.nn\.modules\.linear\.Linear".*refused, nothing was run/,
    );
    expect(message(fixture('torchscript.pt'))).toMatch(/TorchScript/);
  });
});

describe('torchvision GoogLeNet against PyTorch itself', () => {
  interface Golden {
    shapes: Record<string, number[]>;
    cases: { height: number; width: number; logits: number[] }[];
  }
  const golden = json<Golden>('googlenet.json');

  /** As `hashed` in scripts/goldens-torch.py. */
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
  const state = new Map<string, Tensor>();
  for (const [name, shape] of Object.entries(golden.shapes)) {
    if (name.endsWith('num_batches_tracked')) continue;
    const count = shape.reduce((a, b) => a * b, 1);
    const bound = Math.sqrt(6 / (count / shape[0]));
    const data = Float32Array.from(hashed(name, count), (u) =>
      shape.length > 1
        ? (2 * u - 1) * bound
        : /running_var$|bn\.weight$/.test(name)
          ? 0.5 + u
          : (2 * u - 1) * 0.1,
    );
    state.set(name, { shape, data });
  }
  const auxiliary = new Map([
    ...state,
    ['aux1.fc2.bias', { shape: [10], data: new Float32Array(10) }] as const,
  ]);

  it.each([
    ['.pth, zip', writeTorchZip(auxiliary)],
    ['.pth, the older form', writeTorchLegacy(auxiliary)],
    ['.safetensors', writeSafetensors({ tensors: auxiliary, metadata: {} })],
  ])('gives its logits to 1e-5 of their scale from %s', async (_, bytes) => {
    const weights = await importWeights(bytes, 'file');
    expect(weights.metadata).toMatchObject({
      graph: 'googlenet-torchvision',
      classes: '10',
    });
    const graph = graphOfWeights(weights, 'file');
    const session = await (
      await onnxEngine()
    ).load(graph, weights, { outputs: ['fc'] });
    for (const { height, width, logits } of golden.cases) {
      const data = Float32Array.from(
        hashed('input', 3 * height * width),
        (u) => 2 * u - 1,
      );
      const { fc } = await session.run({ data, shape: [1, 3, height, width] });
      const scale = Math.max(...logits.map(Math.abs));
      logits.forEach((logit, i) =>
        expect(Math.abs(fc.data[i] - logit) / scale).toBeLessThan(1e-5),
      );
    }
    await session.dispose();
  });

  it('names what a file of another network lacks', async () => {
    const lame = new Map(state);
    lame.delete('inception4b.branch3.1.bn.running_var');
    await expect(importWeights(writeTorchZip(lame), 'file')).rejects.toThrow(
      /file: .*"inception4b\/branch3\/1\/bn\/variance" is missing/,
    );
    const other = new Map([['features.0.weight', state.get('conv1.conv.weight')!]]);
    await expect(importWeights(writeTorchZip(other), 'file')).rejects.toMatchObject({
      code: 'WEIGHTS_MISMATCH',
    });
  });
});

describe('hostile PyTorch files', () => {
  it.each([
    ['os.system', op.global('os', 'system')],
    ['builtins.eval', op.global('builtins', 'eval')],
    ['posix.system', op.global('posix', 'system')],
    ['torch.load', op.global('torch', 'load')],
    ['torch.constructorStorage', op.global('torch', 'constructorStorage')],
    ['torch.__proto__Storage', op.global('torch', '__proto__Storage')],
  ])('refuses a pickle that names %s', (name, global) => {
    const call = named(
      new Uint8Array([
        ...global,
        ...op.mark,
        ...op.text('id'),
        ...op.tuple,
        ...op.reduce,
      ]),
    );
    expect(message(zipped(call))).toContain(`"${name}"`);
    expect(message(zipped(call))).toMatch(/refused, nothing was run/);
  });

  it.each([
    ['STACK_GLOBAL', [...op.text('os'), ...op.text('system'), 0x93]],
    ['EXT1', [0x82, 1]],
    ['INST', [0x69]],
    ['OBJ', [0x6f]],
    ['NEWOBJ', [0x81]],
    ['NEXT_BUFFER', [0x97]],
    ['PERSID', [0x50]],
    ['LONG4', [0x8b]],
  ])('refuses the instruction %s', (_, bytes) => {
    expect(code(() => readTorchFile(zipped(pickle(bytes)), 'x'))).toBe(
      'INVALID_WEIGHTS',
    );
  });

  it.each([
    ['more numbers than its storage', tensorPickle('0', 4, [1 << 30, 1 << 30])],
    ['a huge shape of stride 0', tensorPickle('0', 4, [1 << 30], { strides: [0] })],
    ['a negative size', tensorPickle('0', 4, [-1])],
    ['a negative stride', tensorPickle('0', 4, [2], { strides: [-1] })],
    ['an offset past the end', tensorPickle('0', 4, [2], { offset: 3 })],
    ['strides past the end', tensorPickle('0', 4, [2, 2], { strides: [3, 1] })],
    ['a storage that is not there', tensorPickle('1', 4, [4])],
    ['a storage of another size', tensorPickle('0', 400, [4])],
    ['nine dimensions', tensorPickle('0', 4, Array<number>(9).fill(1))],
  ])('refuses a tensor with %s', (_, tensor) => {
    expect(message(zipped(named(tensor)))).toMatch(/^file: not a sound PyTorch file/);
  });

  it('lets tensors share a storage, as tied weights do, and overlap in it', () => {
    const both = pickle(
      ...[op.dict, op.mark, op.text('a'), tensorPickle('0', 4, [4]), op.text('b')],
      tensorPickle('0', 4, [2, 2], { strides: [1, 1] }),
      op.setItems,
    );
    const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const tensors = readTorchFile(zipped(both, storage), 'x');
    expect([...tensors.get('a')!.read()]).toEqual([1, 2, 3, 4]);
    expect([...tensors.get('b')!.read()]).toEqual([1, 2, 2, 3]);
  });

  it.each<[string, ZipLies, RegExp]>([
    ['compressed', { method: 8 }, /compressed/],
    ['encrypted', { flags: 1 }, /encrypted/],
    ['damaged', { crc: 1 }, /damaged/],
    ['of a size past the end', { size: 1 << 30 }, /outside the file/],
    ['elsewhere', { shift: 7 }, /no signature/],
    ['on one another', { size: 60 }, /lies on/],
  ])('refuses entries that are %s', (_, lies, problem) => {
    const file = zipped(named(tensorPickle('0', 4, [4])), new Uint8Array(16), lies);
    expect(message(file)).toMatch(problem);
  });

  it('refuses two entries of one name', () => {
    const data = named(tensorPickle('0', 4, [4]));
    const twice = writeZip([
      ['archive/data.pkl', data],
      ['archive/data.pkl', data],
    ]);
    expect(message(twice)).toMatch(/two entries/);
  });

  it('refuses bare pickles, tar files, gzip and HDF5 with the remedy', async () => {
    const tar = new Uint8Array(512);
    tar.set(new TextEncoder().encode('ustar'), 257);
    for (const [bytes, problem] of [
      [pickle(op.none), /bare pickle/],
      [tar, /tar file/],
      [Uint8Array.of(0x1f, 0x8b, 8), /gzipped/],
      [Uint8Array.of(0x89, 0x48, 0x44, 0x46), /HDF5/],
    ] as const) {
      await expect(importWeights(bytes, 'file')).rejects.toThrow(problem);
    }
  });

  it('gives an error of ours, or a file, for any bytes', () => {
    const sound = ['tiny-zip.pth', 'tiny-old.pth', 'checkpoint.pth'].map(fixture);
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom(...sound),
        fc.array(mutation, { minLength: 1, maxLength: 5 }),
        (file, mutations) => {
          let bytes = file.slice();
          for (const { at, byte, cut } of mutations) {
            if (cut) bytes = bytes.subarray(0, at % (bytes.length + 1));
            else if (bytes.length > 0) bytes[at % bytes.length] = byte;
          }
          expect(message(bytes)).toMatch(/^(no error|x|file): ?|^no error$/);
          expect(message(bytes)).not.toMatch(/^BUG/);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('runs random instructions without harm, in time that their length bounds', () => {
    const codes = [
      0x28, 0x29, 0x2e, 0x4b, 0x4e, 0x51, 0x52, 0x5d, 0x61, 0x62, 0x65, 0x68, 0x71,
      0x73, 0x74, 0x75, 0x7d, 0x85, 0x86, 0x87, 0x88, 0x93, 0x94,
    ];
    const step = fc.oneof(fc.constantFrom(...codes), fc.nat(255));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        expect(message(zipped(Uint8Array.from([0x80, 2, ...steps])))).not.toMatch(
          /^BUG/,
        );
      }),
      { numRuns: 3000 },
    );
  });
});
