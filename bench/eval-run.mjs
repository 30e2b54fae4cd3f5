// Our side of bench/eval.mjs, in a process of its own as the peers have theirs:
// node eval-run.mjs ANNOTATIONS DETECTIONS ROUNDS
import { openSync, readFileSync, readSync } from 'node:fs';

const dist = process.env.RCNN_DIST ?? new URL('../dist', import.meta.url).pathname;
const { createDetectionReader, evaluate, parseGroundTruthTable } = await import(
  `${dist}/eval/index.js`
);
const [annotations, detections, rounds] = process.argv.slice(2);

for (let round = 0; round < Number(rounds); round++) {
  const start = performance.now();
  const truth = parseGroundTruthTable(readFileSync(annotations));
  const reader = createDetectionReader(detections);
  const file = openSync(detections);
  const piece = new Uint8Array(1 << 20);
  for (let n; (n = readSync(file, piece)) > 0;) reader.write(piece.subarray(0, n));
  const found = reader.end();
  const read = performance.now();
  const { metrics } = evaluate(truth, found);
  const end = performance.now();
  console.log(
    JSON.stringify({
      read: (read - start) / 1000,
      evaluate: (end - read) / 1000,
      metrics: Object.values(metrics),
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    }),
  );
}
