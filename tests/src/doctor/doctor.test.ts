import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeReport } from '../../../src/doctor/describeReport.js';
import { examine, type DoctorReport } from '../../../src/doctor/examine.js';
import { probeEngine, type ProbeResult } from '../../../src/engines/probeEngine.js';
import { warnOfUnusedGpu } from '../../../src/engines/warnOfUnusedGpu.js';
import { describeTensorFlow } from '../../tensorflow.js';
import { runCli, temporaryFolder } from '../runCli.js';

const works = (device: string): ProbeResult => ({
  loads: true,
  version: 'made 1',
  device,
  seconds: 0.1,
});
const examineMachine = (
  found: { onnx?: ProbeResult; tensorflow?: ProbeResult; gpu?: string } = {},
) =>
  examine({
    findGpu: () => Promise.resolve(found.gpu),
    probe: (name) => Promise.resolve(found[name] ?? works('cpu')),
  });

describe('rcnn doctor', () => {
  it('says of a machine without TensorFlow that all is well', async () => {
    const file = join(temporaryFolder(), 'report.json');
    const { code, stdout } = await runCli(['doctor', '--json', file], {
      env: { ...process.env, RCNN_TENSORFLOW: temporaryFolder() },
    });
    expect(stdout).toMatch(/^onnx +onnxruntime .* on cpu, loads in/m);
    expect(stdout).toMatch(/^auto +takes onnx: the embedded engine/m);
    const report = JSON.parse(readFileSync(file, 'utf8')) as DoctorReport;
    expect(report.engines.map(({ name }) => name)).toEqual(['onnx', 'tensorflow']);
    expect(report.engines[0]).toMatchObject({ isInstalled: true, loads: true });
    // Where a GPU is there is something to do.
    expect(code).toBe(report.problems.length > 0 ? 1 : 0);
  });

  it('prints JSON alone when asked to', async () => {
    const { stdout } = await runCli(['doctor', '--json']);
    expect((JSON.parse(stdout) as DoctorReport).auto).not.toBeNull();
  });

  it('reports an engine that ends its process, and goes on', async () => {
    const program = join(temporaryFolder(), 'dying.mjs');
    writeFileSync(program, 'process.kill(process.pid, "SIGILL");');
    const result = await probeEngine('onnx', { program: pathToFileURL(program) });
    expect(result).toMatchObject({ loads: false });
    const report = await examineMachine({ onnx: result });
    expect(report.problems.join()).toMatch(/^onnx: install it anew/);
    expect(describeReport(report)).toMatch(
      /onnx +.*does not load.*: its process ended with SIGILL: .*this processor lacks/,
    );
  });

  it('says of a library that hangs when its time was up', async () => {
    const program = join(temporaryFolder(), 'hanging.mjs');
    writeFileSync(program, 'setInterval(() => {}, 1000);');
    const result = await probeEngine('onnx', {
      program: pathToFileURL(program),
      timeout: 500,
    });
    expect(result).toEqual({ loads: false, problem: 'its process ended with SIGTERM' });
  });
});

describe('a GPU that nothing uses', () => {
  it('is a problem, with its remedy', async () => {
    const report = await examineMachine({ gpu: 'Tesla T4' });
    expect(report.auto?.name).toBe('onnx');
    expect(report.problems).toHaveLength(1);
    expect(report.problems[0]).toMatch(/rcnn setup tensorflow --gpu/);
    expect(describeReport(report)).toMatch(/^GPU +Tesla T4/m);
    expect(describeReport(report)).toMatch(/1 to see to/);
  });

  it('is warned of on standard error', () => {
    let text = '';
    const stream = { write: (part: string) => (text += part) } as never;
    warnOfUnusedGpu({ name: 'onnx', reason: 'so' }, stream);
    expect(text).toBe('');
    warnOfUnusedGpu({ name: 'onnx', reason: 'so', unusedGpu: 'Tesla T4' }, stream);
    expect(text).toMatch(
      /has a GPU \(Tesla T4\) that the onnx engine does not use: so\. See "rcnn doctor"/,
    );
  });
});

describeTensorFlow('an installed TensorFlow', () => {
  it('is examined', async () => {
    const { stdout } = await runCli(['doctor', '--json']);
    const found = (JSON.parse(stdout) as DoctorReport).engines[1];
    expect(found).toMatchObject({ isInstalled: true, loads: true });
    expect(found.version).toMatch(/on TensorFlow 2/);
  });

  it('that does not load is a problem', async () => {
    const report = await examineMachine({
      tensorflow: { loads: false, problem: 'no such symbol' },
    });
    expect(report.problems.join()).toMatch(/tensorflow: .*puts it in order/);
    expect(report.auto?.name).toBe('onnx');
  });

  it('with its GPU leaves nothing to do', async () => {
    const report = await examineMachine({ gpu: 'Tesla T4', tensorflow: works('gpu') });
    expect(report.auto).toMatchObject({ name: 'tensorflow' });
    expect(report.problems).toEqual([]);
  });
});
