/**
 * GoogLeNet (the BVLC weights, 224×224, one thread) against its peers in one run, turn
 * by turn, by processor time: our onnx engine end to end, bare onnxruntime sessions on
 * the model that the engine makes and on the one that other tools would (with the
 * operator LRN), OpenCV's DNN and PyTorch (eager and traced, channels last). Then the
 * peak memory of a process that runs the engine against one with a bare session at its
 * defaults, the activations each network needs, and the figures of
 * bench/precision.mjs, bench/classifyStart.mjs and bench/tensorflow.mjs.
 *
 *   node bench/networks.mjs [--rounds 20] [--python python3] [--alone]
 *
 * Peers in Python are in scripts/requirements-networks.txt and are left out where they
 * aren't installed; RCNN_PYTHON names a Python that has them. --alone leaves the other
 * benchmarks out.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coco, importBuilt, median, mustRun, report, runNode } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    python: { type: 'string', default: process.env.RCNN_PYTHON ?? 'python3' },
    alone: { type: 'boolean', default: false },
    /** Internal: print this process's peak memory with `engine`, or with a bare session on a file. */
    memory: { type: 'string' },
  },
});
const SIDE = 224;
const BATCHES = [1, 2, 4, 8, 16];
const original = `${coco}/../../models/bvlc_googlenet/bvlc_googlenet.caffemodel`;
const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { readClassifier } = await importBuilt('detectors/classify/readClassifier.js');
process.env.ORT_DISABLE_TELEMETRY ??= '1';

if (values.memory) await printMemory(values.memory);
else await main();

function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The same pixels for everybody. */
function pixels(batch) {
  let state = 1;
  return Float32Array.from(
    { length: batch * 3 * SIDE * SIDE },
    () => 200 * ((state = (state * 48271) % 2147483647) / 2147483647 - 0.5),
  );
}

async function bareSession(model, options) {
  const ort = (await import('onnxruntime-node')).default;
  const session = await ort.InferenceSession.create(model, options);
  const [name] = session.inputNames;
  return async (data, batch) => {
    const input = new ort.Tensor('float32', data, [batch, 3, SIDE, SIDE]);
    return (await session.run({ [name]: input })).prob.data;
  };
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'rcnn-bench-'));
  const { buildOnnx, emitOnnx } = await importBuilt('detectors/onnx/emitOnnx.js');
  const { encodeOnnx } = await importBuilt('detectors/onnx/encodeOnnx.js');
  const { graph, weights } = readClassifier(readFileSync(original), original);
  const own = join(folder, 'own.onnx');
  const plain = join(folder, 'plain.onnx');
  writeFileSync(own, encodeOnnx(buildOnnx(graph, weights, ['prob'], 'fast')));
  writeFileSync(plain, emitOnnx(graph, weights, ['prob']));
  const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await (
    await onnxEngine()
  ).load(graph, weights, { outputs: ['prob'] });
  const bare = await bareSession(own, oneThread);
  const plainSession = await bareSession(plain, oneThread);
  const ways = {
    engine: async (data, batch) =>
      (await session.run({ data, shape: [batch, 3, SIDE, SIDE] })).prob.data,
    bare,
    plain: plainSession,
  };
  const python = startPeers(values.python, plain);
  const figures = {};
  const times = {};
  try {
    const peers = [];
    for (const peer of ['opencv', 'torch', 'torch-traced']) {
      const { missing, version } = await python.ask(peer, 1, pixels(1));
      if (missing) console.log(`${peer} left out: ${missing}`);
      else {
        peers.push(peer);
        if (version) console.log(`${peer} is of version ${version}`);
      }
    }
    for (const batch of BATCHES) {
      const data = pixels(batch);
      const answers = {};
      const record = (name, seconds) => {
        times[name] ??= {};
        (times[name][batch] ??= []).push(seconds / batch);
      };
      // Larger batches are slower in all of them; a third of the rounds tells it.
      const rounds = Math.ceil(Number(values.rounds) / Math.min(3, batch));
      for (let round = -2; round < rounds; round++) {
        for (const [name, run] of Object.entries(ways)) {
          const start = processorSeconds();
          answers[name] = await run(data, batch);
          if (round >= 0) record(name, processorSeconds() - start);
        }
        for (const peer of peers) {
          const { seconds, prob } = await python.ask(peer, batch, data);
          answers[peer] = prob;
          if (round >= 0) record(peer, seconds);
        }
      }
      for (const [name, prob] of Object.entries(answers)) {
        const difference = Math.max(
          ...answers.engine.map((p, i) => Math.abs(p - prob[i])),
        );
        if (!(difference < 1e-4))
          throw new Error(`${name}: probabilities differ by ${difference}`);
      }
    }
  } finally {
    python.end();
  }
  const best = (name) => {
    const [batch, time] = Object.entries(times[name])
      .map(([b, list]) => [b, median(list)])
      .sort((a, b) => a[1] - b[1])[0];
    return { batch, time };
  };
  const ours = best('engine');
  for (const name of Object.keys(times)) {
    const theirs = best(name);
    // Of the two own ones round by round, at the batch that is best for the bare one.
    const ratio =
      name === 'bare'
        ? median(
            times.engine[theirs.batch].map((t, i) => times.bare[theirs.batch][i] / t),
          )
        : theirs.time / ours.time;
    console.log(
      `${name.padEnd(13)} ${(1000 * theirs.time).toFixed(1)} ms an image at its best batch, ${theirs.batch}; the engine is ${ratio.toFixed(2)} times as fast`,
    );
    if (name !== 'engine')
      figures[`engine_vs_${name.replace('-', '_')}`] = round3(ratio);
  }
  await memory(folder, plain, figures);
  rmSync(folder, { recursive: true });
  await activations(figures);
  if (!values.alone) {
    for (const other of ['precision', 'classifyStart', 'tensorflow']) {
      const script = fileURLToPath(new URL(`${other}.mjs`, import.meta.url));
      const { stdout, stderr, code } = await runNode([script]);
      console.log(`\nbench/${other}.mjs\n${stdout}${code === 0 ? '' : stderr}`);
      const line = stdout.split('\n').find((l) => l.startsWith('BENCH '));
      if (line) Object.assign(figures, { [other]: JSON.parse(line.slice(6)) });
    }
  }
  report(figures);
}

