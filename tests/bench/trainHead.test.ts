import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { trainHead } from '../../bench/lib/trainHead.mjs';
import { readWindows, writeWindows } from '../../bench/lib/windowFiles.mjs';
import type { TrainingWindow } from '../../bench/lib/windows.mjs';
import type { Box } from '../../geometry/index.js';
import { randomNumbers } from '../../proposals/random.js';
import { describeTensorFlow } from '../tensorflow.js';

/*
 * Windows of three classes whose features tell class and place: channel c of a bin is
 * large for class c, and the last channel, in the first bin only, says how far the object
 * lies to the right.
 */
const [CHANNELS, BINS, CLASSES] = [4, 2, 3];
const HEAD = {
  bins: BINS,
  classes: CLASSES,
  outputs: CLASSES + 4,
  boxScale: [1, 1, 1, 1],
};

function makeWindows(random: () => number, path: string): void {
  const features: number[] = [];
  const windows = Array.from({ length: 48 }, (): TrainingWindow => {
    const label = Math.floor(random() * CLASSES);
    const dx = random() - 0.5;
    for (let part = 0; part < BINS ** 2; part++) {
      for (let c = 0; c < CLASSES; c++)
        features.push(Number(c === label) + 0.1 * random());
      features.push(part === 0 && label > 0 ? dx : 0);
    }
    const box: Box = [0, 0, 100, 100];
    if (label === 0) return { box, label };
    return { box, label, truth: [100 * dx, 0, 100 + 100 * dx, 100] };
  });
  writeWindows(path, windows, Float32Array.from(features), HEAD);
}

describeTensorFlow('trainHead', () => {
  const train = async (seed: number) => {
    const folder = mkdtempSync(join(tmpdir(), 'rcnn-test-'));
    try {
      const random = randomNumbers(11);
      const paths = Array.from({ length: 21 }, (_, i) =>
        join(folder, `${i}.safetensors`),
      );
      paths.forEach((path) => makeWindows(random, path));
      const [watch, ...rest] = paths;
      const lines: string[] = [];
      const maps = await trainHead(
        { train: rest, watch: [watch] },
        HEAD,
        seed,
        (line) => lines.push(line),
        { epochs: 30, rate: 0.05, windows: 24 },
      );
      return { maps, lines, held: readWindows(watch) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('learns classes and deltas, in the layout of the maps', async () => {
    const { maps, lines, held } = await train(1);
    expect(lines).toHaveLength(30);
    const { outputs } = HEAD;
    expect(maps.weight).toHaveLength(BINS ** 2 * outputs * CHANNELS);
    held.labels.forEach((label, i) => {
      const answer = Array.from({ length: outputs }, (_, o) => {
        let sum = 0;
        for (let part = 0; part < BINS ** 2; part++) {
          const map = part * outputs + o;
          // A box's output is the mean of its bins, so each bias counts for one of them.
          sum += maps.bias[map] / BINS ** 2;
          for (let c = 0; c < CHANNELS; c++) {
            const feature = held.features[(i * BINS ** 2 + part) * CHANNELS + c];
            sum += maps.weight[map * CHANNELS + c] * feature;
          }
        }
        return sum;
      });
      const logits = answer.slice(0, CLASSES);
      expect(logits.indexOf(Math.max(...logits))).toBe(label);
      if (label > 0) {
        expect(answer[CLASSES]).toBeCloseTo(held.deltas[4 * i], 1);
        expect(answer[CLASSES + 1]).toBeCloseTo(0, 1);
      }
    });
  });

  it('is the same with the same seed', async () => {
    const [a, b, c] = [await train(2), await train(2), await train(3)];
    expect(b.maps).toEqual(a.maps);
    expect(c.maps).not.toEqual(a.maps);
  });
});
