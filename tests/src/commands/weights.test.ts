import {
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readCaffemodel } from '../../../detectors/weights/caffemodel.js';
import {
  readWeights,
  writeSafetensors,
} from '../../../detectors/weights/safetensors.js';
import { describeShared, sharedPath } from '../../shared.js';
import { runCli, temporaryFolder } from '../runCli.js';
import { numberBytes } from '../../numberBytes.js';

describeShared('rcnn weights import', () => {
  const caffemodel = sharedPath('models/bvlc_googlenet/bvlc_googlenet.caffemodel');

  it('makes a weights file of the same numbers', async () => {
    const output = join(temporaryFolder(), 'googlenet.safetensors');
    const { code, stdout } = await runCli([
      'weights',
      'import',
      caffemodel,
      '--output',
      output,
    ]);
    expect(code).toBe(0);
    // Szegedy et al.'s network with its 1000-way classifier.
    expect(stdout).toContain('6,998,552 values');
    const written = readWeights(readFileSync(output), output);
    const read = readCaffemodel(readFileSync(caffemodel), caffemodel);
    expect(written.tensors.size).toBe(read.tensors.size);
    for (const [name, { data }] of read.tensors) {
      expect(
        Buffer.compare(numberBytes(written.tensors.get(name)!.data), numberBytes(data)),
        name,
      ).toBe(0);
    }
  });

  it('exports ONNX and tfjs, from which the same file comes back', async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(['weights', ...args]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return stdout;
    };
    await run('import', caffemodel, '-o', at('a.safetensors'));
    expect(await run('export', at('a.safetensors'), '-o', at('a.onnx'))).toContain(
      'onnx, googlenet, outputs prob, 1 file',
    );
    expect(await run('export', caffemodel, '-o', at('tfjs'))).toContain('8 files');
    await run('import', at('a.onnx'), '-o', at('b.safetensors'));
    await run('import', at('tfjs/model.json'), '-o', at('c.safetensors'));
    const original = readFileSync(at('a.safetensors'));
    for (const copy of ['b.safetensors', 'c.safetensors']) {
      expect(readFileSync(at(copy)).equals(original), copy).toBe(true);
    }
    // Where a model is already, it is replaced; other files are left alone.
    const logits = ['--outputs', 'loss3/classifier', '--format', 'tfjs'];
    expect(await run('export', caffemodel, '-o', at('tfjs'), ...logits)).toContain(
      'outputs loss3/classifier',
    );
    const { code, stderr } = await runCli([
      ...['weights', 'export', caffemodel, '-o', folder],
      ...['--format', 'tfjs'],
    ]);
    expect(stderr).toMatch(/has other files in it/);
    expect(code).toBe(2);
  }, 60_000);

  it('exports the detector with all that it says of itself', async () => {
    const folder = temporaryFolder();
    const detector = sharedPath('models/coco80-r1/weights.safetensors');
    const steps = [
      ['export', detector, '-o', join(folder, 'd.onnx')],
      ['import', join(folder, 'd.onnx'), '-o', join(folder, 'd.safetensors')],
    ];
    for (const step of steps) expect((await runCli(['weights', ...step])).code).toBe(0);
    const written = readWeights(readFileSync(join(folder, 'd.safetensors')), 'x');
    const read = readWeights(readFileSync(detector), 'x');
    expect(written.metadata).toEqual(read.metadata);
    expect(written.tensors.size).toBe(read.tensors.size);
    for (const [name, { shape, data }] of read.tensors) {
      const copy = written.tensors.get(name)!;
      expect(copy.shape, name).toEqual(shape);
      expect(numberBytes(copy.data).equals(numberBytes(data)), name).toBe(true);
    }
  }, 60_000);

  it('imports a model that TensorFlow.js’s converter wrote, and says what it guessed', async () => {
    const folder = temporaryFolder();
    const model = fileURLToPath(
      new URL('../../fixtures/detectors/tensorflow/lenet', import.meta.url),
    );
    const output = join(folder, 'lenet.safetensors');
    const args = ['weights', 'import', join(model, 'model.json'), '-o', output];
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/pixels: .*"grey".* \(see --pixels\)/);
    expect(stdout).toMatch(/lenet, 10 classes, 8 tensors, 431,080 values, from tfjs/);
    await runCli([...args, '--pixels', 'signed']);
    const { metadata } = readWeights(readFileSync(output), 'x');
    expect(JSON.parse(metadata.preprocessing)).toEqual({
      channels: 'grey',
      range: [0, 255],
      mean: [127.5],
      scale: 1 / 127.5,
    });
    // A shard that is larger than the model says, or no file, is not read.
    const copy = join(folder, 'copy');
    cpSync(model, copy, { recursive: true });
    const shard = join(copy, 'group1-shard1of1.bin');
    const refused = async () => {
      const result = await runCli([
        'weights',
        'import',
        join(copy, 'model.json'),
        '-o',
        output,
      ]);
      expect(result.code).toBe(2);
      return result.stderr;
    };
    truncateSync(shard, 2 ** 33);
    expect(await refused()).toMatch(
      /shard1of1\.bin: has 8589934592 bytes, where its model/,
    );
    rmSync(shard);
    mkdirSync(shard);
    expect(await refused()).toMatch(/shard1of1\.bin: is no regular file/);
    rmSync(shard, { recursive: true });
    expect(await refused()).toMatch(/shard1of1\.bin: there is no such file/);
  }, 60_000);

  it('refuses a truncated file with exit code 2', async () => {
    const folder = temporaryFolder();
    const cut = join(folder, 'cut.caffemodel');
    writeFileSync(cut, readFileSync(caffemodel).subarray(0, 1_000_000));
    const { code, stderr } = await runCli([
      'weights',
      'import',
      cut,
      '-o',
      join(folder, 'x.safetensors'),
    ]);
    expect(stderr).toMatch(/cut\.caffemodel: not a sound \.caffemodel/);
    expect(code).toBe(2);
  });
});

it('refuses another ending than .safetensors', async () => {
  const { code, stderr } = await runCli(['weights', 'import', 'x', '-o', 'x.bin']);
  expect(stderr).toContain('.safetensors');
  expect(code).toBe(2);
});

it.each([
  ['an output of no kind', ['-o', 'x.bin'], /ends in \.onnx or \.safetensors/],
  ['a file that is not there', ['-o', 'x.onnx'], /there is no such file/],
  ['a format of no kind', ['-o', 'x', '--format', 'h5'], /Allowed choices/],
])('export refuses %s', async (_, options, problem) => {
  const path = join(temporaryFolder(), 'missing.safetensors');
  const { code, stderr } = await runCli(['weights', 'export', path, ...options]);
  expect(stderr).toMatch(problem);
  expect(code).toBe(2);
});

it('import names the networks that there are', async () => {
  const file = join(temporaryFolder(), 'x.safetensors');
  writeFileSync(file, writeSafetensors({ tensors: new Map(), metadata: {} }));
  const { code, stderr } = await runCli([
    ...['weights', 'import', file, '-o', file],
    ...['--network', 'vgg'],
  ]);
  expect(stderr).toMatch(/there is no network "vgg"; there are googlenet, /);
  expect(code).toBe(2);
});
