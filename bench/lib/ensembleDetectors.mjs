/**
 * Ensembles of detectors: the default model, and members whose position-sensitive maps
 * are trained here on the features of a trunk that stays as it is.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { cacheWindows } from './cacheWindows.mjs';
import { root } from './run.mjs';
import { coco, importBuilt, readJson } from './shared.mjs';
import { trainHead } from './trainHead.mjs';

const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { weightedBoxFusion } = await importBuilt(
  'detectors/ensemble/weightedBoxFusion.js',
);
const { MAPS } = await importBuilt('detectors/graph/detectorGraph.js');
const { defaultModelFile, loadDetector, readDetectorFile } = await importBuilt(
  'detectors/loadDetector.js',
);
const { meanScores } = await importBuilt('detectors/pipeline/detectPhoto.js');
const { selectDetections } = await importBuilt('detectors/pipeline/detections.js');
const { scoreShared } = await importBuilt('detectors/pipeline/scoreBoxes.js');
const { storeHalf } = await importBuilt('detectors/quantization/storeQuantized.js');
const { importWeights } = await importBuilt('detectors/weights/importWeights.js');
const { compare, evaluate } = await importBuilt('eval/index.js');
const { decodeImage } = await importBuilt('src/images/decodeImage.js');

const CAFFEMODEL = `${root}../shared/models/bvlc_googlenet/bvlc_googlenet.caffemodel`;

/** The options of the model's card. */
const REFERENCE = { nms: 'hard', nmsIou: 0.45 };
const MAX_DETECTIONS = 100;

/** The members that are made here, by name: whose trunk, and which seed. */
const MADE = {
  'new maps 1': { trunk: 'coco80-r1', seed: 1 },
  'new maps 2': { trunk: 'coco80-r1', seed: 2 },
  'ImageNet trunk': { trunk: 'bvlc_googlenet', seed: 3 },
};

const DEFAULT = 'coco80-r1';
/** The default model twice is a control: averaging must change nothing. */
const ENSEMBLES = [
  [DEFAULT, DEFAULT],
  [DEFAULT, 'new maps 1'],
  ['new maps 1', 'new maps 2'],
  [DEFAULT, 'new maps 1', 'new maps 2'],
  [DEFAULT, 'ImageNet trunk'],
  [DEFAULT, 'new maps 1', 'ImageNet trunk'],
  [DEFAULT, 'new maps 1', 'new maps 2', 'ImageNet trunk'],
];

/** The detector with BVLC's ImageNet weights below its maps. */
async function withImagenetTrunk(model) {
  if (!existsSync(CAFFEMODEL)) throw new Error(`this benchmark needs ${CAFFEMODEL}`);
  const { tensors } = await importWeights(readFileSync(CAFFEMODEL), CAFFEMODEL);
  const own = new Map(
    [...model.weights.tensors].map(([name, tensor]) => [
      name,
      name.startsWith(`${MAPS}/`) ? tensor : tensors.get(name),
    ]),
  );
  return { ...model, weights: { ...model.weights, tensors: own } };
}

/**
 * Trains the members that are not there yet. Every tenth train photo is left out, for the
 * loss that is shown.
 *
 * @returns files by member
 */
async function makeMembers(folder, log) {
  const { model } = await readDetectorFile(defaultModelFile());
  const instances = readJson(`${coco}/train/instances.json`);
  const files = {};
  for (const [name, { trunk, seed }] of Object.entries(MADE)) {
    files[name] = `${folder}/${name.replaceAll(' ', '-')}.safetensors`;
    if (existsSync(files[name])) continue;
    const below = trunk === DEFAULT ? model : await withImagenetTrunk(model);
    const windows = `${folder}/windows-${trunk}`;
    const paths = await cacheWindows(
      below,
      instances,
      instances.images,
      windows,
      (text) => log(`${trunk}: ${text}`),
    );
    const maps = await trainHead(
      {
        train: paths.filter((_, i) => i % 10 > 0),
        watch: paths.filter((_, i) => i % 10 === 0),
      },
      model.head,
      seed,
      (text) => log(`${name}: ${text}`),
    );
    const tensors = new Map(below.weights.tensors);
    for (const part of ['weight', 'bias']) {
      const { shape } = tensors.get(`${MAPS}/${part}`);
      tensors.set(`${MAPS}/${part}`, { shape, data: maps[part] });
    }
    const metadata = {
      ...model.weights.metadata,
      name,
      provenance: `bench/ensemble.mjs: maps trained with seed ${seed} on the trunk of ${trunk}`,
    };
    writeFileSync(`${files[name]}.tmp`, storeHalf({ tensors, metadata }));
    renameSync(`${files[name]}.tmp`, files[name]);
  }
  return files;
}

const titleOf = (members) => members.join(' + ');

/**
 * Trains, and measures on val with OpenCV's proposals in shared mode.
 *
 * @param folder for windows and members; a run that was stopped goes on
 * @param count of val photos
 * @returns AP and AP50 of single models, and of ensembles with their gain over the best of their members
 */
