import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectorGraph } from '../../../detectors/graph/detectorGraph.js';
import { networks } from '../../../detectors/graph/networks/index.js';
import type { EngineName } from '../../../detectors/engines/chooseEngine.js';
import { loadDetector } from '../../../detectors/loadDetector.js';
import {
  readWeights,
  writeSafetensors,
} from '../../../detectors/weights/safetensors.js';
import { describeEngines } from '../../detectors/engines.js';
import { randomNumbers, randomWeights } from '../../detectors/randomNetwork.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

const folder = temporaryFolder();
const CLASSES = ['background', 'thing', 'other'];

interface Run {
  model: { name: string };
  engine: { name: string };
}

/** A detector that has learnt nothing, with a backbone. */
function randomDetector(backbone: string): string {
  const graph = detectorGraph(backbone, 3, CLASSES.length + 4);
  const file = join(folder, `${backbone}.safetensors`);
  if (existsSync(file)) return file;
  const weights = randomWeights(graph, 5, {
    name: `random ${backbone}`,
    graph: graph.name,
    classes: JSON.stringify(CLASSES),
    category_ids: JSON.stringify([0, 1, 2]),
    preprocessing: JSON.stringify({
      ...(graph.inputChannels === 1
        ? { channels: 'grey', mean: [117] }
        : { channels: 'BGR', mean: [104, 117, 123] }),
      photo_long_side: 320,
      crop_side: 96,
      crop_context: 1 / 14,
    }),
    head: JSON.stringify({ bins: 3, box_scale: [0.1, 0.1, 0.2, 0.2] }),
  });
  writeFileSync(file, writeSafetensors(weights));
  return file;
}

describeEngines((_, engine) => {
  it.each(['alexnet', 'nin', 'gabor-googlenet', 'lenet5'])(
    'rcnn detect --model runs on %s',
    async (backbone) => {
      const output = join(folder, `${backbone}-${engine}`);
      const model = randomDetector(backbone);
      const photo = join(samples, 'coffee.jpg');
      const { code, stderr, stdout } = await runCli([
        ...['detect', photo, '-o', output, '--model', model, '--engine', engine],
        ...['--crops', '4', '--max-proposals', '40', '--workers', '1'],
      ]);
      expect(stderr + stdout).toContain('1 photo');
      expect(code).toBe(0);
      const run = readJson<Run>(output, 'run.json');
      expect(run.model.name).toBe(`random ${backbone}`);
      expect(run.engine.name).toBe(engine);
      const found = readJson<{ category_id: number; score: number }[]>(
        output,
        'detections.json',
      );
      expect(found.length).toBeGreaterThan(0);
      expect(found.every(({ score }) => score > 0 && score <= 1)).toBe(true);
      expect(found.every(({ category_id: id }) => id === 1 || id === 2)).toBe(true);
    },
  );
});

describe('rcnn detect --model', () => {
  it('refuses a network that can be no backbone, and says which can', async () => {
    const file = join(folder, 'serre-c1.safetensors');
    const metadata = { graph: 'serre-c1-rcnn' };
    writeFileSync(file, writeSafetensors({ tensors: new Map(), metadata }));
    const { code, stderr } = await runCli([
      ...['detect', join(samples, 'coffee.jpg'), '-o', join(folder, 'no'), '--model'],
      file,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('"serre-c1-rcnn"');
    expect(stderr).toContain('alexnet');
  });

  it('refuses colours for a network that sees none', async () => {
    const { tensors, metadata } = readWeights(
      readFileSync(randomDetector('lenet')),
      'lenet',
    );
    const preprocessing = (metadata.preprocessing ?? '').replace(
      '"grey","mean":[117]',
      '"RGB","mean":[1,2,3]',
    );
    const file = join(folder, 'coloured.safetensors');
    const coloured = { ...metadata, preprocessing };
    writeFileSync(file, writeSafetensors({ tensors, metadata: coloured }));
    await expect(loadDetector({ model: file })).rejects.toThrow(
      /coloured\.safetensors: .*"preprocessing" says "RGB", and "lenet" takes grey/,
    );
  });
});

/** What a detector says of the same boxes of the same photo, by mode. */
async function answersOf(model: string, engine: EngineName) {
  const detector = await loadDetector({ model, engine });
  expect(detector.info.engine.name).toBe(engine);
  const next = randomNumbers(3);
  const data = Uint8Array.from({ length: 3 * 90 * 120 }, () => 127 * (1 + next()));
  const image = { data, width: 120, height: 90, channels: 3 };
  const proposals = Float32Array.of(0, 0, 120, 90, 20, 10, 60, 80);
  const answers = [];
  for (const mode of ['shared', 'crop', 'cascade'] as const) {
    const options = { mode, proposals, scoreThreshold: 0 };
    const { detections, scored } = await detector.detectDetailed(image, options);
    expect(detections.length, mode).toBeGreaterThan(0);
    answers.push({ mode, ...scored });
  }
  await detector.dispose();
  return answers;
}

/** Every network that can be a backbone, each of which a detector can be asked for by name. */
const backbones = Object.entries(networks)
  .filter(([, { backbone }]) => backbone)
  .map(([name]) => name);

const first = new Map<string, Awaited<ReturnType<typeof answersOf>>>();

describeEngines((_, engine) => {
  it.each(backbones)('every mode works on %s', async (backbone) => {
    const answers = await answersOf(randomDetector(backbone), engine);
    const expected = first.get(backbone) ?? answers;
    first.set(backbone, expected);
    answers.forEach(({ mode, boxes, probabilities }, i) => {
      expect([...boxes, ...probabilities].every(Number.isFinite), mode).toBe(true);
      // Weights that have learnt nothing say something of each box all the same.
      expect(new Set(probabilities).size, mode).toBeGreaterThan(1);
      // And what they said to the engine before.
      expect(probabilities.length).toBe(expected[i].probabilities.length);
      probabilities.forEach((value, k) =>
        expect(Math.abs(value - expected[i].probabilities[k]), mode).toBeLessThan(1e-4),
      );
    });
  });
});
