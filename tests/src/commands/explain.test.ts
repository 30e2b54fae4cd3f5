import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExplainReport } from '../../../src/explain/runExplain.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

describe('rcnn explain', () => {
  const output = temporaryFolder();
  const annotations = join(output, 'annotations.json');
  beforeAll(async () => {
    const object = (
      id: number,
      image_id: number,
      category_id: number,
      bbox: number[],
    ) => ({
      ...{ id, image_id, category_id, bbox },
      ...{ area: bbox[2] * bbox[3], iscrowd: 0 },
    });
    writeFileSync(
      annotations,
      JSON.stringify({
        images: [
          { id: 5, file_name: 'chelsea.jpg' },
          { id: 6, file_name: 'astronaut.jpg' },
          { id: 7, file_name: 'unseen.jpg' },
        ],
        categories: [
          { id: 2, name: 'cat' },
          { id: 3, name: 'person' },
          { id: 4, name: 'griffin' },
        ],
        annotations: [
          object(0, 5, 2, [10, 0, 430, 300]),
          object(1, 6, 3, [20, 20, 380, 490]),
          // Nothing of this size is proposed.
          object(2, 6, 3, [300, 300, 2, 2]),
          // The model does not know it.
          object(3, 5, 4, [10, 0, 430, 300]),
          object(4, 7, 2, [0, 0, 10, 10]),
        ],
      }),
    );
    const files = ['chelsea.jpg', 'astronaut.jpg'].map((name) => join(samples, name));
    const run = await runCli([
      'detect',
      ...files,
      '-o',
      output,
      '-a',
      annotations,
      '--crops',
      '30',
      '--trace',
    ]);
    expect(run.code).toBe(0);
  });

  it('accounts for every object of the photos that the run has seen', async () => {
    const json = join(output, 'explained.json');
    const { code, stdout } = await runCli([
      'explain',
      output,
      '-a',
      annotations,
      '-t',
      '0.2',
      '-j',
      json,
      '--per-class',
    ]);
    expect(code).toBe(0);
    const report = readJson<ExplainReport>(json);
    expect(report).toMatchObject({ photos: 2, objects: 4 });
    const lost = Object.values(report.losses).reduce((sum, count) => sum + count, 0);
    expect(report.found + lost).toBe(4);
    const of = (id: number) =>
      report.missed.find(({ annotationId }) => annotationId === id);
    expect(of(0)).toBeUndefined();
    expect(of(2)).toMatchObject({
      loss: 'noProposal',
      file: 'astronaut.jpg',
      className: 'person',
    });
    expect(of(3)).toMatchObject({ loss: 'wrongClass', rival: { className: 'cat' } });
    expect(report.proposalRecall).toBeCloseTo(0.75, 10);
    expect(report.AP50).toBeGreaterThan(0);
    expect(stdout).toContain('proposals cover 75.0 %');
    expect(stdout).toContain('griffin');
  });

  it('says what to do when there is no trace', async () => {
    const { code, stderr } = await runCli(['explain', samples, '-a', annotations]);
    expect(code).toBe(2);
    expect(stderr).toContain('detect with --trace first');
  });
});
