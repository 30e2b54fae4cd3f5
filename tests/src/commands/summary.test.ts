import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PublishedComparison } from '../../../detectors/graph/comparePublished.js';
import { networks } from '../../../detectors/graph/networks/index.js';
import type { NetworkSummary } from '../../../detectors/graph/summarizeNetwork.js';
import { writeSafetensors } from '../../../detectors/weights/safetensors.js';
import { randomWeights } from '../../detectors/randomNetwork.js';
import { readJson, runCli, temporaryFolder } from '../runCli.js';

type Report = NetworkSummary & { published?: PublishedComparison };

const folder = temporaryFolder();
async function summary(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runCli(['summary', ...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

describe('rcnn summary googlenet', () => {
  it('has the layers of the paper’s Table 1', async () => {
    const { rows, depth, parameters, peak } = await summary('googlenet');
    // Output size, depth, and the six columns of the modules, copied from the paper.
    expect(
      rows.map(({ name, shape: [, channels, height], depth, branches }) => [
        name,
        `${height ?? 1}×${channels}`,
        depth,
        ...(Object.values(branches) as number[]),
      ]),
    ).toEqual([
      ['conv1', '112×64', 1],
      ['pool1', '56×64', 0],
      ['conv2', '56×192', 2, 64, 192],
      ['pool2', '28×192', 0],
      ['inception_3a', '28×256', 2, 64, 96, 128, 16, 32, 32],
      ['inception_3b', '28×480', 2, 128, 128, 192, 32, 96, 64],
      ['pool3', '14×480', 0],
      ['inception_4a', '14×512', 2, 192, 96, 208, 16, 48, 64],
      ['inception_4b', '14×512', 2, 160, 112, 224, 24, 64, 64],
      ['inception_4c', '14×512', 2, 128, 128, 256, 24, 64, 64],
      ['inception_4d', '14×528', 2, 112, 144, 288, 32, 64, 64],
      ['inception_4e', '14×832', 2, 256, 160, 320, 32, 128, 128],
      ['pool4', '7×832', 0],
      ['inception_5a', '7×832', 2, 256, 160, 320, 32, 128, 128],
      ['inception_5b', '7×1024', 2, 384, 192, 384, 48, 128, 128],
      ['pool5', '1×1024', 0],
      ['loss3', '1×1000', 1],
      ['prob', '1×1000', 0],
    ]);
    expect(depth).toBe(22);
    expect(parameters).toBe(6_998_552);
    // conv2's 192 maps of 56×56 and their normalized form.
    expect(peak).toEqual({ bytes: 4 * 2 * 192 * 56 * 56, node: 'conv2/norm2' });
  });

  it('compares with what the paper prints, and with nothing else', () => {
    // Depth, "params" and "ops" of Table 1, copied from the text of arXiv:1409.4842v1.
    const printed = `1 2.7K 34M, 0, 2 112K 360M, 0, 2 159K 128M, 2 380K 304M, 0,
      2 364K 73M, 2 437K 88M, 2 463K 100M, 2 580K 119M, 2 840K 170M, 0,
      2 1072K 54M, 2 1388K 71M, 0, 1 1000K 1M, 0`;
    expect(
      Object.values(networks.googlenet.table!.rows).map(
        ({ depth, parameters, multiplyAdds }) =>
          [depth, parameters, multiplyAdds].filter((x) => x !== undefined).join(' '),
      ),
    ).toEqual(printed.split(/,\s+/));
  });

  it('says which claims the graph bears out, and lists what no graph gives', async () => {
    const { published } = await summary('googlenet');
    const verdicts = published!.counts.map(({ what, agrees }) => [what, agrees]);
    expect(verdicts).toEqual([
      ['parameters', true],
      ['layers', true],
      ['multiply-adds', false],
      ['fewer parameters than AlexNet', false],
    ]);
    const { differences, entries } = published!.table!;
    expect(entries).toBe(42);
    // 7·7·3·64 weights and 64 biases; 112² as many multiply-adds as weights.
    expect(differences).toContainEqual({
      ...{ row: 'conv1', column: 'parameters', printed: '2.7K', computed: 9408 + 64 },
    });
    expect(differences).toContainEqual({
      ...{ row: 'conv1', column: 'multiply-adds', printed: '34M' },
      computed: 9408 * 112 ** 2,
    });
    expect(differences).toHaveLength(10);

    const { stdout } = await runCli(['summary', 'googlenet']);
    expect(stdout).toMatch(/^yes layers: 22, the graph has 22/m);
    expect(stdout).toMatch(/^no {2}multiply-adds: 1.5 billion, .* 1,582,671,872/m);
    expect(stdout).toMatch(/^no {2}fewer parameters .*: 12 times, .* 8.7 times/m);
    expect(stdout).toMatch(/conv1 .* 34M .* 118,013,952/);
    expect(stdout).toMatch(/#3×3/);
  });

  it('counts for other sizes, and then compares nothing', async () => {
    const own = await summary('googlenet');
    const double = await summary('googlenet', '--input-size', '448x448');
    expect(double.parameters).toBe(own.parameters);
    // All but the classifier's 1,024,000 grow with the area.
    const last = 1_024_000;
    expect(double.multiplyAdds - last).toBe(4 * (own.multiplyAdds - last));
    expect(double.published).toBeUndefined();
  });
});

it('gives the price of a module without reductions, and of doubled width', async () => {
  const [own, naive, wide] = await Promise.all(
    ['googlenet', 'googlenet-naive', 'googlenet-wide'].map((name) => summary(name)),
  );
  expect(naive.multiplyAdds / own.multiplyAdds).toBeCloseTo(7.94, 2);
  expect(naive.parameters / own.parameters).toBeCloseTo(13.94, 2);
  // Nearly fourfold: only the input's and the classifier's ends aren't doubled.
  expect(wide.multiplyAdds / own.multiplyAdds).toBeCloseTo(3.85, 2);
  // A module's inputs reach its output: 192 + 64 + 128 + 32 = 416, and so on.
  const widths = naive.rows
    .filter(({ name }) => name.startsWith('inception'))
    .map(({ shape }) => shape[1]);
  expect(widths).toEqual([416, 832, 1280, 1728, 2176, 2640, 3344, 4048, 4944]);
});

it('holds every network against what is published of it', async () => {
  const { stdout, code } = await runCli(['summary', '--json']);
  expect(code).toBe(0);
  const reports = JSON.parse(stdout) as Report[];
  expect(reports.map(({ name }) => name)).toEqual(Object.keys(networks));
  for (const { name, published } of reports) {
    const disagreeing = published!.counts.filter(({ agrees }) => !agrees);
    expect(disagreeing.length, name).toBe(name === 'googlenet' ? 2 : 0);
  }
  const table = (await runCli(['summary'])).stdout;
  for (const name of Object.keys(networks)) expect(table).toContain(` ${name} `);
});

describe('rcnn summary FILE', () => {
  it('sums up the default model at its photo size', async () => {
    const model = fileURLToPath(
      new URL('../../../models/coco80-r1/weights.safetensors', import.meta.url),
    );
    const report = await summary(model);
    expect(report.inputSize).toEqual([608, 608]);
    expect(report.rows.at(-1)!.shape).toEqual([1, 9 * 85, 38, 38]);
    expect(report.depth).toBe(22);
  });

  it('sums up a classifier of ours, and writes the numbers to a file', async () => {
    const graph = networks.lenet.build(7);
    const metadata = { graph: 'lenet', classes: '7' };
    const file = join(folder, 'lenet.safetensors');
    writeFileSync(file, writeSafetensors(randomWeights(graph, 1, metadata)));
    const json = join(folder, 'lenet.json');
    const { code, stdout } = await runCli(['summary', file, '--json', json]);
    expect(code).toBe(0);
    expect(stdout).toContain('429,577');
    // 3 classes fewer than Caffe's, 501 numbers each.
    expect(readJson<Report>(json).parameters).toBe(431_080 - 3 * 501);
  });

  it.each([
    [['resnet50'], /there is no network "resnet50"; there are googlenet/],
    [['missing.safetensors'], /there is no such file/],
    [['googlenet', '--input-size', '224'], /HEIGHTxWIDTH/],
    [['googlenet', '--input-size', '99999x1'], /HEIGHTxWIDTH/],
    [['googlenet', '--input-size', '8x8'], /takes larger ones/],
    [['alexnet', '--input-size', '224x224'], /227×227 pixels alone/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runCli(['summary', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
