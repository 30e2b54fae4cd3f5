import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { selectiveSearch } from '../../../proposals/index.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

it('writes what selectiveSearch gives, as JSON and as JSON Lines, and draws it', async () => {
  const folder = temporaryFolder();
  const output = join(folder, 'p.json');
  const common = ['--mode', 'single', '--working-size', '200', '--max-boxes', '50'];
  const run = await runCli([
    'propose',
    samples,
    '-o',
    output,
    ...common,
    ...['-d', 'boxes', 'superpixels', 'hierarchy'],
    ...['--draw-dir', join(folder, 'drawn')],
  ]);
  expect(run.code).toBe(0);
  const written = readJson<Record<string, number[][]>>(output);
  expect(Object.keys(written)).toContain('coffee.jpg');

  const { data, info } = await sharp(join(samples, 'coffee.jpg'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { boxes } = selectiveSearch(
    { data, width: info.width, height: info.height, channels: info.channels as 3 },
    { mode: 'single', workingSize: 200, maxBoxes: 50 },
  );
  expect(written['coffee.jpg'].flat()).toEqual(
    [...boxes].map((value) => Math.round(100 * value) / 100),
  );
  for (const what of ['boxes', 'superpixels', 'hierarchy']) {
    expect(existsSync(join(folder, 'drawn', what, 'coffee.jpg'))).toBe(true);
  }
  expect(existsSync(`${output}.partial`)).toBe(false);

  const lines = join(folder, 'p.jsonl');
  await runCli(['propose', samples, '-o', lines, ...common, '-q', '-w', '1']);
  const parsed = readFileSync(lines, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; boxes: number[][] });
  expect(
    Object.fromEntries(parsed.map(({ file, boxes: rows }) => [file, rows])),
  ).toEqual(written);
});

it('tells what failed and exits with 1', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'bad.jpg'), 'no picture');
  const { code, stderr } = await runCli([
    'propose',
    folder,
    '-o',
    join(folder, 'p.json'),
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('bad.jpg');
  expect(readJson(folder, 'p.json')).toEqual({});
});

it('measures the boxes against annotations', async () => {
  const folder = temporaryFolder();
  const photo = join(samples, 'rocket.jpg');
  const output = join(folder, 'p.json');
  const search = ['--mode', 'single', '--working-size', '200'];
  await runCli(['propose', photo, '-o', output, ...search, '-q']);
  const [first] = readJson<Record<string, number[][]>>(output)['rocket.jpg'];
  const [x1, y1, x2, y2] = first;
  const annotations = join(folder, 'a.json');
  const object = (id: number, category_id: number, bbox: number[]) => ({
    ...{ id, image_id: 'r', category_id, bbox },
  });
  writeFileSync(
    annotations,
    JSON.stringify({
      images: [{ id: 'r', file_name: 'rocket.jpg' }],
      categories: [
        { id: 1, name: 'rocket' },
        { id: 2, name: 'speck' },
      ],
      annotations: [
        object(1, 1, [x1, y1, x2 - x1, y2 - y1]),
        // Smaller than any superpixel.
        object(2, 2, [50, 50, 2, 2]),
        { ...object(3, 2, [0, 0, 1, 1]), iscrowd: 1 },
      ],
    }),
  );
  const csv = join(folder, 'recall.csv');
  const svg = join(folder, 'recall.svg');
  const measured = ['-a', annotations, '--csv', csv, '--svg', svg];
  const run = await runCli(['propose', photo, '-o', output, ...search, ...measured]);
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/all \(2\) .* 50 .* 50\.0 /);
  const table = readFileSync(csv, 'utf8');
  expect(table).toMatch(/^class,rocket,1,50,1,1,1/m);
  expect(table).toMatch(/^class,speck,1,50,0,0,0/m);
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
});

it('refuses a table without annotations', async () => {
  const run = await runCli(['propose', samples, '-o', 'p.json', '--csv', 'x.csv']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('--annotations');
});
