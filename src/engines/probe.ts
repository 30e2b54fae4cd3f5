/*
 * Loads an engine and multiplies two matrices with it, in a process of its own: a
 * native library that does not suit the machine can end its process.
 * Argument: the engine's name. Says what it found as a message to its parent.
 */
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { loadTensorFlow } from '../../detectors/engines/tensorflow/loadTensorflow.js';
import { tensorflowEngine } from '../../detectors/engines/tensorflowEngine.js';
import type { ProbeResult } from './probeEngine.js';

async function probe(name: string): Promise<ProbeResult> {
  const start = performance.now();
  const engine = await (name === 'onnx' ? onnxEngine() : tensorflowEngine());
  // [1, 2] · [[3, 4], [5, 6]] + [7, 8]; weights are [outputs, inputs].
  const session = await engine.load(
    {
      name: 'probe',
      input: 'data',
      inputChannels: 2,
      nodes: [
        { op: 'globalAveragePool', name: 'row', input: 'data' },
        { op: 'linear', name: 'product', input: 'row', outputs: 2 },
      ],
    },
    {
      tensors: new Map([
        ['product/weight', { shape: [2, 2], data: Float32Array.of(3, 5, 4, 6) }],
        ['product/bias', { shape: [2], data: Float32Array.of(7, 8) }],
      ]),
      metadata: {},
    },
    { outputs: ['product'] },
  );
  const { product } = await session.run({
    shape: [1, 2, 1, 1],
    data: Float32Array.of(1, 2),
  });
  await session.dispose();
  if (product.data.join() !== '20,24') {
    throw new Error(
      `it computes wrongly: [1, 2] · [[3, 4], [5, 6]] + [7, 8] came out as [${product.data.join(', ')}]`,
    );
  }
  return {
    loads: true,
    version: engine.version,
    device: engine.device,
    folder: name === 'tensorflow' ? loadTensorFlow().folder : undefined,
    seconds: (performance.now() - start) / 1000,
  };
}

process.send!(
  await probe(process.argv[2]).catch((error: Error): ProbeResult => ({
    loads: false,
    problem: error.message,
  })),
);
process.disconnect();
