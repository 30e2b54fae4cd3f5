import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import { networkNamed, networks } from '../../detectors/graph/networks/index.js';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import { readCaffeMean } from '../../detectors/weights/caffe/caffeMean.js';
import { detectFormat } from '../../detectors/weights/detectFormat.js';
import { importWeights } from '../../detectors/weights/importWeights.js';
import type { Weights } from '../../detectors/weights/weights.js';
import {
  caffeParts,
  writeCaffeMean,
  writeCaffemodel,
  type CaffePart,
} from './caffeWriter.js';
import { patternedWeights } from './randomNetwork.js';
import { numberBytes } from '../numberBytes.js';

const CLASSES = 7;
const network = (name: string) => {
  const graph = networkNamed(name).build(CLASSES);
  const weights = patternedWeights(graph);
  return { graph, weights, parts: caffeParts(graph, weights) };
};
const code = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof DetectorError ? error.code : error;
  }
  return 'no error';
};
function expectSame(read: Weights, written: Weights): void {
  expect([...read.tensors.keys()].sort()).toEqual([...written.tensors.keys()].sort());
  for (const [name, { shape, data }] of written.tensors) {
    const tensor = read.tensors.get(name)!;
    expect(tensor.shape, name).toEqual(shape);
    expect(numberBytes(tensor.data).equals(numberBytes(data)), name).toBe(true);
  }
}

