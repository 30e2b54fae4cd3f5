import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectorGraph } from '../../../detectors/graph/detectorGraph.js';
import { networks } from '../../../detectors/graph/networks/index.js';
import { loadDetector } from '../../../detectors/loadDetector.js';
import { writeSafetensors } from '../../../detectors/weights/safetensors.js';
import { randomNumbers, randomWeights } from '../../detectors/randomNetwork.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

const folder = temporaryFolder();
const CLASSES = ['background', 'thing', 'other'];

/** A detector that has learnt nothing, with a backbone. */
function randomDetector(backbone: string): string {
  const graph = detectorGraph(backbone, 3, CLASSES.length + 4);
  const file = join(folder, `${backbone}.safetensors`);
  const weights = randomWeights(graph, 5, {
    name: `random ${backbone}`,
    graph: graph.name,
    classes: JSON.stringify(CLASSES),
    category_ids: JSON.stringify([0, 1, 2]),
    preprocessing: JSON.stringify({
      channels: 'BGR',
      mean: [104, 117, 123],
      photo_long_side: 320,
      crop_side: 96,
      crop_context: 1 / 14,
    }),
    head: JSON.stringify({ bins: 3, box_scale: [0.1, 0.1, 0.2, 0.2] }),
  });
  writeFileSync(file, writeSafetensors(weights));
  return file;
}

describe('rcnn detect --model', () => {
  it.each(['alexnet', 'nin', 'gabor-googlenet'])('runs on %s', async (backbone) => {
    const output = join(folder, backbone);
    const model = randomDetector(backbone);
    const photo = join(samples, 'coffee.jpg');
    const { code, stderr, stdout } = await runCli([
      ...['detect', photo, '-o', output, '--model', model],
      ...['--crops', '4', '--max-proposals', '40', '--workers', '1'],
    ]);
    expect(stderr + stdout).toContain('1 photo');
    expect(code).toBe(0);
    const run = readJson<{ model: { name: string } }>(output, 'run.json');
    expect(run.model.name).toBe(`random ${backbone}`);
    const found = readJson<{ category_id: number; score: number }[]>(
      output,
      'detections.json',
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ score }) => score > 0 && score <= 1)).toBe(true);
    expect(found.every(({ category_id: id }) => id === 1 || id === 2)).toBe(true);
  });

  it('refuses a network that can be no backbone, and says which can', async () => {
    const file = join(folder, 'lenet.safetensors');
    const metadata = { graph: 'lenet-rcnn' };
    writeFileSync(file, writeSafetensors({ tensors: new Map(), metadata }));
    const { code, stderr } = await runCli([
      ...['detect', join(samples, 'coffee.jpg'), '-o', join(folder, 'no'), '--model'],
      file,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('"lenet-rcnn"');
    expect(stderr).toContain('alexnet');
  });
});

// Thirty times GoogLeNet's weights would only take time.
const backbones = Object.entries(networks)
  .filter(([name, { backbone }]) => backbone && name !== 'googlenet-naive')
  .map(([name]) => name);

it.each(backbones)('every mode works on %s', async (backbone) => {
  const detector = await loadDetector({ model: randomDetector(backbone) });
  const next = randomNumbers(3);
  const data = Uint8Array.from({ length: 3 * 90 * 120 }, () => 127 * (1 + next()));
  const image = { data, width: 120, height: 90, channels: 3 };
  const proposals = Float32Array.of(0, 0, 120, 90, 20, 10, 60, 80);
  for (const mode of ['shared', 'crop', 'cascade'] as const) {
    const found = await detector.detect(image, { mode, proposals, scoreThreshold: 0 });
    expect(found.length, mode).toBeGreaterThan(0);
    for (const { box, score } of found) {
      expect([...box, score].every(Number.isFinite), mode).toBe(true);
    }
  }
  await detector.dispose();
});
