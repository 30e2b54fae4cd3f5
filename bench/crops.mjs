/**
 * Crop mode's throughput against the engine alone.
 *
 * The whole `rcnn detect --mode crop` command (start, decoding, proposals read
 * from a file, warping, heads, suppression, results) on 100 photos, against a
 * bare onnxruntime loop over the same network in as many processes, each at its
 * own best batch size with its input ready in memory: over the model as it is exported,
 * with the operator LRN, and over the one that the engine makes, whose normalisation is
 * faster. They run in turn.
 *
 *   node bench/crops.mjs [--photos 100] [--proposals 200] [--rounds 3]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  cli,
  coco,
  importBuilt,
  median,
  mustRun,
  readJson,
  report,
  valPhotos,
} from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '100' },
    proposals: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
  },
});
const photos = Number(values.photos);
const perPhoto = Number(values.proposals);
const rounds = Number(values.rounds);
const processes = availableParallelism();

if (process.send) await bareLoop();
else await main();

async function main() {
  const rates = { detect: [], exported: [], own: [] };
  for (let round = 0; round < rounds; round++) {
    for (const form of ['exported', 'own']) {
      const bare = await bareRound(form);
      rates[form].push(bare.rate);
      console.log(
        `round ${round + 1}: bare loop, ${form} model, ${bare.rate.toFixed(1)} crops/s (batches of ${bare.batches})`,
      );
    }
    rates.detect.push(await detectRound());
    console.log(`round ${round + 1}: detect ${rates.detect.at(-1).toFixed(1)} crops/s`);
  }
  const ratio = (form) =>
    Number(median(rates.detect.map((rate, i) => rate / rates[form][i])).toFixed(3));
  report({
    crop_rate_vs_bare_onnxruntime: ratio('exported'),
    crop_rate_vs_bare_loop_of_own_model: ratio('own'),
    rounds,
    photos,
    proposals_per_photo: perPhoto,
    processes,
  });
}

/** Crops per second of the whole command's wall time. */
async function detectRound() {
  const output = mkdtempSync(join(tmpdir(), 'rcnn-bench-'));
  const { seconds } = await mustRun([
    cli,
    'detect',
    ...valPhotos(photos),
    '--output',
    output,
    '--mode',
    'crop',
    '--quiet',
    '--proposals',
    `${coco}/val/proposals-opencv-fast.json`,
    '--max-proposals',
    String(perPhoto),
    '--workers',
    String(processes),
  ]);
  const { counts } = readJson(join(output, 'run.json'));
  rmSync(output, { recursive: true });
  if (counts.detected !== photos) throw new Error(`${counts.failed} photos failed`);
  return counts.proposals / seconds;
}

/** Crops per second of bare loops that run at once, started and warm. */
async function bareRound(form) {
  const children = Array.from({ length: processes }, () =>
    fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
      env: { ...process.env, BENCH_FORM: form },
    }),
  );
  const next = (child) => new Promise((done) => child.once('message', done));
  const batches = (await Promise.all(children.map(next))).map(({ best }) => best);
  const answers = children.map(next);
  for (const child of children) child.send('go');
  const parts = await Promise.all(answers);
  for (const child of children) child.kill();
  return { batches, rate: parts.reduce((sum, { rate }) => sum + rate, 0) };
}

async function bareLoop() {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort = await import('onnxruntime-node');
  const { readModel } = await importBuilt('detectors/model.js');
  const { readWeights } = await importBuilt('detectors/weights/safetensors.js');
  const { buildOnnx, emitOnnx } = await importBuilt('detectors/onnx/emitOnnx.js');
  const { encodeOnnx } = await importBuilt('detectors/onnx/encodeOnnx.js');
  const { defaultModelFile } = await importBuilt('detectors/loadDetector.js');
  const { MAPS } = await importBuilt('detectors/graph/detectorGraph.js');
  const file = defaultModelFile();
  const model = readModel(readWeights(readFileSync(file), file), file);
  const session = await ort.InferenceSession.create(
    process.env.BENCH_FORM === 'own'
      ? encodeOnnx(buildOnnx(model.graph, model.weights, [MAPS], 'fast'))
      : emitOnnx(model.graph, model.weights, [MAPS]),
    {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    },
  );
  const { side } = model.warp;
  const inputs = new Map(
    [1, 2, 4, 8, 16, 32].map((size) => {
      const data = Float32Array.from(
        { length: size * 3 * side * side },
        (_, i) => ((i * 7919) % 255) - 110,
      );
      return [size, new ort.Tensor('float32', data, [size, 3, side, side])];
    }),
  );
  const rate = async (size, milliseconds) => {
    const start = performance.now();
    let crops = 0;
    while (performance.now() - start < milliseconds) {
      await session.run({ data: inputs.get(size) });
      crops += size;
    }
    return (1000 * crops) / (performance.now() - start);
  };
  let best = 1;
  let bestRate = 0;
  for (const size of inputs.keys()) {
    await rate(size, 300);
    const found = await rate(size, 1500);
    if (found > bestRate) [best, bestRate] = [size, found];
  }
  process.send({ best });
  process.once('message', async () => process.send({ rate: await rate(best, 20_000) }));
}
