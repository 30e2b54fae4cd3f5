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
