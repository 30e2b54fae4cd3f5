import { Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import {
  evaluate,
  protocolRules,
  type EvaluationResult,
  type ThresholdGoal,
} from '../../eval/index.js';
import { EXIT_CODES, UsageError } from '../errors.js';
import { describeReasons } from '../evaluation/describeReasons.js';
import { describeResult } from '../evaluation/describeResult.js';
import { findUnmet, parseLimit, type Limit } from '../evaluation/failUnder.js';
import { checkWritable, note, writeFile, writeJson } from '../evaluation/files.js';
import { describeFormats } from '../evaluation/formats.js';
import {
  addInputOptions,
  inputOptions,
  loadInputs,
  type InputCommandOptions,
  type Inputs,
} from '../evaluation/inputs.js';
import { listNames } from '../evaluation/loadDetections.js';
import {
  areaList,
  checkProtocolOptions,
  limitList,
  numberList,
  protocolOptions,
  PROTOCOLS,
  type ProtocolCommandOptions,
} from '../evaluation/protocolOptions.js';
import {
  findReasons,
  needsDataset,
  thresholdsOf,
  type Reasons,
  type ReasonsOptions,
} from '../evaluation/reasons.js';
import { curvesCsv, resultCsv } from '../evaluation/resultFiles.js';
import { list, number, wholeNumber } from './optionParsers.js';

interface EvalCommandOptions
  extends
    InputCommandOptions,
    Omit<ProtocolCommandOptions, 'names' | 'imageList'>,
    Omit<ReasonsOptions, 'protocol' | 'iou' | 'maxDets'> {
  detections: string;
  perClass?: boolean;
  json?: string;
  csv?: string;
  failUnder?: Limit[];
  adviseOutput?: string;
}

export function evalCommand(): Command {
  const command = new Command('eval')
    .description('mean average precision of detections against annotations')
    .requiredOption('-d, --detections <path>', 'detections: a file or folder');
  addInputOptions(command)
    .addOption(
      new Option('-p, --protocol <name>', 'whose rules')
        .choices(PROTOCOLS)
        .default('coco'),
    )
    .addOption(
      new Option('--iou <list>', 'IoU thresholds (default: the protocol’s)').argParser(
        numberList(0.01, 1),
      ),
    )
    .addOption(
      new Option(
        '--max-dets <list>',
        'COCO: detections of a class in a photo that count; LVIS: of a photo',
      ).argParser(limitList),
    )
    .addOption(
      new Option(
        '--areas <list>',
        'COCO: ranges of area in pixels², as in all=0-inf,tiny=0-256; the first gives AP',
      ).argParser(areaList),
    )
    .option('--blacklist <file>', 'ILSVRC: photos and classes that are not judged')
    .option('--hierarchy <file>', 'Open Images: classes that include others, JSON')
    .option('--image-labels <file>', 'Open Images: labels of photos as wholes, CSV')
    .option('--per-class', 'a line for each class too')
    .option('--errors', 'kinds of errors (TIDE) and what AP each costs')
    .option('--confusion', 'which classes are taken for which')
    .option(
      '--confusion-threshold <s>',
      'confusion: detections under this score don’t count (default: that of the best F1)',
      number(-Infinity),
    )
    .option('--calibration', 'whether scores are probabilities')
    .option('--curves <file>', 'write precision, recall and F1 by score, JSON or .csv')
    .option(
      '--by <aspects>',
      'AP by size, aspect, crowdedness, or a member of the photos',
      list,
    )
    .option(
      '--bootstrap <n>',
      'confidence interval of AP from so many samples',
      wholeNumber(1),
    )
    .option('--seed <n>', 'seed of the samples', wholeNumber(0), 0)
    .addOption(
      new Option(
        '--advise <goal>',
        'score thresholds by class for f1, precision=P or recall=R',
      ).argParser(parseGoal),
    )
    .option(
      '--advise-output <file>',
      'write them here, as rcnn detect --thresholds reads them',
    )
    .addOption(
      new Option(
        '--versus <protocol>',
        'explain the difference to another protocol',
      ).choices(Object.keys(protocolRules)),
    )
    .option(
      '--fail-under <metric=value>',
      'exit code 1 when a metric is less, as in AP=0.3; may be repeated',
      parseLimit,
    )
    .option('-j, --json <file>', 'write all numbers here')
    .option('--csv <file>', 'write the numbers of all classes here')
    .addHelpText('after', `\n${describeFormats()}`)
    .action(runEval);
  return command;
}

async function runEval(options: EvalCommandOptions): Promise<void> {
  const { detections, json, csv, curves, adviseOutput, advise, failUnder } = options;
  checkProtocolOptions(options);
  checkReasons(options);
  await checkWritable(json, csv, curves, adviseOutput);
  const inputs = await loadInputs(options, [detections], {
    whole: needsDataset(options) || options.blacklist !== undefined,
    hierarchy: options.hierarchy,
    imageLabels: options.imageLabels,
  });
  const [{ columns }] = inputs.detections;
  const names = inputOptions(options, detections);
  const result = evaluate(inputs.truth.table, columns, {
    ...(await protocolOptions(options, inputs.truth)),
    ...names,
  });
  const reasons = findReasons(inputs.truth, columns, options, names);
  const unmet = findUnmet(result.metrics, failUnder ?? []);

  process.stdout.write(
    [
      describeInputs(inputs),
      describeResult(result, options.perClass ?? false),
      ...describeReasons(reasons),
    ].join('\n') + '\n',
  );
  if (json) await writeJson(json, assemble(result, reasons, inputs));
  if (csv) await writeFile(csv, resultCsv(result));
  if (curves && reasons.curves) {
    if (curves.endsWith('.csv')) await writeFile(curves, curvesCsv(reasons.curves));
    else await writeJson(curves, reasons.curves);
  }
  if (advise && adviseOutput && reasons.advice) {
    const { thresholds, without } = thresholdsOf(reasons.advice);
    await writeJson(adviseOutput, thresholds);
    if (without.length > 0) {
      note(
        `no threshold serves the goal for ${listNames(without)}: not in ${adviseOutput}`,
      );
    }
  }
  for (const line of unmet) process.stderr.write(`${pc.red('not met')} ${line}\n`);
  if (unmet.length > 0) process.exitCode = EXIT_CODES.someFailed;
}

/** @throws UsageError for options that go together and don't */
function checkReasons({
  protocol,
  versus,
  advise,
  adviseOutput,
  confusion,
  confusionThreshold,
}: EvalCommandOptions): void {
  if (versus && !Object.hasOwn(protocolRules, protocol)) {
    throw new UsageError(
      'WRONG_PROTOCOL',
      `--versus explains differences between ${Object.keys(protocolRules).join(', ')}, not from ${protocol}`,
    );
  }
  if (adviseOutput && !advise) {
    throw new UsageError('MISSING_OPTION', '--advise-output needs --advise GOAL');
  }
  if (confusionThreshold !== undefined && !confusion) {
    throw new UsageError('MISSING_OPTION', '--confusion-threshold needs --confusion');
  }
}

function describeInputs({ truth, detections }: Inputs): string {
  return [
    ['annotations', truth.description] as const,
    ...detections.map((one) => ['detections ', one.description] as const),
  ]
    .map(([what, { format, pixels, file }]) => `${what} ${file} (${format}: ${pixels})`)
    .join('\n');
}

/** What the JSON file has: the result, where it comes from, and the reasons. */
function assemble(result: EvaluationResult, reasons: Reasons, inputs: Inputs) {
  const { iouThreshold, maxDetections, ...rest } = reasons;
  // Curves have a file of their own.
  const found = { ...rest, curves: undefined };
  const { truth, detections } = inputs;
  return {
    ...result,
    inputs: {
      annotations: { ...truth.description, classes: truth.mapping },
      detections: { ...detections[0].description, classes: detections[0].mapping },
    },
    ...(Object.values(found).some((part) => part !== undefined)
      ? { matching: { protocol: 'coco', iouThreshold, maxDetections }, ...found }
      : {}),
  };
}

function parseGoal(text: string): ThresholdGoal {
  if (text === 'f1') return 'f1';
  const [, kind, number] = /^(precision|recall)=([0-9.]+)$/.exec(text) ?? [];
  const value = Number(number);
  if (kind !== undefined && value > 0 && value <= 1) {
    return kind === 'precision' ? { precision: value } : { recall: value };
  }
  throw new InvalidArgumentError(
    'f1, precision=P or recall=R is needed, P and R from 0 to 1.',
  );
}
