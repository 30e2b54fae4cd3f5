/**
 * Proposals against their peers, photo by photo in turn, one thread each, by processor
 * time (ours counts the runtime's own threads too): OpenCV's
 * selective search, the PyPI package selectivesearch, scikit-image's felzenszwalb.
 * Speed, and recall and MABO at 100, 300 and 1,000 boxes and at as many boxes as the
 * peer has. OpenCV's order is random: its figures are means over several runs.
 *
 *   node bench/proposals.mjs [--photos 100] [--quality-photos 100] [--orders 5]
 *     [--slow-photos 3] [--python python3] [--output FOLDER] [--no-scaling]
 *
 * The peers are in scripts/requirements-peers.txt; RCNN_PYTHON names a Python that
 * has them. With --output, curves and the time a pixel are left there as CSV and SVG.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coco, importBuilt, mustRun, readJson, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '100' },
    'quality-photos': { type: 'string', default: '100' },
    'slow-photos': { type: 'string', default: '3' },
    orders: { type: 'string', default: '5' },
    python: { type: 'string', default: process.env.RCNN_PYTHON ?? 'python3' },
    output: { type: 'string' },
    'no-scaling': { type: 'boolean', default: false },
    /** Internal: search a mosaic of so many megapixels in this process. */
    mosaic: { type: 'string' },
  },
});
const { felzenszwalb, proposalRecall, recallPlot, selectiveSearch } =
  await importBuilt('proposals/index.js');
const { default: sharp } = await import('sharp');
const val = readJson(`${coco}/val/instances.json`);
const figures = {};

async function decode({ file_name }) {
  const { data, info } = await sharp(`${coco}/val/images/${file_name}`)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    data: new Uint8Array(data),
    width: info.width,
    height: info.height,
    channels: 3,
  };
}

/** A picture of so many megapixels, of val photos at their own size. */
async function mosaic(megapixels) {
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3));
  const height = Math.round(width * 0.75);
  const data = new Uint8Array(3 * width * height);
  let photo = 0;
  for (let top = 0; top < height; top += 300) {
    for (let left = 0; left < width;) {
      const tile = await decode(val.images[photo++ % val.images.length]);
      const columns = Math.min(tile.width, width - left);
      for (let y = 0; y < 300 && top + y < height; y++) {
        const from = 3 * tile.width * (y % tile.height);
        const row = tile.data.subarray(from, from + 3 * columns);
        data.set(row, 3 * ((top + y) * width + left));
      }
      left += columns;
    }
  }
  return { data, width, height, channels: 3 };
}

