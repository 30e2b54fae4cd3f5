import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCaffemodel } from '../../../detectors/weights/caffemodel.js';
import { readWeights } from '../../../detectors/weights/safetensors.js';
import { describeShared, sharedPath } from '../../shared.js';
import { runCli, temporaryFolder } from '../runCli.js';

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength);

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
        Buffer.compare(bytesOf(written.tensors.get(name)!.data), bytesOf(data)),
        name,
      ).toBe(0);
    }
  });

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
