import { expect, it } from 'vitest';
import { loadTensorFlow } from '../../detectors/engines/tensorflow/loadTensorflow.js';
import { tensorflowEngine } from '../../detectors/engines/tensorflowEngine.js';
import { describeTensorFlow } from '../tensorflow.js';
import { graphOf } from './kinds.js';
import { randomNumbers, randomTensor, randomWeights } from './randomNetwork.js';

/** A little of everything that takes memory on its way. */
const GRAPH = graphOf([
  { op: 'convolution', name: 'c1', input: 'data', outputs: 8, size: 3, pad: 1 },
  { op: 'relu', name: 'r1', input: 'c1' },
  {
    op: 'localResponseNormalization',
    name: 'n',
    input: 'r1',
    size: 5,
    alpha: 1e-4,
    beta: 0.75,
    k: 1,
  },
  { op: 'maxPool', name: 'p', input: 'n', size: 3, stride: 2, pad: 1 },
  { op: 'convolution', name: 'c2', input: 'p', outputs: 8, size: 3, stride: 2, pad: 1 },
  { op: 'spaceToBatch', name: 's', input: 'p', block: 2 },
  { op: 'convolution', name: 'c3', input: 's', outputs: 8, size: 1, groups: 2 },
  { op: 'batchToSpace', name: 'b', input: 'c3', block: 2, like: 'p' },
  { op: 'averagePool', name: 'a', input: 'b', size: 3, stride: 2 },
  { op: 'globalAveragePool', name: 'g2', input: 'c2' },
  { op: 'globalAveragePool', name: 'ga', input: 'a' },
  { op: 'concat', name: 'c', inputs: ['g2', 'ga'] },
  { op: 'dropout', name: 'd', input: 'c', rate: 0.4 },
  { op: 'linear', name: 'l', input: 'd', outputs: 10 },
  { op: 'softmax', name: 'out', input: 'l' },
]);
const PASSES = 10_000;
/** What the heap may breathe; a leak of one activation a pass would be 100 MB. */
const SLACK = 24 * 2 ** 20;

describeTensorFlow('memory', () => {
  it(`leaks neither tensors nor resident memory in ${PASSES} passes`, async () => {
    const { tf } = loadTensorFlow();
    const engine = await tensorflowEngine();
    const session = await engine.load(GRAPH, randomWeights(GRAPH), {
      outputs: ['p', 'out'],
    });
    // Sizes change, as photos' do.
    const inputs = [17, 18, 23].map((side) =>
      randomTensor([1, GRAPH.inputChannels, side, side + 1], randomNumbers(side)),
    );
    const run = async (passes: number) => {
      for (let i = 0; i < passes; i++) await session.run(inputs[i % inputs.length]);
    };
    await run(2000);
    const tensors = tf.memory().numTensors;
    const resident = process.memoryUsage.rss();
    await run(PASSES);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(SLACK);
    await session.dispose();
  }, 180_000);
});