if (values.mosaic) {
  const image = await mosaic(Number(values.mosaic));
  const options = { workingSize: Infinity };
  const small = await mosaic(0.2);
  for (let i = 0; i < 5; i++) selectiveSearch(small, options);
  const before = process.resourceUsage().maxRSS;
  let seconds = Infinity;
  const repeats = Number(values.mosaic) < 1 ? 10 : 3;
  for (let i = 0; i < repeats; i++) {
    const start = process.cpuUsage();
    selectiveSearch(image, options);
    const { user, system } = process.cpuUsage(start);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  const grown = (process.resourceUsage().maxRSS - before) * 1024;
  const pixels = image.width * image.height;
  console.log(JSON.stringify({ pixels, seconds, bytesPerPixel: grown / pixels }));
  process.exit(0);
}

const folder = mkdtempSync(`${tmpdir()}/bench-proposals-`);
const peers = spawn(
  values.python,
  [fileURLToPath(new URL('proposals-peers.py', import.meta.url))],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const answers = createInterface({ input: peers.stdout })[Symbol.asyncIterator]();
const missing = new Set();

/** What a peer makes of an image, or undefined when it isn't installed. */
async function ask(peer, image, runs) {
  if (missing.has(peer)) return undefined;
  const path = `${folder}/image.rgb`;
  writeFileSync(path, image.data);
  peers.stdin.write(`${peer} ${image.width} ${image.height} ${runs} ${path}\n`);
  const line = await answers.next();
  if (line.done) throw new Error(`${values.python} ended`);
  const answer = JSON.parse(line.value);
  if (!answer.missing) return answer;
  missing.add(peer);
  console.log(`${peer} left out: ${answer.missing}`);
  return undefined;
}

const truthOf = new Map();
for (const { image_id, bbox, category_id } of val.annotations) {
  const truth = truthOf.get(image_id) ?? { groundTruth: [], classes: [] };
  const [x, y, w, h] = bbox;
  truth.groundTruth.push(x, y, x + w, y + h);
  truth.classes.push(category_id);
  truthOf.set(image_id, truth);
}
/** Seconds of processor time that this process has had, all threads. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const noTruth = { groundTruth: [], classes: [] };
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Our mode against a peer on so many photos. */
async function compare(mode, peer, photos, runs, key) {
  const times = { ours: [], theirs: [] };
  const all = { ours: [], theirs: Array.from({ length: runs }, () => []) };
  const equal = { ours: [], theirs: [] };
  // Photos that are not measured, until the compiler has seen all there is.
  const warm = await decode(val.images[val.images.length - 1]);
  for (const info of val.images.slice(-20))
    selectiveSearch(await decode(info), { mode });
  if (!(await ask(peer, warm, 1))) return;
  for (const info of val.images.slice(0, photos)) {
    const image = await decode(info);
    const start = processorSeconds();
    const { boxes } = selectiveSearch(image, { mode });
    times.ours.push(processorSeconds() - start);
    const theirs = await ask(peer, image, runs);
    times.theirs.push(mean(theirs.seconds));
    const truth = truthOf.get(info.id) ?? noTruth;
    all.ours.push({ ...truth, proposals: boxes });
    theirs.boxes.forEach((proposals, run) =>
      all.theirs[run].push({ ...truth, proposals }),
    );
    equal.ours.push({ ...truth, proposals: boxes.subarray(0, theirs.boxes[0].length) });
    equal.theirs.push({ ...truth, proposals: theirs.boxes[0] });
  }
  const ours = proposalRecall(all.ours);
  const theirRuns = all.theirs.map((run) => proposalRecall(run));
  const ourEqual = proposalRecall(equal.ours, { counts: [Infinity] });
  const theirEqual = proposalRecall(equal.theirs, { counts: [Infinity] });
  const ratio = mean(times.theirs) / mean(times.ours);
  figures[`${key}_speed`] = ratio;
  console.log(
    `\n${mode} against ${peer}, ${photos} photos: ${ratio.toFixed(2)} times as fast ` +
      `(${(1000 * mean(times.ours)).toFixed(0)} ms and ${(1000 * mean(times.theirs)).toFixed(0)} ms a photo), ` +
      `boxes ${ours.meanProposals.toFixed(0)} and ${theirEqual.meanProposals.toFixed(0)}`,
  );
  console.log('boxes        recall@0.5          MABO                AR');
  const row = (name, ourRecall, ourIndex, theirs, theirIndex) => {
    const pairs = [
      [
        'recall',
        ourRecall.recall[0][ourIndex],
        mean(theirs.map((r) => r.recall[0][theirIndex])),
      ],
      [
        'mabo',
        ourRecall.meanAverageBestOverlap[ourIndex],
        mean(theirs.map((r) => r.meanAverageBestOverlap[theirIndex])),
      ],
      [
        'ar',
        ourRecall.averageRecall[ourIndex],
        mean(theirs.map((r) => r.averageRecall[theirIndex])),
      ],
    ];
    console.log(
      String(name).padEnd(12) +
        pairs
          .map(([, a, b]) => `${a.toFixed(4)} / ${b.toFixed(4)}`.padEnd(20))
          .join(''),
    );
    for (const [what, a, b] of pairs) figures[`${key}_${what}_gain_at_${name}`] = a - b;
  };
  ours.counts.forEach((count, i) => {
    if (count !== Infinity) row(count, ours, i, theirRuns, i);
  });
  row('equal', ourEqual, 0, [theirEqual], 0);
  return { ours, theirs: theirRuns[0] };
}

try {
  const photos = Number(values.photos);
  const orders = Number(values.orders);
  const curves = [];
  for (const mode of ['fast', 'single', 'quality']) {
    const some = mode === 'quality' ? Number(values['quality-photos']) : photos;
    if (some === 0) continue;
    const result = await compare(mode, `opencv-${mode}`, some, orders, mode);
    if (!result) continue;
    curves.push({ name: mode, recall: result.ours });
    curves.push({ name: `OpenCV ${mode}`, recall: result.theirs });
  }
  const slow = Number(values['slow-photos']);
  if (slow > 0) await compare('single', 'selectivesearch', slow, 1, 'selectivesearch');

  const superpixels = { ours: [], theirs: [] };
  for (const [i, info] of val.images.slice(0, photos + 5).entries()) {
    const image = await decode(info);
    const start = processorSeconds();
    felzenszwalb(image, { sigma: 0.8, k: 100, minSize: 50 });
    const seconds = processorSeconds() - start;
    const theirs = await ask('skimage', image, 1);
    if (!theirs) break;
    if (i < 5) continue;
    superpixels.ours.push(seconds);
    superpixels.theirs.push(theirs.seconds[0]);
  }
  if (superpixels.ours.length > 0) {
    figures.superpixels_speed = mean(superpixels.theirs) / mean(superpixels.ours);
    console.log(
      `\nsuperpixels: ${figures.superpixels_speed.toFixed(2)} times as fast as scikit-image`,
    );
  }

  const scaling = [];
  if (!values['no-scaling']) {
    const self = fileURLToPath(import.meta.url);
    console.log('\nmegapixels  µs a pixel  bytes a pixel');
    for (const megapixels of [0.2, 0.5, 1, 2, 4, 8, 12]) {
      const { stdout } = await mustRun([self, '--mosaic', String(megapixels)]);
      const { pixels, seconds, bytesPerPixel } = JSON.parse(stdout);
      scaling.push({
        megapixels,
        microseconds: (1e6 * seconds) / pixels,
        bytesPerPixel,
      });
      console.log(
        String(megapixels).padEnd(12) +
          ((1e6 * seconds) / pixels).toFixed(3).padEnd(12) +
          bytesPerPixel.toFixed(0),
      );
    }
    figures.time_per_pixel_growth =
      scaling.at(-1).microseconds / scaling[0].microseconds;
    figures.peak_bytes_per_pixel = scaling.at(-1).bytesPerPixel;
  }
  if (values.output) {
    mkdirSync(values.output, { recursive: true });
    writeFileSync(`${values.output}/recall.svg`, recallPlot(curves));
    const lines = scaling.map(
      (s) => `${s.megapixels},${s.microseconds},${s.bytesPerPixel}`,
    );
    writeFileSync(
      `${values.output}/scaling.csv`,
      `megapixels,microseconds a pixel,bytes a pixel\n${lines.join('\n')}\n`,
    );
    if (scaling.length > 0)
      writeFileSync(`${values.output}/scaling.svg`, scalingPlot(scaling));
  }
  report(figures);
} finally {
  peers.stdin.end();
  rmSync(folder, { recursive: true });
}

/** Time a pixel against megapixels (logarithmic). */
function scalingPlot(scaling) {
  const most = 1.1 * Math.max(...scaling.map((s) => s.microseconds));
  const x = ({ megapixels }) => 60 + (500 * Math.log(megapixels / 0.2)) / Math.log(60);
  const y = ({ microseconds }) => 300 - (280 * microseconds) / most;
  const points = scaling.map((s) => `${x(s).toFixed(1)} ${y(s).toFixed(1)}`);
  const ticks = scaling.map(
    (s) => `<text x="${x(s)}" y="320" text-anchor="middle">${s.megapixels}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="350" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/><path d="M60 20V300H570" fill="none" stroke="#888"/>${ticks.join('')}<text x="315" y="342" text-anchor="middle">megapixels</text><text x="8" y="16">µs a pixel (top ${most.toFixed(2)})</text><path d="M${points.join('L')}" fill="none" stroke="#0072b2" stroke-width="2"/></svg>\n`;
}
