import protobuf from 'protobufjs/light.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import { googlenetClassifier } from '../../detectors/graph/googlenet.js';
import { parameterShapes } from '../../detectors/graph/parameterShapes.js';
import { readModel } from '../../detectors/model.js';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import {
  readSafetensors,
  readWeights,
  writeSafetensors,
} from '../../detectors/weights/safetensors.js';

const encode = (header: unknown, numbers: Uint8Array = new Uint8Array(0)) => {
  const text = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + numbers.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(numbers, 8 + text.length);
  return bytes;
};
const code = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof DetectorError ? error.code : error;
  }
  return 'no error';
};

describe('safetensors', () => {
  it('reads back what it writes', () => {
    const tensors = new Map([
      ['b', { shape: [2, 2], data: Float32Array.of(1, -0.5, 3e-8, 4) }],
      ['a/weight', { shape: [], data: Float32Array.of(7) }],
      ['empty', { shape: [0, 3], data: new Float32Array(0) }],
    ]);
    const metadata = { name: 'ünïcode', note: '{"a":1}' };
    const read = readWeights(writeSafetensors({ tensors, metadata }), 'x');
    expect(read.metadata).toEqual(metadata);
    for (const [name, tensor] of tensors)
      expect(read.tensors.get(name)).toEqual(tensor);
    expect(read.tensors.size).toBe(tensors.size);
  });

  it('widens half precision exactly', () => {
    // 1, -2, the largest (65504), the smallest (2^-24), 1/3 rounded, infinity
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0x7c00);
    const header = { h: { dtype: 'F16', shape: [6], data_offsets: [0, 12] } };
    const { data } = readSafetensors(
      encode(header, new Uint8Array(halves.buffer)),
      'x',
    ).tensors.get('h')!;
    expect([...data]).toEqual([1, -2, 65504, 2 ** -24, 0.333251953125, Infinity]);
  });

  it('rounds double precision, widens bfloat16, and leaves counts of steps out', () => {
    const header = {
      d: { dtype: 'F64', shape: [1], data_offsets: [0, 8] },
      b: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
      'x.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [12, 20] },
    };
    const numbers = new Uint8Array(20);
    const view = new DataView(numbers.buffer);
    view.setFloat64(0, 1 / 3, true);
    view.setUint16(8, 0x3f80, true);
    view.setUint16(10, 0xc040, true);
    const { tensors } = readWeights(encode(header, numbers), 'x');
    expect([...tensors.keys()]).toEqual(['d', 'b']);
    expect([...tensors.get('d')!.data]).toEqual([Math.fround(1 / 3)]);
    expect([...tensors.get('b')!.data]).toEqual([1, -3]);
  });

  it.each([
    ['no header', new Uint8Array(3)],
    ['a header longer than the file', encode('{}').fill(255, 0, 4)],
    ['a header that is no JSON', encode('{"a":')],
    ['a header that is a list', encode('[]')],
    [
      'an unknown type',
      encode({ a: { dtype: 'Q9', shape: [1], data_offsets: [0, 1] } }),
    ],
    [
      'an inherited name as type',
      encode({ a: { dtype: 'constructor', shape: [1], data_offsets: [0, 1] } }),
    ],
    [
      'numbers past the end',
      encode({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }),
    ],
    [
      'a shape that does not fit',
      encode(
        { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } },
        new Uint8Array(4),
      ),
    ],
    [
      'a negative size',
      encode({ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 0] } }),
    ],
    [
      'a product of sizes past all numbers',
      encode(
        { a: { dtype: 'F32', shape: [2 ** 52, 2 ** 52], data_offsets: [0, 4] } },
        new Uint8Array(4),
      ),
    ],
    [
      'two tensors in one place',
      encode(
        {
          a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
          b: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
        },
        new Uint8Array(4),
      ),
    ],
    ['metadata that is no text', encode({ __metadata__: { a: 1 } })],
    ['null for a tensor', encode({ a: null })],
  ])('refuses %s', (_, bytes) => {
    expect(code(() => readSafetensors(bytes, 'file'))).toBe('INVALID_WEIGHTS');
  });

  it('gives an error of ours, or a file, for any bytes', () => {
    const sound = encode(
      {
        __metadata__: { a: 'b' },
        t: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      },
      new Uint8Array(8),
    );
    const mutation = fc.record({
      at: fc.nat(sound.length - 1),
      byte: fc.nat(255),
      cut: fc.nat(sound.length),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const bytes = sound.slice(0, Math.max(...mutations.map(({ cut }) => cut)));
        for (const { at, byte } of mutations) if (at < bytes.length) bytes[at] = byte;
        expect(['no error', 'INVALID_WEIGHTS']).toContain(
          code(() => readSafetensors(bytes, 'x')),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('caffemodel', () => {
  const root = protobuf.Root.fromJSON({
    nested: {
      Net: {
        fields: {
          name: { type: 'string', id: 1 },
          layer: { rule: 'repeated', type: 'Layer', id: 100 },
          layers: { rule: 'repeated', type: 'OldLayer', id: 2 },
        },
      },
      OldLayer: {
        fields: {
          name: { type: 'string', id: 4 },
          blobs: { rule: 'repeated', type: 'Blob', id: 6 },
        },
      },
      Layer: {
        fields: {
          name: { type: 'string', id: 1 },
          blobs: { rule: 'repeated', type: 'Blob', id: 7 },
        },
      },
      Blob: {
        fields: {
          data: { rule: 'repeated', type: 'float', id: 5, options: { packed: true } },
          shape: { type: 'Shape', id: 7 },
          num: { type: 'int32', id: 1 },
          channels: { type: 'int32', id: 2 },
          height: { type: 'int32', id: 3 },
          width: { type: 'int32', id: 4 },
        },
      },
      Shape: {
        fields: {
          dim: { rule: 'repeated', type: 'int64', id: 1, options: { packed: true } },
        },
      },
    },
  });
  const CLASSES = 3;
  interface Part {
    name: string;
    shape: number[];
  }
  const parts: Part[] = [...parameterShapes(googlenetClassifier(CLASSES))].map(
    ([name, shape]) => ({ name, shape }),
  );
  /** A small-valued GoogLeNet in Caffe's form, in either generation. */
  const network = (
    form: 'layer' | 'layers',
    change: (parts: Part[]) => Part[] = (all) => all,
  ) => {
    const layers = new Map<string, object[]>();
    for (const { name, shape } of change(parts)) {
      const layer = name.slice(0, name.lastIndexOf('/'));
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(
        layers.size + 0.5,
      );
      const four = [1, 1, 1, 1, ...shape].slice(-4);
      const blob =
        form === 'layer'
          ? { data, shape: { dim: shape } }
          : { data, num: four[0], channels: four[1], height: four[2], width: four[3] };
      layers.set(layer, [...(layers.get(layer) ?? []), blob]);
    }
    const list = [...layers].map(([name, blobs]) => ({ name, blobs }));
    return root
      .lookupType('Net')
      .encode({ name: 'GoogleNet', [form]: list })
      .finish();
  };

  it.each(['layer', 'layers'] as const)('reads the form with "%s"', (form) => {
    const { tensors, metadata } = readCaffemodel(network(form), 'x');
    expect(tensors.size).toBe(parts.length);
    expect(metadata.classes).toBe(String(CLASSES));
    expect(tensors.get('loss3/classifier/weight')!.shape).toEqual([CLASSES, 1024]);
    expect(tensors.get('conv1/7x7_s2/weight')!.shape).toEqual([64, 3, 7, 7]);
    expect(tensors.get('conv1/7x7_s2/weight')!.data[0]).toBe(0.5);
  });

  it('leaves the auxiliary heads out', () => {
    const withHead = network('layer', (all) => [
      ...all,
      { name: 'loss1/conv/weight', shape: [2, 2] },
    ]);
    expect(readCaffemodel(withHead, 'x').tensors.has('loss1/conv/weight')).toBe(false);
  });

  it('refuses other networks, and names what differs', () => {
    const other = network('layer', (all) =>
      all.filter(({ name }) => !name.startsWith('loss3')),
    );
    expect(code(() => readCaffemodel(other, 'x'))).toBe('WEIGHTS_MISMATCH');
    const wide = network('layer', (all) =>
      all.map((part) =>
        part.name === 'inception_4c/5x5/bias' ? { ...part, shape: [65] } : part,
      ),
    );
    expect(() => readCaffemodel(wide, 'file')).toThrow(
      /file: .*"inception_4c\/5x5\/bias" is \[65\]/,
    );
  });

  it('refuses truncated files and other kinds of file, at any byte', () => {
    const sound = network('layers');
    for (const part of [0, 1, 2, 100, 5000, 12345, sound.length - 1]) {
      expect(
        code(() => readCaffemodel(sound.subarray(0, part), 'x')),
        `${part} bytes`,
      ).toMatch(/INVALID_WEIGHTS|WEIGHTS_MISMATCH/);
    }
    const text = new TextEncoder().encode('{"json": true}');
    expect(code(() => readCaffemodel(text, 'x'))).toBe('INVALID_WEIGHTS');
  });

  it('refuses sizes that the numbers do not fill', () => {
    const bytes = root
      .lookupType('Net')
      .encode({
        layer: [
          {
            name: 'loss3/classifier',
            blobs: [
              { data: [1], shape: { dim: [2 ** 40, 2 ** 40] } },
              { data: [1], shape: { dim: [1] } },
            ],
          },
        ],
      })
      .finish();
    expect(code(() => readCaffemodel(bytes, 'x'))).toBe('INVALID_WEIGHTS');
  });
});

describe('readModel', () => {
  it('refuses weights that are no detector', () => {
    const weights = { tensors: new Map(), metadata: { graph: 'googlenet' } };
    expect(code(() => readModel(weights, 'x'))).toBe('WEIGHTS_MISMATCH');
    const bare = {
      tensors: new Map(),
      metadata: { graph: 'googlenet-rcnn', classes: '7' },
    };
    expect(() => readModel(bare, 'file')).toThrow(/file: .*"classes"/);
  });
});
