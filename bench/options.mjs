/**
 * What each mode and option is worth: AP of shared mode, of cascade mode with
 * different numbers of crops and ways of mixing, and of suppression.
 *
 * The options were chosen on a part held out of train (every tenth photo, with
 * our own proposals) and are reported on val (with OpenCV's proposals, so that
 * the figures don't hang on ours). The network runs once: the shared scores and
 * those of the best 200 crops of each photo are kept under out/options, from
 * which a stopped run goes on; every setting is then worked out from them.
 *
 *   node bench/options.mjs [--part held-out|val] [--photos N]
 */
import { fork } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coco, importBuilt, readJson, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'val' },
    photos: { type: 'string', default: '500' },
    worker: { type: 'string' },
  },
});
const isVal = values.part === 'val';
const CROPS = 200;
const root = fileURLToPath(new URL('..', import.meta.url));
const cache = `${root}out/options/${values.part}`;

const folder = `${coco}/${isVal ? 'val' : 'train'}`;
const instances = readJson(`${folder}/instances.json`);
const images = (
  isVal ? instances.images : instances.images.filter((_, i) => i % 10 === 0)
).slice(0, Number(values.photos));
const wanted = new Set(images.map(({ id }) => id));
const groundTruth = {
  ...instances,
  images,
  annotations: instances.annotations.filter(({ image_id }) => wanted.has(image_id)),
};

if (values.worker !== undefined) await compute(Number(values.worker));
else await main();

async function main() {
  mkdirSync(cache, { recursive: true });
  const workers = Array.from({ length: availableParallelism() }, (_, i) =>
    fork(fileURLToPath(import.meta.url), [
      ...process.argv.slice(2),
      '--worker',
      String(i),
    ]),
  );
  const codes = await Promise.all(
    workers.map((child) => new Promise((done) => child.once('exit', done))),
  );
  if (codes.some((code) => code !== 0)) throw new Error('a worker failed');

  const { evaluate } = await importBuilt('eval/index.js');
  const { selectDetections } = await importBuilt('detectors/pipeline/detections.js');
  const { mixScores, PIPELINE_DEFAULTS, defaultBoxVoting } = await importBuilt(
    'detectors/pipeline/detectPhoto.js',
  );
  const model = await loadModel();
  const classes = model.head.classes;

  /** AP, AP50 and AP75 of a setting. */
  const score = ({ shared = false, crops = CROPS, selection = {}, ...mixing }) => {
    const found = [];
    for (const { id } of images) {
      const photo = readScores(id, classes);
      let scored = photo.shared;
      if (!shared) {
        const head = (part) => ({
          boxes: part.boxes.subarray(0, 4 * crops),
          probabilities: part.probabilities.subarray(0, classes * crops),
        });
        scored = mixScores(head(photo.chosen), head(photo.cropped), {
          ...PIPELINE_DEFAULTS,
          ...mixing,
        });
      }
      for (const { box, classId, score: certainty } of selectDetections(
        scored,
        model.classes,
        selection,
      )) {
        const [x1, y1, x2, y2] = box;
        found.push({
          image_id: id,
          category_id: classId,
          bbox: [x1, y1, x2 - x1, y2 - y1],
          score: certainty,
        });
      }
    }
    const { metrics } = evaluate(groundTruth, found, { protocol: 'coco' });
    return [metrics.AP, metrics.AP50, metrics.AP75].map((value) =>
      Number(value.toFixed(4)),
    );
  };
  const hard = { nms: 'hard', nmsIou: 0.45 };
  const card = {
    cropMixing: 'arithmetic',
    cropWeight: 0.5,
    cropBoxWeight: 0.5,
    selection: hard,
  };
  const settings = {
    'shared, hard': { shared: true, selection: hard },
    shared: {
      shared: true,
      selection: { boxVoting: defaultBoxVoting('shared', 'soft') },
    },
    'shared, no voting': { shared: true },
    "50 crops, the card's": { crops: 50, ...card },
    ...Object.fromEntries(
      [25, 50, 100, 150, 200].map((crops) => [`${crops} crops`, { crops }]),
    ),
    '100 crops, hard': { crops: 100, selection: hard },
    '100 crops, arithmetic': { crops: 100, cropMixing: 'arithmetic' },
    '100 crops, boxes of shared and crop': { crops: 100, cropBoxWeight: 0.5 },
    ...Object.fromEntries(
      [0.3, 0.6, 1].map((cropWeight) => [
        `100 crops, weight ${cropWeight}`,
        { crops: 100, cropWeight },
      ]),
    ),
    ...Object.fromEntries(
      [0.2, 0.3, 0.5].map((softSigma) => [
        `100 crops, sigma ${softSigma}`,
        { crops: 100, selection: { softSigma } },
      ]),
    ),
    '100 crops, voting 0.75': { crops: 100, selection: { boxVoting: 0.75 } },
  };
  const figures = {};
  for (const [name, setting] of Object.entries(settings)) {
    figures[name] = score(setting);
    console.log(
      `${name.padEnd(36)} AP ${figures[name].map((value) => value.toFixed(4)).join('  ')}`,
    );
  }
  report({ part: values.part, photos: images.length, AP_AP50_AP75: figures });
}

