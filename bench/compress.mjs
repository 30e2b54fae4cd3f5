/**
 * What merging correlated units saves the default detector, and what it costs: the
 * correlations are gathered on train photos, thresholds compared on photos held out
 * of train (every tenth, and none of those gathered on), and the chosen one reported
 * on val with OpenCV's proposals. Shared mode. The chosen threshold is the lowest
 * whose AP on the held-out photos is within half a point of the original's.
 *
 *   node bench/compress.mjs [--photos 60] [--gathered 60] [--thresholds 0.95,0.9,...]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { root } from './lib/run.mjs';
import { cli, coco, mustRun, readJson, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '60' },
    gathered: { type: 'string', default: '60' },
    thresholds: { type: 'string', default: '0.95,0.9,0.85,0.8,0.75,0.7,0.6' },
  },
});
const folder = `${root}out/compress`;
const model = `${root}models/coco80-r1/weights.safetensors`;
const thresholds = values.thresholds.split(',').map(Number);
mkdirSync(folder, { recursive: true });

const train = readJson(`${coco}/train/instances.json`);
const heldOut = train.images.filter((_, i) => i % 10 === 0);
const ids = new Set(heldOut.map(({ id }) => id));
const gatheredOn = train.images
  .filter((_, i) => i % 10 === 5)
  .slice(0, Number(values.gathered))
  .map(({ file_name }) => `${coco}/train/images/${file_name}`);
writeFileSync(
  `${folder}/held-out.json`,
  JSON.stringify({
    ...train,
    images: heldOut,
    annotations: train.annotations.filter(({ image_id }) => ids.has(image_id)),
  }),
);

const correlations = `${folder}/correlations.json`;
await mustRun([
  cli,
  'inspect',
  'correlations',
  ...gatheredOn,
  ...['--weights', model, '--threshold', String(Math.min(...thresholds))],
  ...['--json', correlations, '--quiet'],
]);

/** `weights compress` on one part of the photos. */
async function compress(threshold, part) {
  const isVal = part === 'val';
  const json = `${folder}/${part}-${threshold}.json`;
  await mustRun([
    cli,
    'weights',
    'compress',
    model,
    ...['--output', `${folder}/narrow-${threshold}.safetensors`],
    ...['--from', correlations, '--threshold', String(threshold)],
    // Time and difference on photos that nothing was gathered on.
    ...['--photos', `${coco}/val/images`, '--count', '5'],
    '--annotations',
    isVal ? `${coco}/val/instances.json` : `${folder}/held-out.json`,
    ...['--images', `${coco}/${isVal ? 'val' : 'train'}/images`],
    ...(isVal ? ['--proposals', `${coco}/val/proposals-opencv-fast.json`] : []),
    ...['--measured', values.photos, '--json', json, '--quiet'],
  ]);
  const found = readJson(json);
  const figures = {
    removed: found.removed,
    parameters: round(found.after.parameters / found.before.parameters),
    multiply_adds: round(found.after.multiplyAdds / found.before.multiplyAdds),
    speed: round(found.comparison.speed),
    AP: round(found.accuracy.before.AP),
    AP_narrow: round(found.accuracy.after.AP),
    photos: found.accuracy.photos,
  };
  console.log(`${part} r ≥ ${threshold}: ${JSON.stringify(figures)}`);
  return figures;
}

const round = (number) => Number(number.toFixed(4));
const heldOutFigures = {};
for (const threshold of [...thresholds].sort((a, b) => b - a)) {
  heldOutFigures[threshold] = await compress(threshold, 'held-out');
}
const good = thresholds.filter((threshold) => {
  const { AP, AP_narrow: narrow } = heldOutFigures[threshold];
  return narrow >= AP - 0.005;
});
const chosen = good.length > 0 ? Math.min(...good) : undefined;
report({
  held_out: heldOutFigures,
  chosen: chosen ?? null,
  val: chosen === undefined ? null : await compress(chosen, 'val'),
});
