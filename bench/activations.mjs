/**
 * The memory for activations that `rcnn summary` states, by their lifetimes in the graph,
 * against what the onnx engine takes: by how much the resident memory of a process peaks
 * higher for each further image of a batch (Linux: VmHWM in /proc). Weights, code and
 * whatever does not grow with the batch fall out of the difference.
 *
 *   node bench/activations.mjs [--networks googlenet,alexnet,nin,lenet]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importBuilt, report } from './lib/run.mjs';

const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: 'googlenet,alexnet,nin,lenet' },
    /** Internal: print the peak of this process for one batch. */
    network: { type: 'string' },
    batch: { type: 'string' },
  },
});
/** What the batches should take by the graph, so that pages and chunks don't matter. */
const BYTES = [100 * 2 ** 20, 300 * 2 ** 20];

const { networkNamed } = await importBuilt('detectors/graph/networks/index.js');
const { parameterShapes } = await importBuilt('detectors/graph/parameterShapes.js');
const { peakMemory } = await importBuilt('detectors/graph/peakMemory.js');

if (values.network) await printPeak(values.network, Number(values.batch));
else {
  const figures = {};
  for (const name of values.networks.split(',')) {
    const stated = peakMemory(networkNamed(name).build()).bytes;
    const batches = BYTES.map((bytes) => Math.ceil(bytes / stated));
    const peaks = [];
    for (const batch of batches) {
      const self = fileURLToPath(import.meta.url);
      const args = [self, '--network', name, '--batch', String(batch)];
      peaks.push(Number(execFileSync(process.execPath, args)));
    }
    const measured = (peaks[1] - peaks[0]) / (batches[1] - batches[0]);
    const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
    console.log(
      `${name}: ${kib(stated)} an image by the graph, ${kib(measured)} in onnxruntime (batches of ${batches.join(' and ')})`,
    );
    figures[name.replace('-', '_')] = Number((measured / stated).toFixed(2));
  }
  report({ onnxruntime_vs_stated: figures });
}

/** Bytes that this process has at most while it runs a batch, beyond those before it. */
async function printPeak(name, batch) {
  const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
  const graph = networkNamed(name).build();
  const tensors = new Map(
    // Of zeros, which memory does not tell from others.
    [...parameterShapes(graph)].map(([parameter, shape]) => [
      parameter,
      { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  );
  const output = graph.nodes.at(-1).name;
  const engine = await onnxEngine();
  const weights = { tensors, metadata: {} };
  const session = await engine.load(graph, weights, { outputs: [output] });
  const shape = [batch, graph.inputChannels, ...graph.inputSize];
  // The input belongs to the activations; it is counted where it is made.
  const before = field('VmRSS');
  writeFileSync('/proc/self/clear_refs', '5');
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  await session.run({ data, shape });
  console.log(field('VmHWM') - before);
}

function field(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
}
