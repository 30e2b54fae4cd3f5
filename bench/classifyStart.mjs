/**
 * From the start of `rcnn classify` on one photo to its first result, against a bare
 * script that loads onnxruntime and the same network as an ONNX file and runs it once
 * on zeros. Both are fresh processes, in turn; their start is in both times.
 *
 *   node bench/classifyStart.mjs [--rounds 15]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cli, coco, importBuilt, median, mustRun, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    bare: { type: 'string' },
  },
});

if (values.bare) await bareRun(values.bare);
else await main();

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'rcnn-bench-'));
  const original = `${coco}/../../models/bvlc_googlenet/bvlc_googlenet.caffemodel`;
  const weights = join(folder, 'googlenet.safetensors');
  await mustRun([cli, 'weights', 'import', original, '--output', weights]);
  const onnx = join(folder, 'googlenet.onnx');
  await writeOnnx(original, onnx);
  const photo = fileURLToPath(new URL('../samples/chelsea.jpg', import.meta.url));
  const commands = {
    classify: [cli, 'classify', photo, '--weights', weights],
    bare: [fileURLToPath(import.meta.url), '--bare', onnx],
  };
  const times = { classify: [], bare: [] };
  // The first round brings the files into memory.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [name, args] of Object.entries(commands)) {
      const time = await firstOutput(args);
      if (round > 0) times[name].push(time);
    }
  }
  rmSync(folder, { recursive: true });
  const ratios = times.classify.map((time, i) => time / times.bare[i]);
  console.log(
    `first result after ${median(times.classify).toFixed(0)} ms, bare load and pass ${median(times.bare).toFixed(0)} ms`,
  );
  report({
    classify_first_result_vs_bare: Number(median(ratios).toFixed(3)),
    of_medians: Number((median(times.classify) / median(times.bare)).toFixed(3)),
    rounds: ratios.length,
  });
}

async function writeOnnx(file, output) {
  const { readClassifier } = await importBuilt('detectors/classify/readClassifier.js');
  const { buildOnnx } = await importBuilt('detectors/onnx/emitOnnx.js');
  const { encodeOnnx } = await importBuilt('detectors/onnx/encodeOnnx.js');
  const { graph, weights } = readClassifier(readFileSync(file), file);
  writeFileSync(output, encodeOnnx(buildOnnx(graph, weights, ['prob'], 'moderate')));
}

/** Milliseconds from the start of a process to the first it says. */
function firstOutput(args) {
  return new Promise((done, fail) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let time;
    child.stdout.on('data', () => (time ??= performance.now() - start));
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 && time !== undefined
        ? done(time)
        : fail(new Error(`${args.join(' ')} ended with ${code}`)),
    );
  });
}

async function bareRun(onnx) {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(readFileSync(onnx), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const data = new ort.Tensor(
    'float32',
    new Float32Array(3 * 224 * 224),
    [1, 3, 224, 224],
  );
  const { prob } = await session.run({ data });
  console.log(prob.data[0]);
}
