import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultModelFile } from '../../../detectors/loadDetector.js';
import type { CorrelationReport } from '../../../src/inspect/runCorrelations.js';
import { PLANTED, writePlantedDetector } from '../plantedDetector.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

const folder = temporaryFolder();
const planted = join(folder, 'planted.safetensors');
const output = join(folder, 'found');
let stdout = '';
let report: CorrelationReport;

beforeAll(async () => {
  writePlantedDetector(planted);
  const result = await runCli([
    'inspect',
    'correlations',
    samples,
    ...['--weights', planted, '--layers', 'inception_3a/output,inception_3b*'],
    ...['--output', output, '--side', '256', '--threshold', '0.99999', '--quiet'],
  ]);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  stdout = result.stdout;
  report = readJson<CorrelationReport>(output, 'correlations.json');
}, 120_000);

describe('rcnn inspect correlations', () => {
  it('finds the planted units and no others', () => {
    for (const { name, merges } of report.layers) {
      const expected = PLANTED[name as keyof typeof PLANTED] ?? [];
      // Of two that are the same but for scale, the one that varies more stays.
      expect(
        merges.map(({ unit, terms }) => ({
          unit,
          into: terms[0].into,
          scale: Math.round(1e4 * terms[0].scale) / 1e4,
        })),
        name,
      ).toEqual(expected);
    }
  });

  it('puts every unit into one cluster, planted ones together', () => {
    for (const { name, units, clusters } of report.layers) {
      const all = clusters.flatMap((cluster) => cluster.units);
      expect(all.sort((a, b) => a - b)).toEqual(
        Array.from({ length: units }, (_, i) => i),
      );
      for (const { unit, into } of PLANTED[name as keyof typeof PLANTED] ?? []) {
        const home = clusters.find((cluster) => cluster.units.includes(unit));
        expect(home?.units).toContain(into);
      }
      for (const cluster of clusters) {
        expect(cluster.needs).toBeGreaterThanOrEqual(1);
        expect(cluster.needs).toBeLessThanOrEqual(cluster.units.length);
      }
    }
  });

  it('says what the layer above is asked to be, beside what it is', () => {
    expect(report.topology).toHaveLength(1);
    const [{ from, to, asked, present }] = report.topology;
    expect([from, to]).toEqual(['inception_3a/output', 'inception_3b/output']);
    // Szegedy et al. 2014, Table 1.
    expect(present).toEqual([
      { size: 1, units: 128 },
      { size: 3, units: 192 },
      { size: 5, units: 96 },
      { size: 'pool', units: 64 },
    ]);
    const needs = report.layers[0].clusters.reduce((sum, c) => sum + c.needs, 0);
    expect(asked[1] + asked[3] + asked[5]).toBe(needs);
    expect(stdout).toContain('Arora');
    // Clusters of 3b are fed by clusters that 3a has.
    const above = report.layers.find(({ name }) => name === to)!;
    const below = report.layers.find(({ name }) => name === from)!;
    for (const { fedBy } of above.clusters) {
      for (const { cluster } of fedBy) expect(below.clusters[cluster]).toBeDefined();
    }
    expect(above.clusters.some(({ fedBy }) => fedBy.length > 0)).toBe(true);
  });

  it('draws each layer as a PNG and a sound SVG of the same size', async () => {
    expect(report.layers).toHaveLength(4);
    for (const { picture, units } of report.layers) {
      const svg = readFileSync(join(output, `${picture}.svg`), 'utf8');
      expect(XMLValidator.validate(svg)).toBe(true);
      const { width, height } = await sharp(join(output, `${picture}.png`)).metadata();
      expect(svg).toContain(`width="${width}" height="${height}"`);
      expect(width).toBeGreaterThan(units);
    }
  });

  it('draws the planted pairs as red as the diagonal, and nothing else', async () => {
    const layer = report.layers.find(({ name }) => name === 'inception_3b/output')!;
    const svg = readFileSync(join(output, `${layer.picture}.svg`), 'utf8');
    const matrix = /base64,([^"]+)"/.exec(svg)![1];
    const { data, info } = await sharp(Buffer.from(matrix, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    // A pixel a unit in a layer of this size.
    expect([info.width, info.height]).toEqual([layer.units, layer.units]);
    let deepest = 0;
    for (let at = 0; at < data.length; at += 3) {
      if (data[at] === 103 && data[at + 1] === 0 && data[at + 2] === 31) deepest++;
    }
    expect(deepest).toBe(layer.units + 2 * PLANTED['inception_3b/output'].length);
  });
});

it('refuses a layer that is not there, with those that are', async () => {
  const { code, stderr } = await runCli([
    'inspect',
    'correlations',
    samples,
    ...['--weights', defaultModelFile(), '--layers', 'inception_9a'],
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('"inception_9a"');
  expect(stderr).toContain('inception_3a/output');
});

it('goes on past a photo that cannot be read, with exit code 1', async () => {
  const bad = join(temporaryFolder(), 'bad.jpg');
  const { code, stderr } = await runCli([
    'inspect',
    'correlations',
    join(samples, 'coffee.jpg'),
    bad,
    ...['--weights', defaultModelFile(), '--layers', 'inception_3a/5x5_reduce/relu'],
    ...['--side', '128', '-q'],
  ]);
  expect(existsSync(bad)).toBe(false);
  expect(code).toBe(1);
  expect(stderr).toContain('failed:');
});
