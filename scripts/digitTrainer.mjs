/**
 * Training of small networks on digits: plain stochastic gradient descent, one digit at a
 * time, on the graph itself. The same seed gives the same weights.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { activationShapes } from '../dist/detectors/graph/activationShapes.js';
import { parameterShapes } from '../dist/detectors/graph/parameterShapes.js';
import { digitPrototypes } from './digitPrototypes.mjs';

/** How each network wants its pixels, p · scale + shift, and is trained on 9,000 digits. */
export const SETTINGS = {
  lenet5: { epochs: 10, rate: 2e-4, decay: 0.75, scale: 1.275, shift: -0.1 },
  lenet: { epochs: 3, rate: 5e-3, decay: 0.4, scale: 1, shift: 0 },
};

const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** A network that can be run and trained, one image at a time. */
export class Trainer {
  /**
   * @param graph of the kinds of node that LeNets are made of
   * @param random numbers from 0 to 1, for the first weights
   */
  constructor(graph, random) {
    this.graph = graph;
    this.shapes = activationShapes(this.graph);
    this.values = new Map();
    this.gradients = new Map();
    for (const [activation, shape] of this.shapes) {
      this.values.set(activation, new Float32Array(product(shape)));
      this.gradients.set(activation, new Float32Array(product(shape)));
    }
    this.parameters = new Map();
    this.steps = new Map();
    for (const [key, shape] of parameterShapes(this.graph)) {
      const data = new Float32Array(product(shape));
      const limit = Math.sqrt(3 / product(shape.slice(1)));
      if (shape.length > 1)
        data.forEach((_, i) => (data[i] = limit * (2 * random() - 1)));
      this.parameters.set(key, { shape, data });
      this.steps.set(key, new Float32Array(data.length));
    }
    for (const node of this.graph.nodes) this.#prepare(node);
    // Softmax and its loss are one step; what is trained ends before it.
    this.nodes = this.graph.nodes.filter(({ op }) => op !== 'softmax');
    this.last = this.nodes[this.nodes.length - 1];
  }

