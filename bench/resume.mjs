/**
 * Whether a killed run loses or changes anything: a run is killed (SIGKILL, the
 * whole process group) at random moments, started again each time, and its
 * result files are compared, byte for byte, with an undisturbed run's.
 *
 *   node bench/resume.mjs [--photos 60] [--kills 10] [--mode shared] [--seed 1]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cli, mustRun, report, valPhotos } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '60' },
    kills: { type: 'string', default: '10' },
    mode: { type: 'string', default: 'shared' },
    seed: { type: 'string', default: '1' },
  },
});
const FILES = ['detections.json', 'images.json', 'failures.json', 'detections.csv'];

let state = Number(values.seed);
/** Random numbers in [0, 1) that are the same each time. */
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;

const command = (output) => [
  cli,
  'detect',
  ...valPhotos(Number(values.photos)),
  '--output',
  output,
  '--mode',
  values.mode,
  '--quiet',
];
const folder = () => mkdtempSync(join(tmpdir(), 'rcnn-bench-'));

function runAndKill(output, seconds) {
  return new Promise((done) => {
    const child = spawn(process.execPath, command(output), {
      stdio: 'ignore',
      detached: true,
    });
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 1000 * seconds);
    child.on('close', (code) => {
      clearTimeout(timer);
      done(code === 0);
    });
  });
}

const undisturbed = folder();
const { seconds } = await mustRun(command(undisturbed));
let kills = 0;
let runs = 0;
let identical = 0;
while (kills < Number(values.kills)) {
  const output = folder();
  runs++;
  // Several kills a run, each anywhere in what is left of it.
  for (let isDone = false; !isDone && kills < Number(values.kills);) {
    isDone = await runAndKill(output, seconds * (0.05 + 0.6 * random()));
    if (!isDone) kills++;
  }
  await mustRun(command(output));
  const differing = FILES.filter(
    (name) =>
      !readFileSync(join(output, name)).equals(readFileSync(join(undisturbed, name))),
  );
  if (differing.length === 0) identical++;
  else console.log(`run ${runs}: ${differing.join(', ')} differ (${output})`);
  console.log(`${kills} kills, ${runs} runs finished, ${identical} identical`);
  if (differing.length === 0) rmSync(output, { recursive: true });
}
rmSync(undisturbed, { recursive: true });
report({ kills, runs, identical, mode: values.mode, photos: Number(values.photos) });
process.exitCode = identical === runs ? 0 : 1;