describe('networks in Caffe’s files', () => {
  it.each(Object.keys(networks))(
    '%s is known by its layers, in the later form',
    (name) => {
      const { weights, parts } = network(name);
      const auxiliary = name.endsWith('-aux');
      const bytes = writeCaffemodel(parts, { form: 'layer' });
      const read = readCaffemodel(bytes, 'x', { auxiliary });
      expect(read.metadata).toMatchObject({ graph: name, classes: String(CLASSES) });
      expectSame(read, weights);
    },
  );

  it('takes no linear layer without bias for LeNet-5’s distances', () => {
    const parts = network('lenet5').parts.map((part) =>
      part.name === 'output' ? { ...part, type: 'InnerProduct' } : part,
    );
    expect(() =>
      readCaffemodel(writeCaffemodel(parts, { form: 'layer' }), 'x'),
    ).toThrow(/"output\/bias" is missing/);
  });

  it.each(['googlenet', 'nin', 'lenet', 'alexnet'])(
    '%s is known in the legacy form, with four numbers for every shape',
    (name) => {
      const { weights, parts } = network(name);
      const read = readCaffemodel(writeCaffemodel(parts, { form: 'layers' }), 'x');
      expect(read.metadata.graph).toBe(name);
      expectSame(read, weights);
    },
  );

  it('reads double precision', () => {
    const { weights, parts } = network('lenet');
    const bytes = writeCaffemodel(parts, { form: 'layer', isDouble: true });
    expectSame(readCaffemodel(bytes, 'x'), weights);
  });

  it('tells AlexNet from CaffeNet by the order of layers alone, or as it is told', () => {
    const { parts } = network('caffenet');
    const bytes = writeCaffemodel(parts, { form: 'layer' });
    expect(readCaffemodel(bytes, 'x', { network: 'alexnet' }).metadata.graph).toBe(
      'alexnet',
    );
    expect(code(() => readCaffemodel(bytes, 'x', { network: 'nin' }))).toBe(
      'WEIGHTS_MISMATCH',
    );
    expect(code(() => readCaffemodel(bytes, 'x', { network: 'vgg' }))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it.each(['layer', 'layers'] as const)(
    'drops the auxiliary heads, or keeps them when asked (%s)',
    (form) => {
      const { weights, parts } = network('googlenet-aux');
      const bytes = writeCaffemodel(parts, { form });
      const kept = readCaffemodel(bytes, 'x', { auxiliary: true });
      expect(kept.metadata.graph).toBe('googlenet-aux');
      expectSame(kept, weights);
      const dropped = readCaffemodel(bytes, 'x');
      expect(dropped.metadata.graph).toBe('googlenet');
      const main = [...weights.tensors].filter(([name]) => !/^loss[12]/.test(name));
      expectSame(dropped, { ...weights, tensors: new Map(main) });
    },
  );

  it('takes no other filters for Gabor’s', () => {
    const { parts } = network('gabor-googlenet');
    const [gabor] = parts.filter(({ name }) => name.startsWith('s1/gabor'));
    gabor.blobs[0].data[5] += 0.01;
    expect(() =>
      readCaffemodel(writeCaffemodel(parts, { form: 'layer' }), 'x'),
    ).toThrow(/"s1\/gabor_7x7" is not a part of the network/);
  });

  it('cannot keep what a file has not', () => {
    const bytes = writeCaffemodel(network('googlenet').parts, { form: 'layer' });
    expect(() => readCaffemodel(bytes, 'file', { auxiliary: true })).toThrow(
      /file: .*"loss1\/conv\/weight" is missing/,
    );
  });

  it('finds batch normalization by wiring when it has another name', () => {
    const { weights, parts } = network('googlenet-bn');
    const renamed = parts.map((part, i) =>
      part.type === 'BatchNorm' || part.type === 'Scale'
        ? { ...part, name: `layer${i}` }
        : part,
    );
    const read = readCaffemodel(writeCaffemodel(renamed, { form: 'layer' }), 'x');
    expect(read.metadata.graph).toBe('googlenet-bn');
    expectSame(read, weights);
  });
});

describe('hostile .caffemodel files', () => {
  const { parts } = network('lenet');
  const changed = (change: (part: CaffePart) => CaffePart) =>
    writeCaffemodel(parts.map(change), { form: 'layer' });

  it('refuses layers with too many blobs', () => {
    const bytes = changed((part) =>
      part.name === 'ip1' ? { ...part, blobs: [...part.blobs, part.blobs[1]] } : part,
    );
    expect(() => readCaffemodel(bytes, 'file')).toThrow(/"ip1" has 3 blobs/);
  });

  it('refuses two layers of one name', () => {
    const bytes = changed((part) =>
      part.name === 'ip2' ? { ...part, name: 'ip1' } : part,
    );
    expect(() => readCaffemodel(bytes, 'file')).toThrow(/two layers are called "ip1"/);
  });

  it('gives an error of ours, or weights, for any bytes', () => {
    const small = writeCaffemodel(
      parts.map((part) => ({
        ...part,
        blobs: part.blobs.map(() => ({ shape: [1, 2], data: Float32Array.of(1, 2) })),
      })),
      { form: 'layers' },
    );
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
        let bytes = small.slice();
        for (const { at, byte, cut } of mutations) {
          if (cut === 0) bytes = bytes.subarray(0, at % (bytes.length + 1));
          else if (bytes.length > 0) bytes[at % bytes.length] = byte;
        }
        expect(['INVALID_WEIGHTS', 'WEIGHTS_MISMATCH']).toContain(
          code(() => readCaffemodel(bytes, 'x')),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Caffe mean files', () => {
  const mean = {
    shape: [1, 3, 2, 2],
    data: Float32Array.of(1, 2, 3, 4, 10, 10, 10, 10, -1, 1, -1, 1),
  };

  it.each([false, true])('averages each channel (with a shape: %s)', (isNew) => {
    const bytes = writeCaffeMean(mean, isNew);
    expect(detectFormat(bytes)).toEqual({ format: 'caffe-mean' });
    expect(readCaffeMean(bytes, 'x')).toEqual({
      channels: [2.5, 10, 0],
      height: 2,
      width: 2,
      spread: 1.5,
    });
  });

  it('puts the means into the metadata, and says what they leave out', async () => {
    const bytes = writeCaffemodel(network('lenet').parts, { form: 'layer' });
    const weights = await importWeights(bytes, 'x', {
      mean: { bytes: writeCaffeMean(mean), source: 'mean.binaryproto' },
    });
    expect(JSON.parse(weights.metadata.preprocessing)).toMatchObject({
      mean: [2.5, 10, 0],
    });
    expect(weights.notes).toEqual([
      'mean.binaryproto: a mean image of 2×2; its channel means 2.500, 10.000, 0.000 are subtracted, its pixels differ from them by up to 1.5',
    ]);
  });

  it('is no network', async () => {
    await expect(importWeights(writeCaffeMean(mean), 'file')).rejects.toThrow(/--mean/);
  });

  it.each([
    ['two images', { shape: [2, 1, 1, 1], data: new Float32Array(2) }],
    ['five channels', { shape: [1, 5, 1, 1], data: new Float32Array(5) }],
    ['no numbers', { shape: [1, 1, 1, 1], data: Float32Array.of(NaN) }],
    ['less than it says', { shape: [1, 3, 9, 9], data: new Float32Array(3) }],
  ])('refuses a file of %s', (_, tensor) => {
    expect(code(() => readCaffeMean(writeCaffeMean(tensor), 'x'))).toBe(
      'INVALID_WEIGHTS',
    );
  });
});