async function loadModel() {
  const { readModel } = await importBuilt('detectors/model.js');
  const { readWeights } = await importBuilt('detectors/weights/safetensors.js');
  const { defaultModelFile } = await importBuilt('detectors/loadDetector.js');
  const file = defaultModelFile();
  return readModel(readWeights(readFileSync(file), file), file);
}

/** One process's share of the photos: every n-th. */
async function compute(worker) {
  const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
  const { MAPS } = await importBuilt('detectors/graph/detectorGraph.js');
  const { scoreCrops, scoreShared } = await importBuilt(
    'detectors/pipeline/scoreBoxes.js',
  );
  const { chooseForCropping, PIPELINE_DEFAULTS } = await importBuilt(
    'detectors/pipeline/detectPhoto.js',
  );
  const { DETECTOR_PROPOSALS } = await importBuilt('detectors/loadDetector.js');
  const { decodeImage } = await importBuilt('src/images/decodeImage.js');
  const { prepareSharpForWorker } = await importBuilt('src/images/prepareSharp.js');
  const { selectiveSearch } = await importBuilt('proposals/index.js');
  const proposals = isVal
    ? readJson(`${folder}/proposals-opencv-fast.json`)
    : undefined;
  const model = await loadModel();
  const session = await (
    await onnxEngine()
  ).load(model.graph, model.weights, { outputs: [MAPS] });
  prepareSharpForWorker();
  for (let i = worker; i < images.length; i += availableParallelism()) {
    const { id, file_name } = images[i];
    const path = `${cache}/${id}.bin`;
    if (existsSync(path)) continue;
    const photo = await decodeImage(`${folder}/images/${file_name}`);
    const boxes = proposals
      ? Float32Array.from(proposals[file_name].flat())
      : selectiveSearch(photo, DETECTOR_PROPOSALS).boxes;
    const shared = await scoreShared(session, model, photo, boxes);
    const chosen = chooseForCropping(
      shared,
      model.head.classes,
      CROPS,
      PIPELINE_DEFAULTS.cropNmsIou,
    );
    const cropped = await scoreCrops(session, model, photo, chosen.boxes);
    const parts = [shared, chosen, cropped].flatMap((part) => [
      part.boxes,
      part.probabilities,
    ]);
    const head = Int32Array.of(boxes.length / 4, chosen.boxes.length / 4);
    const bytes = [head, ...parts].map((part) =>
      Buffer.from(part.buffer, part.byteOffset, part.byteLength),
    );
    writeFileSync(`${path}.tmp`, Buffer.concat(bytes));
    renameSync(`${path}.tmp`, path);
    if (i % 20 === 0) console.log(`${i} of ${images.length} photos`);
  }
}

function readScores(id, classes) {
  const bytes = readFileSync(`${cache}/${id}.bin`);
  const { buffer } = new Uint8Array(bytes);
  const [all, some] = new Int32Array(buffer, 0, 2);
  let offset = 8;
  const take = (length) => {
    const numbers = new Float32Array(buffer, offset, length);
    offset += 4 * length;
    return numbers;
  };
  const part = (rows) => ({
    boxes: take(4 * rows),
    probabilities: take(classes * rows),
  });
  return { shared: part(all), chosen: part(some), cropped: part(some) };
}