export async function measureDetectors(folder, count, log) {
  mkdirSync(folder, { recursive: true });
  const files = { [DEFAULT]: defaultModelFile(), ...(await makeMembers(folder, log)) };
  const engine = await onnxEngine();
  const models = {};
  for (const [name, file] of Object.entries(files)) {
    const { model } = await readDetectorFile(file);
    const session = await engine.load(model.graph, model.weights, { outputs: [MAPS] });
    models[name] = { name, model, session };
  }
  const instances = readJson(`${coco}/val/instances.json`);
  const proposals = readJson(`${coco}/val/proposals-opencv-fast.json`);
  const images = instances.images.slice(0, count);
  const ids = new Set(images.map(({ id }) => id));
  const truths = {
    ...instances,
    images,
    annotations: instances.annotations.filter(({ image_id }) => ids.has(image_id)),
  };

  const { classes } = models[DEFAULT].model;
  const found = new Map();
  const keep = (title, id, detections) => {
    const list = found.get(title) ?? [];
    for (const { box, classId, score } of detections) {
      const [x1, y1, x2, y2] = box;
      const bbox = [x1, y1, x2 - x1, y2 - y1];
      list.push({ image_id: id, category_id: classId, bbox, score });
    }
    found.set(title, list);
  };
  for (const [i, { id, file_name }] of images.entries()) {
    const photo = await decodeImage(`${coco}/val/images/${file_name}`);
    const boxes = Float32Array.from(proposals[file_name].flat());
    const scored = {};
    const alone = {};
    for (const [name, { session, model }] of Object.entries(models)) {
      scored[name] = await scoreShared(session, model, photo, boxes);
      alone[name] = selectDetections(scored[name], classes, REFERENCE);
      keep(name, id, alone[name]);
    }
    for (const members of ENSEMBLES) {
      // Each model has run once; its scores are copied, since their mean is made in place.
      const mean = await meanScores(members, (name) =>
        Promise.resolve({
          boxes: scored[name].boxes.slice(),
          probabilities: scored[name].probabilities.slice(),
        }),
      );
      const averaged = selectDetections(mean, classes, REFERENCE);
      const fused = weightedBoxFusion(members.map((name) => alone[name]));
      keep(`${titleOf(members)}, mean`, id, averaged);
      keep(`${titleOf(members)}, wbf`, id, fused.slice(0, MAX_DETECTIONS));
    }
    if (i % 50 === 49) log(`${i + 1} of ${images.length} val photos`);
  }
  await checkProduct(files, images[0], proposals, found);
  for (const { session } of Object.values(models)) await session.dispose();
  return compareAll(truths, Object.keys(models), found, log);
}

/** That `detect` with several models gives the same, on one photo. */
async function checkProduct(files, { id, file_name }, proposals, found) {
  const members = ENSEMBLES[ENSEMBLES.length - 1];
  const photo = await decodeImage(`${coco}/val/images/${file_name}`);
  for (const ensemble of ['mean', 'wbf']) {
    const detector = await loadDetector({
      model: members.map((name) => files[name]),
      ensemble,
      engine: 'onnx',
      mode: 'shared',
      ...REFERENCE,
    });
    const detections = await detector.detect(photo, {
      proposals: Float32Array.from(proposals[file_name].flat()),
    });
    await detector.dispose();
    const own = found
      .get(`${titleOf(members)}, ${ensemble}`)
      .filter(({ image_id }) => image_id === id);
    const same =
      own.length === detections.length &&
      own.every(({ score }, i) => Math.abs(score - detections[i].score) < 1e-6);
    if (!same) throw new Error(`the product's ${ensemble} finds something else`);
  }
}

function compareAll(truths, names, found, log) {
  const round = (value) => Number(value.toFixed(4));
  const metrics = new Map(
    [...found].map(([title, detections]) => [
      title,
      evaluate(truths, detections, { protocol: 'coco' }).metrics,
    ]),
  );
  const figuresOf = (title) => {
    const { AP, AP50 } = metrics.get(title);
    return { AP: round(AP), AP50: round(AP50) };
  };
  const singles = Object.fromEntries(names.map((name) => [name, figuresOf(name)]));
  log(JSON.stringify(singles));
  const ensembles = {};
  for (const members of ENSEMBLES) {
    const best = members.reduce((a, b) =>
      metrics.get(b).AP > metrics.get(a).AP ? b : a,
    );
    for (const method of ['mean', 'wbf']) {
      const title = `${titleOf(members)}, ${method}`;
      const gains = [undefined, [0.5]].map((iouThresholds) => {
        const options = {
          samples: 1000,
          seed: 1,
          ...(iouThresholds && { iouThresholds }),
        };
        const { AP } = compare(truths, found.get(best), found.get(title), options);
        return [AP.value, AP.low, AP.high].map(round);
      });
      ensembles[title] = {
        ...figuresOf(title),
        best_single: best,
        gain_AP: gains[0],
        gain_AP50: gains[1],
      };
      log(`${title}: ${JSON.stringify(ensembles[title])}`);
    }
  }
  return { photos: truths.images.length, singles, ensembles };
}
