/**
 * What shared mode adds to the network: one photo's whole time (decoding,
 * proposing, resizing, the network, pooling, suppression) against one bare
 * onnxruntime pass of the same network on the same photo's pixels, all on one
 * thread, in turn: of the model as it is exported, with the operator LRN, and of the one
 * that the engine makes, whose normalisation is faster.
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
const { buildOnnx, emitOnnx } = await importBuilt('detectors/onnx/emitOnnx.js');
const { encodeOnnx } = await importBuilt('detectors/onnx/encodeOnnx.js');
const { MAPS } = await importBuilt('detectors/graph/detectorGraph.js');
const { resizePhoto } = await importBuilt('detectors/warp/resizePhoto.js');
const { decodeImage } = await importBuilt('src/images/decodeImage.js');
const { prepareSharpForWorker } = await importBuilt('src/images/prepareSharp.js');

prepareSharpForWorker();
const detector = await loadDetector({ mode: 'shared' });
const file = defaultModelFile();
const model = readModel(readWeights(readFileSync(file), file), file);
const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const { graph, weights } = model;
const bare = {
  exported: emitOnnx(graph, weights, [MAPS]),
  own: encodeOnnx(buildOnnx(graph, weights, [MAPS], 'fast')),
};
for (const form of Object.keys(bare)) {
  bare[form] = await ort.InferenceSession.create(bare[form], oneThread);
}

const ratios = { exported: [], own: [] };
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
  const passes = {};
  for (const [form, session] of Object.entries(bare)) {
    start = performance.now();
    await session.run({ data: tensor });
    passes[form] = performance.now() - start;
  }
  if (warmUp-- > 0) continue;
  for (const form of Object.keys(ratios)) ratios[form].push(whole / passes[form]);
  for (const [stage, time] of Object.entries({ decode, ...times })) {
    (stages[stage] ??= []).push(time / passes.own);
  }
}
for (const [stage, parts] of Object.entries(stages)) {
  if (median(parts) > 0)
    console.log(
      `${stage.padEnd(10)} ${median(parts).toFixed(3)} of a bare pass of the engine's own model`,
    );
}
report({
  photo_vs_bare_pass: Number(median(ratios.exported).toFixed(3)),
  photo_vs_bare_pass_of_own_model: Number(median(ratios.own).toFixed(3)),
  photos: ratios.own.length,
});
