import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { weightedBoxFusion } from '../../detectors/ensemble/weightedBoxFusion.js';
import { defaultModelFile, loadDetector } from '../../detectors/loadDetector.js';
import type { Detection } from '../../detectors/pipeline/detections.js';
import { readWeights, writeSafetensors } from '../../detectors/weights/safetensors.js';
import { readJson, runCli, samples, temporaryFolder } from '../src/runCli.js';
import { writeFileSync } from 'node:fs';

/** x1, y1, x2, y2, score, class. */
type Row = [number, number, number, number, number, number];

interface Golden {
  cases: { lists: Row[][]; fused: Row[] }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/detectors/fusion.json', import.meta.url), 'utf8'),
) as Golden;

const detection = ([x1, y1, x2, y2, score, classId]: Row): Detection => ({
  box: [x1, y1, x2, y2],
  classId,
  className: String(classId),
  score,
});

describe('weightedBoxFusion', () => {
  it.each(golden.cases)('fuses as ensemble-boxes does', ({ lists, fused }) => {
    const found = weightedBoxFusion(lists.map((list) => list.map(detection)));
    expect(found).toHaveLength(fused.length);
    found.forEach(({ box, classId, score }, i) => {
      const [x1, y1, x2, y2, expectedScore, expectedClass] = fused[i];
      expect(classId).toBe(expectedClass);
      expect(score).toBeCloseTo(expectedScore, 6);
      [x1, y1, x2, y2].forEach((value, k) => expect(box[k]).toBeCloseTo(value, 6));
    });
  });

  it('lowers what one of two detectors alone has seen, and keeps classes apart', () => {
    const a = detection([0, 0, 10, 10, 0.8, 1]);
    const b = detection([0, 0, 10, 10, 0.6, 2]);
    expect(weightedBoxFusion([[a], [b]])).toEqual([
      { ...a, score: 0.4 },
      { ...b, score: 0.3 },
    ]);
    expect(weightedBoxFusion([[a], [{ ...a, score: 0.4 }]])[0].score).toBeCloseTo(0.6);
    expect(weightedBoxFusion([[], []])).toEqual([]);
  });
});

/** The default model with its weights disturbed a little: another model of its kind. */
function otherModel(folder: string): string {
  const file = defaultModelFile();
  const { tensors, metadata } = readWeights(readFileSync(file), file);
  const disturbed = new Map(tensors);
  const { shape, data } = tensors.get('rcnn/maps/weight')!;
  disturbed.set('rcnn/maps/weight', {
    shape,
    data: data.map((w, i) => w * (1 + 0.2 * Math.sin(i))),
  });
  const path = join(folder, 'other.safetensors');
  writeFileSync(
    path,
    writeSafetensors({ tensors: disturbed, metadata: { ...metadata, name: 'other' } }),
  );
  return path;
}

describe('an ensemble of detectors', () => {
  const folder = temporaryFolder();
  const other = otherModel(folder);
  const photo = join(samples, 'chelsea.jpg');
  const load = async () => {
    const { data, info } = await sharp(photo)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: 3 };
  };
  const options = { mode: 'shared', maxProposals: 30 } as const;

  it('averages probabilities and boxes of the same proposals', async () => {
    const image = await load();
    const scored = [];
    for (const model of [[defaultModelFile()], [other], [defaultModelFile(), other]]) {
      const detector = await loadDetector({ model, ...options });
      scored.push((await detector.detectDetailed(image)).scored);
      await detector.dispose();
    }
    const [a, b, both] = scored;
    for (const key of ['boxes', 'probabilities'] as const) {
      both[key].forEach((value, i) => {
        const mean = (a[key][i] + b[key][i]) / 2;
        expect(Math.abs(value - mean)).toBeLessThan(1e-4 * Math.max(1, mean));
      });
    }
    expect(a.probabilities).not.toEqual(b.probabilities);
  });

  it('fuses what each detects, and records all models', async () => {
    const image = await load();
    const lists: Detection[][] = [];
    for (const model of [defaultModelFile(), other]) {
      const detector = await loadDetector({ model, ...options });
      lists.push(await detector.detect(image));
      await detector.dispose();
    }
    const model = [defaultModelFile(), other];
    const detector = await loadDetector({ model, ensemble: 'wbf', ...options });
    expect(await detector.detect(image)).toEqual(
      weightedBoxFusion(lists).slice(0, 100),
    );
    expect(detector.info.models?.map(({ name }) => name)).toEqual([
      'coco80-r1',
      'other',
    ]);
    await detector.dispose();
  });

  it('runs from the command line, and goes on with the same models only', async () => {
    const output = join(folder, 'out');
    const args = [
      'detect',
      photo,
      '-o',
      output,
      '-m',
      'shared',
      '--max-proposals',
      '30',
    ];
    const models = ['--model', defaultModelFile(), '--model', other];
    const run = await runCli([...args, ...models, '--ensemble', 'wbf']);
    expect(run.code).toBe(0);
    const { ensemble, model } = readJson<{
      model: { sha256: string };
      ensemble: { method: string; models: { sha256: string }[] };
    }>(output, 'run.json');
    expect(ensemble.method).toBe('wbf');
    expect(ensemble.models).toHaveLength(2);
    expect(ensemble.models[0].sha256).toBe(model.sha256);
    expect(ensemble.models[1].sha256).not.toBe(model.sha256);
    const changed = await runCli([...args, ...models, '--ensemble', 'mean']);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toContain('options');
    const single = await runCli([...args, '--model', other]);
    expect(single.code).toBe(2);
    expect(single.stderr).toContain('model');
  });

  it('refuses models of other classes', async () => {
    const { tensors, metadata } = readWeights(readFileSync(other), other);
    const classes = JSON.parse(metadata.classes) as string[];
    classes[3] = 'unicorn';
    const path = join(folder, 'unicorn.safetensors');
    const renamed = { ...metadata, classes: JSON.stringify(classes) };
    writeFileSync(path, writeSafetensors({ tensors, metadata: renamed }));
    await expect(loadDetector({ model: [other, path] })).rejects.toThrow(/"unicorn"/);
  });
});
