import { Command, Option } from 'commander';
import { DETECTOR_PROPOSALS } from '../../detectors/loadDetector.js';
import { EXIT_CODES } from '../errors.js';
import { runPropose } from '../propose/runPropose.js';
import { interruption } from './interruption.js';
import { number, wholeNumber } from './optionParsers.js';

interface ProposeCommandOptions {
  output: string;
  mode: 'single' | 'fast';
  workingSize: number;
  maxBoxes?: number;
  seed: number;
  draw?: string;
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
      new Option('-m, --mode <mode>', 'single: 1 run; fast: 8 runs')
        .choices(['single', 'fast'])
        .default(DETECTOR_PROPOSALS.mode),
    )
    .option(
      '--working-size <pixels>',
      'longest side to work at; boxes are mapped back',
      number(16),
      DETECTOR_PROPOSALS.workingSize,
    )
    .option(
      '--max-boxes <n>',
      'keep the best so many a photo (default: all)',
      wholeNumber(1),
    )
    .option('--seed <n>', 'seed of the order', wholeNumber(0), 0)
    .option('-d, --draw <dir>', 'write each photo with its best boxes to this folder')
    .option('--draw-count <n>', 'boxes to draw', wholeNumber(1), 30)
    .option(
      '-w, --workers <n>',
      'worker processes (default: one per core)',
      wholeNumber(1),
    )
    .option('--max-pixels <n>', 'refuse larger photos', wholeNumber(1))
    .option('--restart', 'throw away what an interrupted run left')
    .option('-q, --quiet', 'no progress and no summary')
    .action(async (paths: string[], options: ProposeCommandOptions) => {
      process.exitCode = await propose(paths, options);
    });
}

async function propose(
  paths: string[],
  options: ProposeCommandOptions,
): Promise<number> {
  const { signal, release } = interruption();
  try {
    const { output, mode, workingSize, maxBoxes, seed, draw, drawCount } = options;
    const report = await runPropose({
      paths,
      output,
      search: { mode, workingSize, maxBoxes, seed },
      drawing: draw ? { output: draw, count: drawCount } : undefined,
      workers: options.workers,
      maxPixels: options.maxPixels,
      restart: options.restart,
      quiet: options.quiet,
      signal,
    });
    if (!report) {
      process.stderr.write('stopped; the same command goes on from here\n');
      return EXIT_CODES.interrupted;
    }
    for (const { file, reason } of report.failures) {
      process.stderr.write(`failed: ${file}: ${reason}\n`);
    }
    if (!options.quiet) {
      const { photos, boxes, failures, skipped } = report;
      process.stdout.write(
        `${output}: ${boxes} boxes of ${photos} photos, ${failures.length} failed, ${skipped} other files skipped\n`,
      );
    }
    return report.failures.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
  } finally {
    release();
  }
}
