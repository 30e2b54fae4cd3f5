import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { EXIT_CODES } from '../errors.js';
import { describeCorrelations } from '../inspect/describeCorrelations.js';
import { runCorrelations } from '../inspect/runCorrelations.js';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import { engineOption } from './engineOptions.js';
import { list, number, wholeNumber } from './optionParsers.js';

interface CorrelationsCommandOptions {
  weights: string;
  layers?: string[];
  output?: string;
  photos: number;
  side?: number;
  positions: number;
  threshold: number;
  clusterThreshold: number;
  engine: EngineName;
  json?: string;
  quiet?: boolean;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('look into a network')
    .addCommand(correlationsCommand());
}

function correlationsCommand(): Command {
  return new Command('correlations')
    .description('which units of a network fire together, and which could be one')
    .argument('<path...>', 'photos, or folders of them')
    .requiredOption(
      '--weights <file>',
      'a detector or a classifier: .safetensors or .caffemodel',
    )
    .option(
      '-l, --layers <names>',
      'these layers only, with commas between them; a * at the end stands for any rest',
      list,
    )
    .option('-o, --output <dir>', 'folder for pictures and correlations.json')
    .option('--photos <n>', 'look at so many, at even distances', wholeNumber(1), 100)
    .option(
      '--side <pixels>',
      "longest side of a photo in the network (default: a detector's own, 256 for a classifier)",
      wholeNumber(32),
    )
    .option(
      '--positions <n>',
      'positions of a photo that count for a layer, at most',
      wholeNumber(1),
      256,
    )
    .option(
      '-t, --threshold <r>',
      'correlation from which one unit may stand for another',
      number(0.01, 1),
      0.95,
    )
    .option(
      '-c, --cluster-threshold <r>',
      'mean correlation from which units fire together',
      number(0.01, 1),
      0.3,
    )
    .addOption(engineOption())
    .option('-j, --json <file>', 'write all numbers here')
    .option('-q, --quiet', 'no progress')
    .action(async (paths: string[], options: CorrelationsCommandOptions) => {
      const { json, ...rest } = options;
      const report = await runCorrelations({ paths, ...rest });
      if (json) await writeFileAtomic(json, JSON.stringify(report, null, 1) + '\n');
      for (const { file, reason } of report.failures) {
        process.stderr.write(`failed: ${file}: ${reason}\n`);
      }
      process.stdout.write(describeCorrelations(report));
      process.exitCode =
        report.failures.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
    });
}
