/**
 * What shared mode adds to the network: one photo's whole time (decoding,
 * proposing, resizing, the network, pooling, suppression) against one bare
 * onnxruntime pass of the same network on the same photo's pixels, both on one
 * thread, in turn.
 *
 *   node bench/photo.mjs [--photos 60]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { importBuilt, median, report, valPhotos } from './lib/shared.mjs';

const { values } = parseArgs({
  options: { photos: { type: 'string', default: '60' } },
});
process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');
const { defaultModelFile, loadDetector } = await importBuilt(
  'detectors/loadDetector.js',
);
const { readModel } = await importBuilt('detectors/model.js');
const { readWeights } = await importBuilt('detectors/weights/safetensors.js');
const { emitOnnx } = await importBuilt('detectors/onnx/emitOnnx.js');
const { MAPS } = await importBuilt('detectors/graph/detectorGraph.js');
const { resizePhoto } = await importBuilt('detectors/warp/resizePhoto.js');
const { decodeImage } = await importBuilt('src/images/decodeImage.js');
const { prepareSharpForWorker } = await importBuilt('src/images/prepareSharp.js');

prepareSharpForWorker();
const detector = await loadDetector({ mode: 'shared' });
const file = defaultModelFile();
const model = readModel(readWeights(readFileSync(file), file), file);
const bare = await ort.InferenceSession.create(
  emitOnnx(model.graph, model.weights, [MAPS]),
  {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  },
);

const ratios = [];
const stages = {};
let warmUp = 5;
for (const path of valPhotos(Number(values.photos) + warmUp)) {
  let start = performance.now();
  const image = await decodeImage(path);
  const decode = performance.now() - start;
  const { times } = await detector.detectDetailed(image);
  const whole = performance.now() - start;

  const { input } = resizePhoto(image, model.photoSide, model.preprocessing);
  const tensor = new ort.Tensor('float32', input.data, input.shape);
  start = performance.now();
  await bare.run({ data: tensor });
  const pass = performance.now() - start;
  if (warmUp-- > 0) continue;
  ratios.push(whole / pass);
  for (const [stage, time] of Object.entries({ decode, ...times })) {
    (stages[stage] ??= []).push(time / pass);
  }
}
for (const [stage, parts] of Object.entries(stages)) {
  if (median(parts) > 0)
    console.log(`${stage.padEnd(10)} ${median(parts).toFixed(3)} of a bare pass`);
}
report({
  photo_vs_bare_pass: Number(median(ratios).toFixed(3)),
  photos: ratios.length,
});
