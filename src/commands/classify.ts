import { Command, InvalidArgumentError } from 'commander';
import type { CropCount } from '../../detectors/classify/cropViews.js';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import type { Precision } from '../../detectors/engines/engine.js';
import { decodeAhead, type EarlyDecode } from '../classify/decodeAhead.js';
import type { ClassifyReport } from '../classify/runClassify.js';
import { warnOfUnusedGpu } from '../engines/warnOfUnusedGpu.js';
import { EXIT_CODES } from '../errors.js';
import { isImageName } from '../images/imageNames.js';
import { interruption } from './interruption.js';
import { list, wholeNumber } from './optionParsers.js';
import { engineOption, precisionOption } from './engineOptions.js';
import { maxPixelsOption, quietOption, workersOption } from './photoOptions.js';

interface ClassifyCommandOptions {
  weights: string[];
  top: number;
  crops: CropCount;
  labels?: string;
  truth?: string;
  json?: string;
  engine: EngineName;
  precision: Precision;
  batch?: number;
  workers?: number;
  maxPixels?: number;
  restart?: boolean;
  quiet?: boolean;
}

export function classifyCommand(): Command {
  return new Command('classify')
    .description('say what photos are of, with GoogLeNet or another classifier')
    .argument('<path...>', 'photos, or folders of them')
    .requiredOption(
      '--weights <files>',
      'a classifier, .safetensors or .caffemodel; of several (with commas) the mean',
      list,
    )
    .option('-k, --top <k>', 'the best so many classes', wholeNumber(1), 5)
    .option(
      '--crops <n>',
      '1: the centre; 10: corners, centre, mirrored; 144: of 3 squares at 4 sizes',
      cropCount,
      1 as CropCount,
    )
    .option(
      '--labels <file>',
      "names of the classes, a line or an element of a JSON list each (default: the weights' own, or ImageNet's)",
    )
    .option(
      '--truth <source>',
      'score the first and the first five classes against the folders\' names ("folders") or a file of lines NAME CLASS',
    )
    .option('-j, --json <file>', 'write the results here')
    .addOption(engineOption())
    .addOption(precisionOption())
    .option('--batch <n>', 'crops that go through the network at once', wholeNumber(1))
    .addOption(workersOption())
    .addOption(maxPixelsOption())
    .option('--restart', 'throw away what an interrupted run left')
    .addOption(quietOption())
    .action(async (paths: string[], options: ClassifyCommandOptions) => {
      process.exitCode = await classify(paths, options);
    });
}

function cropCount(text: string): CropCount {
  if (text !== '1' && text !== '10' && text !== '144') {
    throw new InvalidArgumentError('Allowed are 1, 10 and 144.');
  }
  return Number(text) as CropCount;
}

async function classify(
  paths: string[],
  options: ClassifyCommandOptions,
): Promise<number> {
  const { weights, crops, engine, precision, batch, quiet, json } = options;
  const early = decodeEarly(paths, options.maxPixels);
  const { runClassify } = await import('../classify/runClassify.js');
  const { signal, release } = interruption();
  try {
    const report = await runClassify(
      {
        paths,
        classifier: { weights, crops, engine, precision, batch },
        top: options.top,
        json,
        labels: options.labels,
        truth: options.truth,
        workers: options.workers,
        maxPixels: options.maxPixels,
        early,
        restart: options.restart,
        quiet,
        signal,
      },
      (file, classes) => {
        // With a results file the terminal has the summary alone.
        if (json) return;
        const lines = classes.map(
          ({ score, synset, name }) =>
            `  ${score.toFixed(4)}  ${synset ? `${synset} ` : ''}${name}\n`,
        );
        process.stdout.write(`${file}\n${lines.join('')}`);
      },
    );
    if (!report) {
      process.stderr.write(
        json
          ? 'stopped; the same command goes on from here\n'
          : 'stopped; with --json the same command would go on from here\n',
      );
      return EXIT_CODES.interrupted;
    }
    warnOfUnusedGpu(report.engine);
    for (const { file, reason } of report.failures) {
      process.stderr.write(`failed: ${file}: ${reason}\n`);
    }
    if (!quiet) process.stdout.write(describe(report, options));
    return report.failures.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
  } finally {
    release();
  }
}

/** Begins to decode what looks like a single photo, while all else loads. */
function decodeEarly(
  [path, ...others]: readonly string[],
  maxPixels: number | undefined,
): EarlyDecode | undefined {
  if (others.length > 0 || !isImageName(path)) return undefined;
  const decoding = decodeAhead(path, { maxPixels });
  decoding.catch(() => undefined);
  return { path, decoding };
}

function describe(
  { photos, failures, skipped, resumed, weights, engine, score }: ClassifyReport,
  { crops, precision, json }: ClassifyCommandOptions,
): string {
  const percent = (count: number) =>
    score && score.photos > 0
      ? `${((100 * count) / score.photos).toFixed(2)} %`
      : 'n/a';
  return [
    `${json ? `${json}: ` : ''}${photos - failures.length} of ${photos} photos classified, ${crops} ${crops === 1 ? 'crop' : 'crops'} each; ${failures.length} failed, ${skipped} other files skipped${resumed > 0 ? `, ${resumed} done before` : ''}`,
    ...weights.map(({ name, sha256 }) => `weights   ${name} (${sha256.slice(0, 12)})`),
    `engine    ${engine.name}: ${engine.version} on ${engine.device}, ${precision}, ${engine.reason}`,
    ...(score
      ? [
          `score     top-1 ${percent(score.top1)}, top-5 ${percent(score.top5)} of ${score.photos} photos`,
        ]
      : []),
    '',
  ].join('\n');
}