function round3(value) {
  return Number(value.toFixed(3));
}

/** Peak memory of whole processes, beyond what the process had before the network ran. */
async function memory(folder, plain, figures) {
  const self = fileURLToPath(import.meta.url);
  const peaks = {};
  for (const [name, what] of Object.entries({ engine: 'engine', bare: plain })) {
    const { stdout } = await mustRun([self, '--memory', what]);
    peaks[name] = JSON.parse(stdout);
    console.log(
      `${name}: ${peaks[name].toFixed(1)} MiB more at its peak after photos of four sizes`,
    );
  }
  figures.peak_memory_vs_bare_defaults = round3(peaks.engine / peaks.bare);
}

async function printMemory(what) {
  let run;
  if (what === 'engine') {
    const { graph, weights } = readClassifier(readFileSync(original), original);
    const engine = await onnxEngine();
    const session = await engine.load(graph, weights, { outputs: ['prob'] });
    run = (data, shape) => session.run({ data, shape });
  } else {
    const ort = (await import('onnxruntime-node')).default;
    const session = await ort.InferenceSession.create(what);
    const [name] = session.inputNames;
    run = (data, shape) =>
      session.run({ [name]: new ort.Tensor('float32', data, shape) });
  }
  const before = process.memoryUsage.rss();
  // Shapes change, as those of photos do; at last one is as large as a shared photo.
  for (const [height, width] of [
    [224, 224],
    [320, 256],
    [256, 352],
    [608, 448],
  ]) {
    const data = new Float32Array(3 * height * width);
    for (let i = 0; i < 3; i++) await run(data, [1, 3, height, width]);
  }
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify((peak - before) / 2 ** 20));
}

/** What each network's activations need at least, from its graph. */
async function activations(figures) {
  const { stdout } = await mustRun([
    fileURLToPath(new URL('../dist/src/cli.js', import.meta.url)),
    'summary',
  ]);
  console.log(`\n${stdout}`);
  const line = stdout.split('\n').find((l) => /│ googlenet +│/.test(l));
  const mebibytes = line && /([\d.]+) MiB/.exec(line);
  if (mebibytes) figures.googlenet_peak_activations_mib = Number(mebibytes[1]);
}

/** A process that runs the peers: a line asks, a line answers. */
function startPeers(python, model) {
  const script = fileURLToPath(new URL('networks-peers.py', import.meta.url));
  const child = spawn(python, [script, model], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const file = join(mkdtempSync(join(tmpdir(), 'rcnn-bench-')), 'pixels');
  return {
    async ask(peer, batch, data) {
      writeFileSync(file, data);
      child.stdin.write(`${peer} ${batch} ${SIDE} ${file}\n`);
      const line = await lines.next();
      if (line.done) throw new Error(`${python} ended`);
      return JSON.parse(line.value);
    },
    end() {
      child.stdin.end();
      rmSync(join(file, '..'), { recursive: true });
    },
  };
}
