import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

interface Report {
  verdict: string;
  AP: { a: number; b: number; value: number; low: number; pValue: number };
  classes: { name: string; isBeyondChance: boolean }[];
  photos: {
    file: string;
    difference: number;
    a: { found: number };
    b: { found: number };
  }[];
}

/**
 * 60 photos with a cat and a dog each. A finds every third cat and every dog, B every cat
 * and every dog.
 */
function writeProblem(): { folder: string; paths: string[] } {
  const folder = temporaryFolder();
  const photos = Array.from({ length: 60 }, (_, i) => i);
  const box = (category_id: number) => [10 * category_id, 5, 9, 9];
  const found = (image_id: number, category_id: number) => ({
    ...{ image_id, category_id, bbox: box(category_id), score: 0.5 + image_id / 200 },
  });
  const files = {
    't.json': {
      images: photos.map((id) => ({ id, file_name: `photo${id}.jpg` })),
      categories: [
        { id: 1, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
      annotations: photos.flatMap((image_id) =>
        [1, 2].map((category_id) => ({
          image_id,
          category_id,
          bbox: box(category_id),
        })),
      ),
    },
    'a.json': photos.flatMap((id) =>
      id % 3 === 0 ? [found(id, 1), found(id, 2)] : [found(id, 2)],
    ),
    'b.json': photos.flatMap((id) => [found(id, 1), found(id, 2)]),
  };
  for (const [name, data] of Object.entries(files)) {
    writeFileSync(join(folder, name), JSON.stringify(data));
  }
  return { folder, paths: ['a.json', 'b.json'].map((name) => join(folder, name)) };
}

it('says that B is better, on which class and photos', async () => {
  const { folder, paths } = writeProblem();
  const json = join(folder, 'report.json');
  const args = ['compare', ...paths, '-a', join(folder, 't.json'), '--samples', '300'];
  const { code, stdout, stderr } = await runCli([...args, '-j', json]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const report = readJson<Report>(json);
  expect(report.verdict).toBe('B is better');
  // A third of the cats at precision 1 is a recall of 1/3: 34 of 101 recalls.
  expect(report.AP.a).toBeCloseTo((34 / 101 + 1) / 2, 12);
  expect(report.AP.b).toBe(1);
  expect(report.AP.low).toBeGreaterThan(0);
  expect(
    report.classes
      .filter(({ isBeyondChance }) => isBeyondChance)
      .map(({ name }) => name),
  ).toEqual(['cat']);
  expect(report.photos).toHaveLength(10);
  for (const { file, difference, a, b } of report.photos) {
    expect(Number(/^photo(\d+)\.jpg$/.exec(file)![1]) % 3).not.toBe(0);
    expect([a.found, b.found]).toEqual([1, 2]);
    expect(difference).toBeCloseTo(1 - 2 / 3, 12);
  }
  expect(stdout).toMatch(/^B is better: AP 66\.83 % → 100\.00 %, \+33\.17 points/m);
  expect(stdout).toMatch(/│ cat .*\*/);
  expect(stdout).not.toMatch(/│ dog/);
  expect(stdout).toContain('photo1.jpg');

  const [a, b] = paths;
  const back = await runCli(['compare', b, a, ...args.slice(3)]);
  expect(back.stdout).toContain('A is better: AP 100.00 % → 66.83 %');
  const same = await runCli(['compare', a, a, ...args.slice(3), '--per-class']);
  expect(same.stdout).toContain('no difference beyond chance');
  expect(same.stdout).toMatch(/│ dog/);
});

it('gives the same bytes for the same seed', async () => {
  const { folder, paths } = writeProblem();
  const run = (seed: string) =>
    runCli([
      ...['compare', ...paths, '-a', join(folder, 't.json')],
      ...['--samples', '50', '--seed', seed],
    ]);
  const first = await run('3');
  expect((await run('3')).stdout).toBe(first.stdout);
  expect((await run('4')).stdout).not.toBe(first.stdout);
});

it('names the file that is wrong, with exit code 2', async () => {
  const { folder, paths } = writeProblem();
  writeFileSync(
    paths[1],
    '[{"image_id": 999, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]',
  );
  const { code, stderr } = await runCli([
    'compare',
    ...paths,
    '-a',
    join(folder, 't.json'),
  ]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/b\.json: \[0\]\.image_id: .*999/);
});
