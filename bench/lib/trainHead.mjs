/**
 * Trains the position-sensitive maps of a detector on cached windows, with tfjs: softmax
 * cross-entropy over the classes, and Huber's loss of the box deltas of windows that show
 * an object (Girshick 2015, §2.3). The same seed gives the same weights.
 */
import { importBuilt } from './run.mjs';
import { readWindows } from './windowFiles.mjs';
import { shuffle } from './windows.mjs';

const { loadTensorFlow } = await importBuilt(
  'detectors/engines/tensorflow/loadTensorflow.js',
);
const { randomNumbers } = await importBuilt('proposals/random.js');

export const HEAD_DEFAULTS = {
  epochs: 3,
  /** Adam's rate at first; it falls to zero along half a cosine. */
  rate: 2e-3,
  /** Photos in a step. */
  photos: 2,
  /** Windows that a photo gives to a step. */
  windows: 64,
};

/** Rows of windows, all of them or so many drawn at random. */
function drawRows({ labels, deltas, features }, count, random) {
  const length = features.length / labels.length;
  const rows = [...labels.keys()];
  const chosen = random ? shuffle(rows, random).slice(0, count) : rows;
  const drawn = {
    labels: new Int32Array(chosen.length),
    deltas: new Float32Array(4 * chosen.length),
    features: new Float32Array(length * chosen.length),
  };
  chosen.forEach((row, i) => {
    drawn.labels[i] = labels[row];
    drawn.deltas.set(deltas.subarray(4 * row, 4 * row + 4), 4 * i);
    const own = features.subarray(length * row, length * (row + 1));
    drawn.features.set(own, length * i);
  });
  return drawn;
}

/** Loss of a batch: a function of the variables that `forward` closes over. */
function lossOf(tf, forward, { labels, deltas, features }, classes) {
  const count = labels.length;
  const outputs = forward(tf.tensor2d(features, [count, features.length / count]));
  const logits = tf.slice(outputs, [0, 0], [count, classes]);
  const moved = tf.slice(outputs, [0, classes], [count, 4]);
  const wanted = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
  const classLoss = tf.neg(tf.sum(tf.mul(wanted, tf.logSoftmax(logits))));
  const off = tf.abs(tf.sub(moved, tf.tensor2d(deltas, [count, 4])));
  const near = tf.minimum(off, 1);
  const huber = tf.add(tf.mul(0.5, tf.square(near)), tf.sub(off, near));
  const shows = tf.tensor2d(
    Float32Array.from(labels, (label) => Number(label > 0)),
    [count, 1],
  );
  return tf.div(tf.add(classLoss, tf.sum(tf.mul(huber, shows))), count);
}

/**
 * @param paths windows' files, to train on and to watch
 * @param head the detector's `head`, whose form the maps take
 * @returns the maps' parameters, [bins² · outputs, channels, 1, 1] and [bins² · outputs]
 */
export async function trainHead(paths, head, seed, log, options = {}) {
  const { epochs, rate, photos, windows } = { ...HEAD_DEFAULTS, ...options };
  const { tf } = loadTensorFlow(1);
  const random = randomNumbers(seed);
  const { outputs, classes, bins } = head;
  const parts = bins ** 2;
  const [first] = paths.train;
  const { labels, features } = readWindows(first);
  const length = features.length / labels.length;
  // Normal by Box and Muller, so that one generator does for all.
  const normal = () =>
    0.01 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const start = Float32Array.from({ length: length * outputs }, normal);
  const weight = tf.variable(tf.tensor2d(start, [length, outputs]));
  const bias = tf.variable(tf.zeros([outputs]));
  const forward = (x) => tf.add(tf.matMul(x, weight), bias);
  const optimizer = tf.train.adam(rate);
  const steps = epochs * Math.ceil(paths.train.length / photos);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffle([...paths.train], random);
    let sum = 0;
    for (let i = 0; i < order.length; i += photos, step++) {
      const batch = join(
        order
          .slice(i, i + photos)
          .map((path) => drawRows(readWindows(path), windows, random)),
      );
      optimizer.learningRate = (rate * (1 + Math.cos((Math.PI * step) / steps))) / 2;
      const loss = optimizer.minimize(() => lossOf(tf, forward, batch, classes), true, [
        weight,
        bias,
      ]);
      sum += loss.dataSync()[0];
      loss.dispose();
    }
    let watched = 0;
    for (const path of paths.watch) {
      const all = drawRows(readWindows(path));
      watched += tf.tidy(() => lossOf(tf, forward, all, classes).dataSync()[0]);
    }
    log(
      `seed ${seed}, epoch ${epoch + 1} of ${epochs}: loss ${(sum / Math.ceil(order.length / photos)).toFixed(3)}, on photos held out ${(watched / paths.watch.length).toFixed(3)}`,
    );
  }
  const trained = weight.dataSync();
  const maps = {
    weight: new Float32Array(trained.length),
    bias: new Float32Array(parts * outputs),
  };
  const channels = length / parts;
  for (let part = 0; part < parts; part++) {
    maps.bias.set(bias.dataSync(), part * outputs);
    for (let c = 0; c < channels; c++) {
      for (let o = 0; o < outputs; o++) {
        maps.weight[(part * outputs + o) * channels + c] =
          trained[(part * channels + c) * outputs + o];
      }
    }
  }
  optimizer.dispose();
  tf.dispose([weight, bias]);
  return maps;
}

/** Several photos' windows as one batch. */
function join(parts) {
  const all = {};
  for (const key of Object.keys(parts[0])) {
    const length = parts.reduce((sum, part) => sum + part[key].length, 0);
    all[key] = new parts[0][key].constructor(length);
    let at = 0;
    for (const part of parts) {
      all[key].set(part[key], at);
      at += part[key].length;
    }
  }
  return all;
}
