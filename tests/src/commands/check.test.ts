import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../shared.js';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

interface Report {
  isSound: boolean;
  counts: Record<string, number>;
  totals: { code: string; severity: string; count: number }[];
  issues: { code: string; where: string; message: string }[];
}

const totalsOf = ({ totals }: Report) =>
  Object.fromEntries(
    totals.map(({ code, severity, count }) => [code, `${count} ${severity}`]),
  );

const photo = (path: string, width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#555' } }).toFile(path);

it('reports everything that is wrong, also on disk, with exit code 1', async () => {
  const folder = temporaryFolder();
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  await photo(join(photos, 'a.png'), 100, 80);
  await photo(join(photos, 'turned.png'), 80, 100);
  await photo(join(photos, 'extra.png'), 5, 5);
  writeFileSync(join(photos, 'broken.jpg'), 'no image');
  const image = (id: number, file_name: string) => ({
    id,
    file_name,
    width: 100,
    height: 80,
  });
  const box = (id: number, image_id: number, category_id: number, bbox: number[]) => ({
    ...{ id, image_id, category_id, bbox },
  });
  const annotations = join(folder, 'a.json');
  writeFileSync(
    annotations,
    JSON.stringify({
      images: [
        ...[image(1, 'a.png'), image(2, 'turned.png'), image(3, 'gone.png')],
        image(4, 'broken.jpg'),
      ],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [
        box(1, 1, 1, [10, 10, 20, 20]),
        box(1, 1, 1, [10, 10, 20, 20.5]),
        box(2, 1, 1, [90, 10, 40, 20]),
        box(3, 1, 1, [5, 5, 0, 9]),
        box(4, 8, 2, [5, 5, 9, 9]),
        box(5, 2, 1, [5, 5, -9, 9]),
      ],
    }),
  );
  const json = join(folder, 'report.json');
  const { code, stdout } = await runCli([
    ...['check', annotations, '--images', photos, '--json', json],
  ]);
  expect(code).toBe(1);
  const report = readJson<Report>(json);
  expect(report.isSound).toBe(false);
  expect(totalsOf(report)).toMatchObject({
    DUPLICATE_ID: '1 error',
    NEAR_DUPLICATE: '1 warning',
    OUTSIDE_IMAGE: '1 warning',
    EMPTY_BOX: '1 warning',
    UNKNOWN_IMAGE: '1 error',
    UNKNOWN_CATEGORY: '1 error',
    INVALID_BOX: '1 error',
    MISSING_FILE: '1 error',
    SIZE_MISMATCH: '1 error',
    UNREADABLE_FILE: '1 error',
    NOT_ANNOTATED: '1 warning',
  });
  expect(report.issues).toContainEqual(
    expect.objectContaining({ code: 'INVALID_BOX', where: 'annotations[5].bbox' }),
  );
  expect(stdout).toMatch(/error annotations\[5\]\.bbox: \[5, 5, -9, 9\]/);
  expect(stdout).toMatch(/turned\.png has 80 × 100 pixels, not 100 × 80/);
  expect(stdout).toMatch(/\d errors, \d warnings/);
});

it('names photo and object in other formats, and goes on after a bad file', async () => {
  const folder = temporaryFolder();
  const xml = (xmax: number, name = 'cat') =>
    `<annotation><filename>x.jpg</filename><size><width>50</width><height>50</height></size><object><name>${name}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>${xmax}</xmax><ymax>9</ymax></bndbox></object></annotation>`;
  writeFileSync(join(folder, 'a.xml'), xml(90));
  writeFileSync(join(folder, 'b.xml'), xml(-5));
  writeFileSync(join(folder, 'c.xml'), '<annotation><object>');
  const json = join(temporaryFolder(), 'report.json');
  const { code, stdout } = await runCli(['check', folder, '-j', json]);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /b\.xml: annotation\.object\[0\]\.bndbox: the width is negative/,
  );
  expect(stdout).toMatch(/c\.xml: .*not XML/);
  expect(stdout).toMatch(/warning a: object 1\.bbox: the box sticks out/);
  expect(readJson<Report>(json).counts.images).toBe(1);
});

describeShared('rcnn check on good annotations', () => {
  it('finds no errors, with exit code 0', async () => {
    const { code, stdout, stderr } = await runCli([
      'check',
      sharedPath('golden/coco-fake100/instances.json'),
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/no errors, \d+ warnings/);
    expect(stdout).toMatch(/person .* 2\d\d /);
    for (const line of stdout.split('\n')) {
      if (/^[│┌├└]/.test(line)) expect(line.length).toBeLessThanOrEqual(80);
    }
  });
});

it('refuses what is no annotations, with exit code 2', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'a.json');
  writeFileSync(file, '{"images": []}');
  const { code, stderr } = await runCli(['check', file]);
  expect(code).toBe(2);
  expect(stderr).toContain('annotations');
});
