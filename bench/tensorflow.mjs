/**
 * The tensorflow engine against a bare tfjs loop of the same operations, and its
 * memory.
 *
 * GoogLeNet's classifier at 224×224, one thread: the engine from pixels in
 * [batch, channels, height, width] to probabilities, against the network written
 * out by hand in tfjs with its input ready as a tensor, in one `tf.tidy`. The two
 * run in turn, as does the onnx engine. Then 10,000 passes of photos of changing
 * sizes through the same network's first layers, and the tensors and the resident
 * memory that they leave.
 *
 *   node bench/tensorflow.mjs [--rounds 15] [--passes 10000]
 */
import { parseArgs } from 'node:util';
import { importBuilt, median, report } from './lib/shared.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    passes: { type: 'string', default: '10000' },
  },
});
const rounds = Number(values.rounds);
const passes = Number(values.passes);

const { tensorflowEngine } = await importBuilt('detectors/engines/tensorflowEngine.js');
const { loadTensorFlow } = await importBuilt(
  'detectors/engines/tensorflow/loadTensorflow.js',
);
const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { googlenetClassifier } = await importBuilt('detectors/graph/googlenet.js');
const { INCEPTION_CHANNELS } = await importBuilt(
  'detectors/graph/networks/inception.js',
);
const { parameterShapes } = await importBuilt('detectors/graph/parameterShapes.js');

const { tf, version } = loadTensorFlow(1);
const engine = await tensorflowEngine();
const graph = googlenetClassifier();

let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
const numbers = (length, scale) =>
  Float32Array.from({ length }, () => scale * random());
const weights = { tensors: new Map(), metadata: {} };
for (const [name, shape] of parameterShapes(graph)) {
  const size = shape.reduce((a, b) => a * b, 1);
  const inputs = Math.max(size / shape[0], 1);
  const data = numbers(size, 3.4 / Math.sqrt(inputs));
  weights.tensors.set(name, { shape, data });
}

/** GoogLeNet (Szegedy et al. 2014) in tfjs and nothing else: a function of [batch, height, width, 3]. */
function bareNetwork() {
  const parameter = (name, order) => {
    const { data, shape } = weights.tensors.get(name);
    return tf.tidy(() => {
      const tensor = tf.tensor(data, shape);
      return order ? tf.transpose(tensor, order) : tensor;
    });
  };
  const layers = new Map(
    graph.nodes
      .filter(({ op }) => op === 'convolution')
      .map(({ name }) => [
        name,
        [parameter(`${name}/weight`, [2, 3, 1, 0]), parameter(`${name}/bias`)],
      ]),
  );
  const matrix = parameter('loss3/classifier/weight', [1, 0]);
  const bias = parameter('loss3/classifier/bias');
  const convolve = (x, name, stride = 1, pad = 'same') => {
    const [filters, offsets] = layers.get(name);
    return tf.relu(tf.add(tf.conv2d(x, filters, stride, pad), offsets));
  };
  const inception = (x, module) => {
    const branch = (from, kind) => convolve(from, `inception_${module}/${kind}`);
    return tf.concat(
      [
        branch(x, '1x1'),
        branch(branch(x, '3x3_reduce'), '3x3'),
        branch(branch(x, '5x5_reduce'), '5x5'),
        branch(tf.maxPool(x, 3, 1, 'same'), 'pool_proj'),
      ],
      3,
    );
  };
  const border = [
    [0, 0],
    [3, 3],
    [3, 3],
    [0, 0],
  ];
  return (input) => {
    let x = convolve(tf.pad(input, border), 'conv1/7x7_s2', 2, 'valid');
    x = tf.localResponseNormalization(tf.maxPool(x, 3, 2, 'same'), 2, 1, 2e-5, 0.75);
    x = convolve(convolve(x, 'conv2/3x3_reduce'), 'conv2/3x3');
    x = tf.maxPool(tf.localResponseNormalization(x, 2, 1, 2e-5, 0.75), 3, 2, 'same');
    for (const module of Object.keys(INCEPTION_CHANNELS)) {
      x = inception(x, module);
      if (module === '3b' || module === '4e') x = tf.maxPool(x, 3, 2, 'same');
    }
    return tf.softmax(tf.add(tf.matMul(tf.mean(x, [1, 2]), matrix), bias));
  };
}

const bare = bareNetwork();
const session = await engine.load(graph, weights, { outputs: ['prob'] });
const onnx = await (await onnxEngine()).load(graph, weights, { outputs: ['prob'] });
const figures = {};
for (const batch of [1, 8]) {
  const shape = [batch, 3, 224, 224];
  const input = { shape, data: numbers(batch * 3 * 224 * 224, 200) };
  const tensor = tf.tidy(() =>
    tf.transpose(tf.tensor4d(input.data, shape), [0, 2, 3, 1]),
  );
  const ways = {
    engine: async () => (await session.run(input)).prob.data,
    bare: () => tf.tidy(() => bare(tensor).dataSync()),
    onnx: async () => (await onnx.run(input)).prob.data,
  };
  const [ours, theirs] = [await ways.engine(), ways.bare()];
  const difference = Math.max(...ours.map((p, i) => Math.abs(p - theirs[i])));
  if (!(difference < 1e-6)) throw new Error(`the networks differ by ${difference}`);
  const times = { engine: [], bare: [], onnx: [] };
  for (let round = -2; round < rounds; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const start = performance.now();
      await run();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  const ratio = (peer) => {
    const ratios = times.engine.map((time, i) => time / times[peer][i]);
    return Number(median(ratios).toFixed(3));
  };
  console.log(
    `batch ${batch}: engine ${median(times.engine).toFixed(1)} ms, bare tfjs ${median(times.bare).toFixed(1)} ms, onnx engine ${median(times.onnx).toFixed(1)} ms`,
  );
  figures[`time_vs_bare_tfjs_batch_${batch}`] = ratio('bare');
  figures[`time_vs_onnx_engine_batch_${batch}`] = ratio('onnx');
  tensor.dispose();
}
await session.dispose();

const first = await engine.load(graph, weights, { outputs: ['inception_3a/output'] });
const photos = [
  [32, 48],
  [48, 32],
  [40, 40],
  [33, 57],
].map(([height, width]) => ({
  shape: [1, 3, height, width],
  data: numbers(3 * height * width, 200),
}));
const pass = async (count) => {
  for (let i = 0; i < count; i++) await first.run(photos[i % photos.length]);
};
await pass(Math.ceil(passes / 10));
const tensors = tf.memory().numTensors;
const resident = process.memoryUsage.rss();
await pass(passes);
const grown = (process.memoryUsage.rss() - resident) / 2 ** 20;
console.log(
  `${version}: ${passes} passes, resident memory ${grown.toFixed(1)} MiB more`,
);
report({
  ...figures,
  passes,
  leaked_tensors: tf.memory().numTensors - tensors,
  resident_mib_more: Number(grown.toFixed(1)),
});
