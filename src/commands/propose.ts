import { Command, Option } from 'commander';
import type { SearchMode, TextureMethod } from '../../proposals/index.js';
import { EXIT_CODES, UsageError } from '../errors.js';
import { describeRecall } from '../propose/describeRecall.js';
import { DRAWINGS, type Drawing } from '../propose/drawProposals.js';
import { runPropose, type ProposeReport } from '../propose/runPropose.js';
import { interruption } from './interruption.js';
import { number, wholeNumber } from './optionParsers.js';
import { maxPixelsOption, quietOption, workersOption } from './photoOptions.js';

interface ProposeCommandOptions {
  output: string;
  mode: Exclude<SearchMode, 'custom'>;
  workingSize: number;
  minSize?: number;
  maxBoxes?: number;
  texture: TextureMethod;
  order: 'objectness' | 'position';
  seed: number;
  annotations?: string;
  csv?: string;
  svg?: string;
  draw?: Drawing[];
  drawDir: string;
  drawCount: number;
  workers?: number;
  maxPixels?: number;
  restart?: boolean;
  quiet?: boolean;
}

export function proposeCommand(): Command {
  return new Command('propose')
    .description('propose boxes that may hold an object, by selective search')
    .argument('<path...>', 'photos, or folders of them')
    .requiredOption(
      '-o, --output <file>',
      'the proposals file: .json, or .jsonl for JSON Lines',
    )
    .addOption(
      new Option(
        '-m, --mode <mode>',
        'single: 1 run; fast: 8 runs; quality: 80 runs; googlenet: fast on superpixels of twice the size',
      )
        .choices(['single', 'fast', 'quality', 'googlenet'])
        .default('fast'),
    )
    .option(
      '--working-size <pixels>',
      'longest side to work at; boxes are mapped back',
      number(16),
      500,
    )
    .option(
      '--min-size <pixels>',
      "superpixels with fewer pixels, at the working size, are merged (default: the mode's own)",
      wholeNumber(0),
    )
    .option(
      '--max-boxes <n>',
      'keep the best so many a photo (default: all)',
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--texture <method>',
        'gradients, as in the paper, or a Gabor bank (slower)',
      )
        .choices(['gradients', 'gabor'])
        .default('gradients'),
    )
    .addOption(
      new Option(
        '--order <by>',
        "objectness: by plain cues; position: the paper's, with chance",
      )
        .choices(['objectness', 'position'])
        .default('objectness'),
    )
    .option('--seed <n>', 'seed of the order by position', wholeNumber(0), 0)
    .option(
      '-a, --annotations <file>',
      'COCO annotations: say how well the boxes cover their objects',
    )
    .option('--csv <file>', 'write that for all counts, sizes and classes here')
    .option('--svg <file>', 'plot recall against the number of boxes here')
    .addOption(new Option('-d, --draw <what...>', 'draw each photo').choices(DRAWINGS))
    .option('--draw-dir <dir>', 'folder for the drawings', 'proposed')
    .option('--draw-count <n>', 'boxes to draw', wholeNumber(1), 30)
    .addOption(workersOption())
    .addOption(maxPixelsOption())
    .option('--restart', 'throw away what an interrupted run left')
    .addOption(quietOption())
    .action(async (paths: string[], options: ProposeCommandOptions) => {
      process.exitCode = await propose(paths, options);
    });
}

async function propose(
  paths: string[],
  options: ProposeCommandOptions,
): Promise<number> {
  const { output, mode, workingSize, minSize, maxBoxes, seed, texture, order } =
    options;
  const { draw, drawDir, drawCount, annotations, csv, svg, quiet } = options;
  if (!annotations && (csv || svg)) {
    throw new UsageError('MISSING_OPTION', '--csv and --svg need --annotations');
  }
  const { signal, release } = interruption();
  try {
    const report = await runPropose({
      paths,
      output,
      search: { mode, workingSize, minSize, maxBoxes, seed, texture, order },
      drawing: draw && { output: drawDir, what: draw, count: drawCount, workingSize },
      measure: annotations ? { annotations, csv, svg, name: mode } : undefined,
      workers: options.workers,
      maxPixels: options.maxPixels,
      restart: options.restart,
      quiet,
      signal,
    });
    if (!report) {
      process.stderr.write('stopped; the same command goes on from here\n');
      return EXIT_CODES.interrupted;
    }
    for (const { file, reason } of report.failures) {
      process.stderr.write(`failed: ${file}: ${reason}\n`);
    }
    if (!quiet) process.stdout.write(describeProposals(report, output));
    return report.failures.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
  } finally {
    release();
  }
}

function describeProposals(report: ProposeReport, output: string): string {
  const { photos, boxes, failures, skipped, seconds, recall } = report;
  return (
    `${output}: ${boxes.toLocaleString('en')} boxes of ${photos} photos in ${seconds.toFixed(1)} worker s, ` +
    `${failures.length} failed, ${skipped} other files skipped\n` +
    (recall ? describeRecall(recall) : '')
  );
}
