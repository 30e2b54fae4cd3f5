/**
 * What merging units that fire together saves the default detector, and what it
 * costs. Correlations are gathered on train photos; settings are compared on photos
 * held out of train (every tenth, none of those gathered on), and the one with the
 * fewest multiply-adds among those whose AP is within half a point of the original's
 * is reported on val with OpenCV's proposals. Shared mode; speed is the network's
 * alone, in turn with the original, on one thread.
 *
 *   node bench/compress.mjs [--photos 40] [--gathered 60] [--val 100]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { importBuilt, root } from './lib/run.mjs';
import { coco, readJson, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '40' },
    gathered: { type: 'string', default: '60' },
    val: { type: 'string', default: '100' },
  },
});
const { findSites, gatherMoments, mergeUnits } = await importBuilt(
  'detectors/correlation/index.js',
);
const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { writeSafetensors } = await importBuilt('detectors/weights/safetensors.js');
const { openNetwork } = await importBuilt('src/inspect/openNetwork.js');
const { findPhotoInputs } = await importBuilt('src/inspect/photoInputs.js');
const { proposePlan } = await importBuilt('src/compress/planMerges.js');
const { compareDetectors } = await importBuilt('src/compress/compareAccuracy.js');
const { compareNetworks, costsOf, costSize } = await importBuilt(
  'src/compress/measureCompression.js',
);
const { noProgress } = await importBuilt('src/progress.js');

const SETTINGS = [
  { by: 'pairs', multiple: 1, threshold: 0.9 },
  { by: 'pairs', multiple: 1, threshold: 0.7 },
  ...[0.88, 0.82, 0.76, 0.7].map((threshold) => ({
    by: 'combinations',
    multiple: 16,
    threshold,
  })),
];
const folder = `${root}out/compress`;
const model = `${root}models/coco80-r1/weights.safetensors`;
mkdirSync(folder, { recursive: true });

const train = readJson(`${coco}/train/instances.json`);
const heldOut = train.images.filter((_, i) => i % 10 === 0);
const ids = new Set(heldOut.map(({ id }) => id));
writeFileSync(
  `${folder}/held-out.json`,
  JSON.stringify({
    ...train,
    images: heldOut,
    annotations: train.annotations.filter(({ image_id }) => ids.has(image_id)),
  }),
);
const gatheredOn = train.images
  .filter((_, i) => i % 10 === 5)
  .map(({ file_name }) => `${coco}/train/images/${file_name}`);

const engine = await onnxEngine();
const network = await openNetwork(model);
const inputs = await findPhotoInputs(gatheredOn, Number(values.gathered));
const gathered = [];
for await (const layer of gatherMoments(
  network,
  engine,
  findSites(network.graph).filter(({ fixed }) => fixed === undefined),
  () => inputs.inputs(network),
)) {
  gathered.push(layer);
}
const timed = [];
const few = await findPhotoInputs([`${coco}/val/images`], 5);
for await (const input of few.inputs(network)) timed.push(input);

const round = (number) => Number(number.toFixed(4));
const size = costSize(network);
const before = costsOf(network, size);

const nameOf = ({ by, multiple, threshold }) =>
  `${by} r ≥ ${threshold}, multiples of ${multiple}`;

/** Makes and measures one setting; AP on the given photos. */
async function measure(setting, set) {
  const plan = gathered.map(({ site, moments }) => proposePlan(site, moments, setting));
  const { weights, removed } = mergeUnits(network.graph, network.weights, plan, model);
  const file = `${folder}/${nameOf(setting).replace(/[^\w.]+/g, '-')}.safetensors`;
  writeFileSync(file, writeSafetensors(weights));
  const narrow = await openNetwork(file);
  const after = costsOf(narrow, size);
  const { speed } = await compareNetworks(network, narrow, engine, timed);
  const accuracy = await compareDetectors([model, file], set, 'onnx', () => noProgress);
  const figures = {
    removed,
    parameters: round(after.parameters / before.parameters),
    multiply_adds: round(after.multiplyAdds / before.multiplyAdds),
    speed: round(speed),
    AP: round(accuracy.before.AP),
    AP_narrow: round(accuracy.after.AP),
    photos: accuracy.photos,
  };
  console.log(`${nameOf(setting)}: ${JSON.stringify(figures)}`);
  return figures;
}

const found = [];
for (const setting of SETTINGS) {
  const set = {
    annotations: `${folder}/held-out.json`,
    images: `${coco}/train/images`,
    limit: Number(values.photos),
  };
  found.push({ setting, figures: await measure(setting, set) });
}
const [chosen] = found
  .filter(({ figures }) => figures.AP_narrow >= figures.AP - 0.005)
  .sort((a, b) => a.figures.multiply_adds - b.figures.multiply_adds);
report({
  held_out: Object.fromEntries(
    found.map(({ setting, figures }) => [nameOf(setting), figures]),
  ),
  chosen: chosen ? nameOf(chosen.setting) : null,
  val: chosen
    ? await measure(chosen.setting, {
        annotations: `${coco}/val/instances.json`,
        images: `${coco}/val/images`,
        proposals: `${coco}/val/proposals-opencv-fast.json`,
        limit: Number(values.val),
      })
    : null,
});