  #prepare(node) {
    const weight = this.parameters.get(`${node.name}/weight`)?.data;
    if (node.op === 'channelScale') weight.fill(1);
    if (node.op === 'radialBasis') weight.set(digitPrototypes());
    if (node.op !== 'convolution') return;
    const inputs = this.shapes.get(node.input)[1];
    const area = node.size ** 2;
    node.rows = node.connections ?? Array(node.outputs).fill([...Array(inputs).keys()]);
    for (let o = 0; o < node.outputs; o++) {
      for (let c = 0; c < inputs; c++) {
        const from = (o * inputs + c) * area;
        if (!node.rows[o].includes(c)) weight.fill(0, from, from + area);
        // A sparse row has fewer inputs, so larger weights.
        else
          for (let i = from; i < from + area; i++)
            weight[i] *= Math.sqrt(inputs / node.rows[o].length);
      }
    }
  }

  forward(image) {
    this.values.get('data').set(image);
    for (const node of this.nodes) this.#step(node, false);
    return this.values.get(this.last.name);
  }

  /** The class that the network names: the nearest prototype, or the largest logit. */
  classify(image) {
    const output = this.forward(image);
    const sign = this.last.op === 'radialBasis' ? -1 : 1;
    return output.reduce(
      (best, x, i) => (sign * x > sign * output[best] ? i : best),
      0,
    );
  }

  /** Loss of the last image run, and its gradient at the outputs. */
  loss(label) {
    const output = this.values.get(this.last.name);
    const gradient = this.gradients.get(this.last.name);
    if (this.last.op === 'radialBasis') {
      // LeCun et al. 1998, eq. 9: the others' distances should be large, up to a point.
      const j = 0.1;
      let total = Math.exp(-j);
      for (const y of output) total += Math.exp(-y);
      output.forEach(
        (y, i) => (gradient[i] = -Math.exp(-y) / total + (i === label ? 1 : 0)),
      );
      return output[label] + Math.log(total);
    }
    const highest = Math.max(...output);
    let total = 0;
    for (const x of output) total += Math.exp(x - highest);
    output.forEach((x, i) => {
      gradient[i] = Math.exp(x - highest) / total - (i === label ? 1 : 0);
    });
    return Math.log(total) + highest - output[label];
  }

  /** Gradients of all parameters for the loss of the last image run. */
  backward() {
    for (const node of this.nodes) {
      if (node !== this.last) this.gradients.get(node.name).fill(0);
    }
    this.gradients.get('data').fill(0);
    for (const step of this.steps.values()) step.fill(0);
    for (let i = this.nodes.length - 1; i >= 0; i--) this.#step(this.nodes[i], true);
  }

  descend(rate) {
    for (const [key, { data }] of this.parameters) {
      // Prototypes are fixed.
      if (this.last.op === 'radialBasis' && key.startsWith(`${this.last.name}/`))
        continue;
      const step = this.steps.get(key);
      for (let i = 0; i < data.length; i++) data[i] -= rate * step[i];
    }
  }

  /** One node forwards, or its gradients backwards. */
  #step(node, isBack) {
    const x = this.values.get(node.input);
    const y = this.values.get(node.name);
    const dx = this.gradients.get(node.input);
    const dy = this.gradients.get(node.name);
    const [weight, bias] = ['weight', 'bias'].map(
      (p) => this.parameters.get(`${node.name}/${p}`)?.data,
    );
    const [dWeight, dBias] = ['weight', 'bias'].map((p) =>
      this.steps.get(`${node.name}/${p}`),
    );
    const [, channels, height = 1, width = 1] = this.shapes.get(node.input);
    const [, outputs, rows = 1, columns = 1] = this.shapes.get(node.name);
    const plane = rows * columns;
    switch (node.op) {
      case 'convolution':
        for (let o = 0; o < outputs; o++) {
          const to = o * plane;
          if (!isBack) y.fill(bias[o], to, to + plane);
          else for (let i = 0; i < plane; i++) dBias[o] += dy[to + i];
          for (const c of node.rows[o]) {
            for (let k = 0; k < node.size ** 2; k++) {
              const w = (o * channels + c) * node.size ** 2 + k;
              const from =
                c * height * width +
                Math.floor(k / node.size) * width +
                (k % node.size);
              let sum = 0;
              for (let r = 0; r < rows; r++) {
                const a = from + r * width;
                const b = to + r * columns;
                if (!isBack)
                  for (let i = 0; i < columns; i++) y[b + i] += weight[w] * x[a + i];
                else {
                  for (let i = 0; i < columns; i++) {
                    sum += dy[b + i] * x[a + i];
                    dx[a + i] += weight[w] * dy[b + i];
                  }
                }
              }
              if (isBack) dWeight[w] += sum;
            }
          }
        }
        return;
      case 'linear':
        for (let o = 0; o < outputs; o++) {
          const from = o * channels;
          if (!isBack) {
            let sum = bias[o];
            for (let i = 0; i < channels; i++) sum += weight[from + i] * x[i];
            y[o] = sum;
          } else if (dy[o] !== 0) {
            dBias[o] += dy[o];
            for (let i = 0; i < channels; i++) {
              dWeight[from + i] += dy[o] * x[i];
              dx[i] += dy[o] * weight[from + i];
            }
          }
        }
        return;
      case 'radialBasis':
        for (let o = 0; o < outputs; o++) {
          if (!isBack) y[o] = 0;
          for (let i = 0; i < channels; i++) {
            const difference = x[i] - weight[o * channels + i];
            if (isBack) dx[i] += 2 * dy[o] * difference;
            else y[o] += difference ** 2;
          }
        }
        return;
      case 'maxPool':
      case 'averagePool': {
        const { size, stride } = node;
        for (let c = 0, i = 0; c < channels; c++) {
          for (let r = 0; r < rows; r++) {
            for (let q = 0; q < columns; q++, i++) {
              const first = c * height * width + r * stride * width + q * stride;
              let best = first;
              let sum = 0;
              for (let k = 0; k < size ** 2; k++) {
                const at = first + Math.floor(k / size) * width + (k % size);
                if (x[at] > x[best]) best = at;
                sum += x[at];
                if (isBack && node.op === 'averagePool') dx[at] += dy[i] / size ** 2;
              }
              if (isBack && node.op === 'maxPool') dx[best] += dy[i];
              if (!isBack) y[i] = node.op === 'maxPool' ? x[best] : sum / size ** 2;
            }
          }
        }
        return;
      }
      case 'channelScale':
        for (let i = 0; i < x.length; i++) {
          const c = Math.floor(i / plane);
          if (!isBack) y[i] = weight[c] * x[i] + bias[c];
          else {
            dWeight[c] += dy[i] * x[i];
            dBias[c] += dy[i];
            dx[i] += dy[i] * weight[c];
          }
        }
        return;
      case 'tanh': {
        const { amplitude, slope } = node;
        for (let i = 0; i < x.length; i++) {
          if (!isBack) y[i] = amplitude * Math.tanh(slope * x[i]);
          else dx[i] += dy[i] * slope * (amplitude - y[i] ** 2 / amplitude);
        }
        return;
      }
      case 'relu':
        for (let i = 0; i < x.length; i++) {
          if (!isBack) y[i] = Math.max(x[i], 0);
          else if (x[i] > 0) dx[i] += dy[i];
        }
        return;
      case 'flatten':
        if (isBack) dx.set(dy);
        else y.set(x);
        return;
      default:
        throw new Error(`cannot train a node of kind ${node.op}`);
    }
  }
}

