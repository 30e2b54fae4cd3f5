/**
 * What fewer bits bring, and what they cost: BVLC GoogLeNet in fp32, fp16, int8
 * (dynamic) and int8 (static, each way of calibration), in turn on the same photos in
 * one process, one thread, by processor time. Calibrated on photos of train, judged on others (every
 * tenth photo of train): how often the first class is fp32's, and how far the
 * probabilities are apart (half the sum of differences).
 *
 * With --detector the default detector too: AP of `rcnn detect` in fp32 and in int8 on
 * the same held-out photos.
 *
 *   node bench/precision.mjs [--photos 100] [--calibrate 64] [--detector]
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  cli,
  coco,
  importBuilt,
  median,
  mustRun,
  readJson,
  report,
} from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '100' },
    calibrate: { type: 'string', default: '64' },
    detector: { type: 'boolean', default: false },
  },
});
const { decodeImage } = await importBuilt('src/images/decodeImage.js');
const { cropViews, fillCrop, CROP_SIDE } = await importBuilt(
  'detectors/classify/cropViews.js',
);
const { readClassifier } = await importBuilt('detectors/classify/readClassifier.js');
const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { defaultModelFile } = await importBuilt('detectors/loadDetector.js');

const { images } = readJson(`${coco}/train/instances.json`);
const path = ({ file_name }) => `${coco}/train/images/${file_name}`;
const heldOut = images.filter((_, i) => i % 10 === 0).slice(0, Number(values.photos));
const others = images.filter((_, i) => i % 10 !== 0).slice(0, Number(values.calibrate));
const folder = mkdtempSync(join(tmpdir(), 'rcnn-bench-'));
const figures = { photos: heldOut.length, calibrated_with: others.length };

const original = `${coco}/../../models/bvlc_googlenet/bvlc_googlenet.caffemodel`;
await classifier();
if (values.detector) await detector();
rmSync(folder, { recursive: true });
report(figures);

/** Microseconds of processor time of this process: others on the machine don't count. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function quantized(weights, name, ...options) {
  const output = join(folder, `${name}.safetensors`);
  const args = [cli, 'weights', 'quantize', weights, '--output', output, ...options];
  await mustRun(args);
  return output;
}

async function classifier() {
  const photos = ['--calibrate', ...others.map(path)];
  const half = await quantized(original, 'half', '--precision', 'fp16');
  const files = { fp32: [original, 'fp32'], fp16: [half, 'fp16'] };
  files['int8_dynamic'] = [original, 'int8'];
  for (const method of ['minmax', 'percentile', 'entropy']) {
    const file = await quantized(original, method, '--method', method, ...photos);
    files[`int8_${method}`] = [file, 'int8'];
  }
  const engine = await onnxEngine();
  const members = [];
  for (const [name, [file, precision]] of Object.entries(files)) {
    const { graph, weights } = readClassifier(readFileSync(file), file);
    const session = await engine.load(graph, weights, { outputs: ['prob'], precision });
    members.push({ name, file, session, times: [], batchTimes: [], probabilities: [] });
  }
  const { preprocessing } = readClassifier(readFileSync(original), original);
  const size = 3 * CROP_SIDE ** 2;
  const batch = new Float32Array(8 * size);
  for (const [i, photo] of heldOut.entries()) {
    const [view] = cropViews(await decodeImage(path(photo)), 1);
    const data = batch.subarray((i % 8) * size, ((i % 8) + 1) * size);
    fillCrop(view, preprocessing, data);
    for (const member of members) {
      const start = processorTime();
      const { prob } = await member.session.run({
        data,
        shape: [1, 3, CROP_SIDE, CROP_SIDE],
      });
      member.times.push(processorTime() - start);
      member.probabilities.push(prob.data);
    }
    if (i % 8 < 7) continue;
    for (const member of members) {
      const start = processorTime();
      await member.session.run({ data: batch, shape: [8, 3, CROP_SIDE, CROP_SIDE] });
      member.batchTimes.push(processorTime() - start);
    }
  }
  const [single] = members;
  const best = (scores) => scores.indexOf(Math.max(...scores));
  for (const { name, file, times, batchTimes, probabilities } of members) {
    const ratio = median(single.times.map((time, i) => time / times[i]));
    const batchRatio = median(single.batchTimes.map((time, i) => time / batchTimes[i]));
    const agreement =
      probabilities.filter((p, i) => best(p) === best(single.probabilities[i])).length /
      probabilities.length;
    const distance =
      probabilities.reduce(
        (sum, p, i) =>
          sum +
          p.reduce((s, v, c) => s + Math.abs(v - single.probabilities[i][c]), 0) / 2,
        0,
      ) / probabilities.length;
    const round = (value) => Number(value.toFixed(3));
    console.log(
      `${name.padEnd(16)} ${ratio.toFixed(2)} times fp32's speed (in batches of 8: ${batchRatio.toFixed(2)}), first class as fp32's ${(100 * agreement).toFixed(1)} %, distance ${distance.toFixed(3)}, ${(statSync(file).size / 1e6).toFixed(1)} MB`,
    );
    if (name === 'fp32') continue;
    figures[`${name}_speed`] = round(ratio);
    figures[`${name}_speed_batch8`] = round(batchRatio);
    figures[`${name}_top1_agreement`] = round(agreement);
  }
}

async function detector() {
  const photos = ['--calibrate', ...others.map(path)];
  const model = await quantized(defaultModelFile(), 'detector', ...photos);
  const seconds = {};
  const ap = {};
  for (const [name, options] of Object.entries({
    fp32: ['--precision', 'fp32'],
    int8: ['--precision', 'int8', '--model', model],
  })) {
    const output = join(folder, name);
    const annotations = `${coco}/train/instances.json`;
    await mustRun([
      ...[cli, 'detect', ...heldOut.map(path), '--output', output, '--quiet'],
      ...['--annotations', annotations, ...options],
    ]);
    const { seconds: stages } = readJson(join(output, 'run.json'));
    seconds[name] = stages.shared + stages.crops;
    ap[name] = await averagePrecision(output, annotations);
    console.log(`detector ${name}: AP ${ap[name].toFixed(4)}`);
  }
  figures.detector_int8_network_stages_speed = Number(
    (seconds.fp32 / seconds.int8).toFixed(3),
  );
  figures.detector_ap_fp32 = Number(ap.fp32.toFixed(4));
  figures.detector_ap_int8 = Number(ap.int8.toFixed(4));
}

/** COCO's AP over the held-out photos alone. */
async function averagePrecision(output, annotations) {
  const { evaluate } = await importBuilt('eval/index.js');
  const { categories, annotations: boxes } = readJson(annotations);
  const ids = new Set(heldOut.map(({ id }) => id));
  const groundTruth = {
    images: heldOut,
    categories,
    annotations: boxes.filter(({ image_id }) => ids.has(image_id)),
  };
  const detections = readJson(join(output, 'detections.json'));
  return evaluate(groundTruth, detections, { protocol: 'coco' }).metrics.AP;
}
