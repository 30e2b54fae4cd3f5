import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeTensorFlow } from '../../tensorflow.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

interface Run {
  engine: { name: string; version: string; device: string; reason: string };
  libraries: Record<string, string>;
  workers: number;
}
type Results = { image_id: number; category_id: number; score: number }[];

const photos = ['chelsea', 'rocket', 'coffee'].map((name) => `${samples}/${name}.jpg`);
const detect = (output: string, engine: string, env?: NodeJS.ProcessEnv) =>
  runCli(
    [
      ...['detect', ...photos, '--output', output, '--engine', engine],
      ...['--mode', 'shared', '--workers', '2'],
    ],
    { env: { ...process.env, ...env } },
  );

describeTensorFlow('rcnn detect on the tensorflow engine', () => {
  it('works in several processes, and finds what the onnx engine finds', async () => {
    const [ours, peers] = [temporaryFolder(), temporaryFolder()];
    const { code, stdout } = await detect(ours, 'tensorflow');
    expect(code).toBe(0);
    expect(stdout).toMatch(/engine +tensorflow: tfjs-node.*, asked for by name/);
    const run = readJson<Run>(ours, 'run.json');
    expect(run.engine.name).toBe('tensorflow');
    expect(run.workers).toBe(2);
    expect(run.libraries.tensorflow).toMatch(/^tfjs-node/);
    await detect(peers, 'onnx');
    expect(readJson<Run>(peers, 'run.json').libraries).not.toHaveProperty('tensorflow');
    const peersBest = readJson<Results>(peers, 'detections.json');
    const best = readJson<Results>(ours, 'detections.json').filter(
      ({ score }) => score > 0.2,
    );
    expect(best.length).toBeGreaterThan(0);
    for (const found of best) {
      const isShared = peersBest.some(
        ({ image_id, category_id, score }) =>
          image_id === found.image_id &&
          category_id === found.category_id &&
          Math.abs(score - found.score) < 1e-3,
      );
      expect(isShared, JSON.stringify(found)).toBe(true);
    }
  });
});

it('says what to do where TensorFlow is not installed', async () => {
  const output = temporaryFolder();
  const { code, stderr } = await detect(output, 'tensorflow', {
    RCNN_TENSORFLOW: join(output, 'nothing'),
  });
  // It may still be installed beside the package.
  if (code === 0) return;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /TensorFlow is not installed .*"rcnn setup tensorflow" installs it/,
  );
});
