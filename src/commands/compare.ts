import { Command, Option } from 'commander';
import {
  compare,
  EvaluationError,
  type Comparison,
  type Difference,
} from '../../eval/index.js';
import { checkWritable, writeJson } from '../evaluation/files.js';
import {
  addInputOptions,
  inputOptions,
  loadInputs,
  type InputCommandOptions,
  type Inputs,
} from '../evaluation/inputs.js';
import { heading } from '../evaluation/describeResult.js';
import { numberList } from '../evaluation/protocolOptions.js';
import { percent, points, renderTable } from '../evaluation/table.js';
import { number, wholeNumber } from './optionParsers.js';

interface CompareCommandOptions extends InputCommandOptions {
  iou?: number[];
  maxDets: number;
  samples: number;
  confidence: number;
  seed: number;
  photos: number;
  perClass?: boolean;
  json?: string;
}

export function compareCommand(): Command {
  const command = new Command('compare')
    .description('whether detections B are better than A beyond chance, and where')
    .argument('<a>', 'detections A: a file or folder')
    .argument('<b>', 'detections B, of the same photos');
  return addInputOptions(command)
    .addOption(
      new Option('--iou <list>', 'IoU thresholds (default: 0.50 to 0.95)').argParser(
        numberList(0.01, 1),
      ),
    )
    .option(
      '--max-dets <n>',
      'detections of a class in a photo that count',
      wholeNumber(1),
      100,
    )
    .option('--samples <n>', 'samples of the photos', wholeNumber(1), 1000)
    .option('--confidence <p>', 'of the intervals', number(0.5, 0.9999), 0.95)
    .option('--seed <n>', 'seed of the samples', wholeNumber(0), 0)
    .option('--photos <n>', 'how many photos to list', wholeNumber(0), 10)
    .option('--per-class', 'all classes, not only those that differ beyond chance')
    .option('-j, --json <file>', 'write all numbers here')
    .action(runCompare);
}

async function runCompare(
  a: string,
  b: string,
  options: CompareCommandOptions,
): Promise<void> {
  const { iou, maxDets, samples, confidence, seed, photos, json } = options;
  await checkWritable(json);
  const inputs = await loadInputs(options, [a, b], { whole: true });
  const [first, second] = inputs.detections;
  const { truth } = inputs;
  const comparison = naming({ A: a, B: b }, () =>
    compare(truth.table, first.columns, second.columns, {
      ...inputOptions(options, ''),
      ...(iou ? { iouThresholds: iou } : {}),
      maxDetections: maxDets,
      ...{ samples, confidence, seed, photos },
    }),
  );
  const files = new Map(
    truth.dataset!.images.map(({ id, file_name }) => [String(id), file_name]),
  );
  const named = comparison.photos.map((photo) => ({
    file: files.get(String(photo.imageId)) ?? String(photo.imageId),
    ...photo,
  }));
  process.stdout.write(describe(comparison, named, inputs, options));
  if (json) {
    await writeJson(json, {
      protocol: 'coco',
      ...{ samples, confidence, seed },
      inputs: {
        annotations: { ...truth.description, classes: truth.mapping },
        a: first.description,
        b: second.description,
      },
      ...comparison,
      photos: named,
    });
  }
}

/** Errors about A or B name the file. */
function naming<T>(files: Record<string, string>, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    const { code, reason, file, where } = error;
    throw new EvaluationError(code, reason, files[file ?? ''] ?? file, where);
  }
}

function describe(
  { verdict, AP, classes }: Comparison,
  photos: readonly (Comparison['photos'][number] & { file: string })[],
  { truth, detections }: Inputs,
  { confidence, samples, perClass = false }: CompareCommandOptions,
): string {
  const [a, b] = detections.map(({ description }) => description.file);
  const shown = classes
    .filter(({ isBeyondChance }) => perClass || isBeyondChance)
    .sort((x, y) => Math.abs(y.value ?? 0) - Math.abs(x.value ?? 0));
  const lines = [
    `A ${a}`,
    `B ${b}`,
    `COCO's AP on ${truth.table.images.length} photos; paired bootstrap, ${samples} samples, ${100 * confidence} % confidence`,
    `${verdict}: AP ${percent(AP.a)} % → ${percent(AP.b)} %, ${points(AP.value)} points ` +
      `(${points(AP.low)} to ${points(AP.high)}, p ${describeChance(AP.pValue)})`,
    heading(
      shown.length === 0
        ? 'no class differs beyond chance'
        : perClass
          ? 'classes (* beyond chance)'
          : 'classes that differ beyond chance',
    ),
  ];
  if (shown.length > 0) lines.push(describeClasses(shown));
  if (photos.length > 0) {
    lines.push(
      heading(
        'photos that differ most, at IoU 0.5 and the score of the best F1 (found/wrong/missed)',
      ),
      renderTable(
        ['photo', 'A', 'B', 'F1, B − A'],
        photos.map(({ file, a: one, b: other, difference }) => [
          file,
          `${one.found}/${one.wrong}/${one.missed}`,
          `${other.found}/${other.wrong}/${other.missed}`,
          points(difference),
        ]),
      ),
    );
  }
  return lines.join('\n') + '\n';
}

function describeClasses(classes: readonly ({ name: string } & Difference)[]): string {
  return renderTable(
    ['class', 'A', 'B', 'B − A', 'low', 'high', 'p', ''],
    classes.map(({ name, a, b, value, low, high, pValue, isBeyondChance }) => [
      name,
      ...[percent(a), percent(b)],
      ...[points(value), points(low), points(high)],
      describeChance(pValue),
      isBeyondChance ? '*' : '',
    ]),
  );
}

function describeChance(pValue: number | null): string {
  return pValue === null ? 'n/a' : pValue.toFixed(4);
}
