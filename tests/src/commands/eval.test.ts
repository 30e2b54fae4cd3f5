import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../shared.js';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

describeShared('rcnn eval on pycocotools’ own example', () => {
  const golden = 'golden/coco-fake100';
  const annotations = sharedPath(golden, 'instances.json');
  const detections = sharedPath(golden, 'detections.json');

  it('gives its 12 numbers to 1e-12, as JSON and as a table, from gzipped files too', async () => {
    const folder = temporaryFolder();
    const zipped = join(folder, 'instances.json.gz');
    writeFileSync(zipped, gzipSync(readFileSync(annotations)));
    const json = join(folder, 'metrics.json');
    const { code, stdout } = await runCli([
      'eval',
      '-a',
      zipped,
      '-d',
      detections,
      '-j',
      json,
      '--per-class',
    ]);
    expect(code).toBe(0);
    const { metrics } = readJson<{ metrics: Record<string, number> }>(json);
    const expected = readJson<Record<string, number>>(
      sharedPath(golden, 'expected.json'),
    );
    expect(Object.keys(expected)).toHaveLength(12);
    for (const [name, value] of Object.entries(expected)) {
      expect(Math.abs(metrics[name] - value), name).toBeLessThan(1e-12);
    }
    expect(stdout).toContain('50.46');
    expect(stdout).toContain('person');
    expect(stdout).toContain('n/a');
  });
});

it('names the file and the place of a fault, with exit code 2', async () => {
  const folder = temporaryFolder();
  const annotations = join(folder, 'a.json');
  writeFileSync(
    annotations,
    JSON.stringify({
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, -5, 1] }],
    }),
  );
  const detections = join(folder, 'd.json');
  writeFileSync(detections, '[]');
  const bad = await runCli(['eval', '-a', annotations, '-d', detections]);
  expect(bad.code).toBe(2);
  expect(bad.stderr).toMatch(/a\.json: annotations\[0\]\.bbox/);
  const missing = await runCli([
    'eval',
    '-a',
    join(folder, 'no.json'),
    '-d',
    detections,
  ]);
  expect(missing.stderr).toMatch(/no\.json: there is no such file/);
  expect(missing.code).toBe(2);
});
