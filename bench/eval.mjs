/**
 * COCO evaluation of a problem of val2017's size against pycocotools,
 * faster-coco-eval and hotcoco, in the same run:
 *
 *     RCNN_PYTHON=path/to/python node bench/eval.mjs
 *
 * RCNN_PYTHON (default python3) has the peers of scripts/requirements-peers.txt;
 * RCNN_DIST is where the build is (default ../dist). Every side starts a fresh process
 * a round, the sides take turns, and a side's figure is that of its best round: start-up
 * of node and Python is left out, warming up is not. The slow peers have one round.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evalProblem } from './evalProblem.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.RCNN_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'rcnn-bench-eval-'));

/** Writes a problem in pieces: a million detections are no single string. */
function writeProblem(name, options) {
  const { dataset, detections } = evalProblem(options);
  const annotationsFile = join(folder, `${name}-annotations.json`);
  const detectionsFile = join(folder, `${name}-detections.json`);
  writeFileSync(annotationsFile, JSON.stringify(dataset));
  const file = openSync(detectionsFile, 'w');
  for (let i = 0; i < detections.length; i += 50000) {
    const piece = JSON.stringify(detections.slice(i, i + 50000)).slice(1, -1);
    writeSync(file, (i === 0 ? '[' : ',') + piece);
  }
  writeSync(file, ']');
  closeSync(file);
  console.log(
    `${name}: ${dataset.images.length} photos, ${dataset.annotations.length} boxes, ` +
      `${dataset.categories.length} classes, ${detections.length} detections`,
  );
  return [annotationsFile, detectionsFile];
}

/** One round in a fresh process; `undefined` when the peer isn't installed. */
function run(side, files) {
  const [command, args] =
    side === 'ours'
      ? [process.execPath, [here('./eval-run.mjs'), ...files, '1']]
      : [python, [here('./eval-peers.py'), side, ...files, '1']];
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error?.code === 'ENOENT' || status === 3) return undefined;
  if (status !== 0) throw new Error(`${side} failed: ${stderr}`);
  const { read, evaluate, ...rest } = JSON.parse(stdout);
  return { read, evaluate, total: read + evaluate, ...rest };
}

try {
  const files = writeProblem('val2017-size');
  const rounds = {
    ours: 7,
    hotcoco: 7,
    'faster-coco-eval': 1,
    pycocotools: 1,
  };
  const best = {};
  for (let round = 0; round < 7; round++) {
    for (const [side, count] of Object.entries(rounds)) {
      if (round >= count) continue;
      const figure = run(side, files);
      if (!figure) {
        console.log(`${side} is not installed in ${python}: left out`);
        rounds[side] = 0;
        continue;
      }
      for (const part of ['read', 'evaluate', 'total']) {
        best[side] ??= { ...figure };
        best[side][part] = Math.min(best[side][part], figure[part]);
      }
    }
  }
  console.log('\nseconds              read  evaluate     total');
  for (const [side, { read, evaluate, total }] of Object.entries(best)) {
    const cells = [read, evaluate, total].map((s) => s.toFixed(3).padStart(9));
    console.log(side.padEnd(17) + cells.join(' '));
  }
  const bench = {};
  const { ours } = best;
  for (const [side, peer] of Object.entries(best)) {
    if (side === 'ours') continue;
    const name = side.replaceAll('-', '_');
    const difference = peer.metrics.map((value, i) =>
      value === null || ours.metrics[i] === null
        ? Number(value !== ours.metrics[i])
        : Math.abs(value - ours.metrics[i]),
    );
    bench[`${name}_time_over_ours`] = peer.total / ours.total;
    bench[`${name}_time_over_ours_read`] = peer.read / ours.read;
    bench[`${name}_time_over_ours_evaluate`] = peer.evaluate / ours.evaluate;
    bench[`${name}_largest_difference`] = Math.max(...difference);
    console.log(
      `${side} takes ${(peer.total / ours.total).toFixed(2)} times our time ` +
        `(read ${(peer.read / ours.read).toFixed(2)}, evaluate ` +
        `${(peer.evaluate / ours.evaluate).toFixed(2)}); largest difference of the 12 ` +
        `numbers ${Math.max(...difference).toExponential(1)}`,
    );
  }
  const million = writeProblem('million', {
    images: 10000,
    boxes: 73562,
    detectionsPerImage: 100,
  });
  const { peakMegabytes, total } = run('ours', million);
  console.log(
    `one million detections: ${total.toFixed(2)} s, peak ${peakMegabytes.toFixed(0)} MB`,
  );
  bench.million_detections_peak_megabytes = peakMegabytes;
  console.log(`BENCH ${JSON.stringify(bench)}`);
} finally {
  rmSync(folder, { recursive: true });
}