/** Digits of the package: 28×28 values from 0 to 1, class, place within the class. */
export function readDigits(folder) {
  const digits = [];
  for (let label = 0; label < 10; label++) {
    const { data } = JSON.parse(readFileSync(join(folder, `${label}.json`), 'utf8'));
    for (let i = 0; (i + 1) * 784 <= data.length; i++) {
      const pixels = Float32Array.from(data.slice(i * 784, (i + 1) * 784));
      digits.push({ pixels, label, index: i });
    }
  }
  return digits;
}

/** A digit as a network's input, in the middle where that is larger. */
export function toInput(pixels, side, { scale, shift }) {
  const input = new Float32Array(side * side).fill(shift);
  const margin = (side - 28) / 2;
  for (let i = 0; i < 784; i++) {
    const at = (Math.floor(i / 28) + margin) * side + (i % 28) + margin;
    input[at] = pixels[i] * scale + shift;
  }
  return input;
}

/**
 * Trains a network on digits, in a new order each epoch.
 *
 * @param inputs [{ image, label }]; their order changes
 * @param onEpoch is given the epoch, from 0, and its mean loss
 */
export function trainOnDigits(trainer, inputs, settings, random, onEpoch) {
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    for (let i = inputs.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [inputs[i], inputs[j]] = [inputs[j], inputs[i]];
    }
    let sum = 0;
    for (const { image, label } of inputs) {
      trainer.forward(image);
      sum += trainer.loss(label);
      trainer.backward();
      trainer.descend(settings.rate * settings.decay ** epoch);
    }
    onEpoch?.(epoch, sum / inputs.length);
  }
}

/** What a weights file says of a network that was trained on digits. */
export function digitMetadata(graph, { scale, shift }, provenance) {
  return {
    name: `${graph.name} on digits`,
    graph: graph.name,
    classes: JSON.stringify([...'0123456789']),
    preprocessing: JSON.stringify({
      channels: 'grey',
      range: [0, 255],
      mean: [(-255 * shift) / scale],
      scale: scale / 255,
    }),
    provenance,
  };
}
