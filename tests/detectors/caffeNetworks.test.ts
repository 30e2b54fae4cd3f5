import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { networkNamed } from '../../detectors/graph/networks/index.js';
import { parameterShapes } from '../../detectors/graph/parameterShapes.js';
import type { Graph } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';

/*
 * tests/fixtures/detectors/caffe-networks.json: what OpenCV's DNN computes for Caffe
 * models (prototxt and caffemodel) of these networks, written by
 * scripts/goldens-networks.py with weights by the formula below.
 */
interface Golden {
  count: number;
  /** The largest absolute value. */
  scale: number;
  mean: number;
  samples: number[];
}
const { classes, networks } = JSON.parse(
  readFileSync(
    new URL('../fixtures/detectors/caffe-networks.json', import.meta.url),
    'utf8',
  ),
) as { classes: number; networks: Record<string, Record<string, Golden>> };

/** Numbers from −limit to limit by a hash of the name and the place. */
function numbers(name: string, shape: readonly number[], limit: number): Tensor {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) {
    seed = Math.imul(seed ^ byte, 16777619);
  }
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    let x = (i + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    data[i] = ((x >>> 0) / 2 ** 31 - 1) * limit;
  }
  return { shape, data };
}

function weightsOf(graph: Graph): Weights {
  const normalized = new Set(
    graph.nodes.filter(({ op }) => op === 'batchNormalization').map(({ name }) => name),
  );
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of parameterShapes(graph)) {
    const node = name.slice(0, name.lastIndexOf('/'));
    const parameter = name.slice(node.length + 1);
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const isMatrix = shape.length > 1;
    const limit = isMatrix ? Math.sqrt(6 / fanIn) : parameter === 'variance' ? 1 : 0.5;
    const { data } = numbers(name, shape, limit);
    if (parameter === 'variance') data.forEach((x, i) => (data[i] = 0.5 + x * x));
    if (parameter === 'weight' && normalized.has(node)) {
      data.forEach((x, i) => (data[i] = 1 + x));
    }
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata: {} };
}

const SAMPLES = 12;
const place = (i: number, count: number) => ((i * 2654435761) % 2 ** 32) % count;

it.each(Object.keys(networks))(
  '%s agrees with OpenCV on every layer to 1e-4 of its scale',
  async (name) => {
    const graph = networkNamed(name).build(classes);
    const layers = Object.entries(networks[name]);
    // Every node that computes anything, but ReLUs and what only changes the shape.
    const computing = graph.nodes
      .filter(({ op }) => !['relu', 'dropout', 'flatten'].includes(op))
      .map((node) => node.name);
    expect(layers.map(([layer]) => layer).sort()).toEqual([...computing].sort());

    const session = await (
      await onnxEngine()
    ).load(graph, weightsOf(graph), { outputs: computing });
    const input = numbers('data', [1, graph.inputChannels, ...graph.inputSize!], 128);
    const activations = await session.run(input);
    await session.dispose();
    for (const [layer, { count, scale, mean, samples }] of layers) {
      const { data } = activations[layer];
      const tolerance = 1e-4 * scale;
      expect(data.length, layer).toBe(count);
      expect(samples).toHaveLength(SAMPLES);
      samples.forEach((value, i) => {
        const at = place(i + 1, count);
        const problem = `${layer}[${at}]: ${data[at]}, not ${value}`;
        expect(Math.abs(data[at] - value), problem).toBeLessThan(tolerance);
      });
      let largest = 0;
      let sum = 0;
      for (const value of data) {
        largest = Math.max(largest, Math.abs(value));
        sum += value;
      }
      expect(Math.abs(largest - scale), `scale of ${layer}`).toBeLessThan(tolerance);
      expect(Math.abs(sum / count - mean), `mean of ${layer}`).toBeLessThan(tolerance);
    }
  },
);
