import { Command, Option } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import type { Mode } from '../../detectors/pipeline/detectPhoto.js';
import { describeCompression } from '../compress/describeCompression.js';
import { runCompress } from '../compress/runCompress.js';
import { UsageError } from '../errors.js';
import { engineOption } from './engineOptions.js';
import { list, number, wholeNumber } from './optionParsers.js';

interface CompressCommandOptions {
  output: string;
  from?: string;
  photos?: string[];
  count: number;
  threshold?: number;
  by: 'pairs' | 'combinations';
  multiple: number;
  layers?: string[];
  side?: number;
  annotations?: string;
  images?: string;
  proposals?: string;
  mode: Mode;
  labeled?: string;
  measured: number;
  engine: EngineName;
  json?: string;
  quiet?: boolean;
}

export function compressCommand(): Command {
  return new Command('compress')
    .description('merge units that fire together, so that the network is narrower')
    .argument('<file>', 'a detector or a classifier: .safetensors or .caffemodel')
    .requiredOption('-o, --output <file>', 'the .safetensors file to write')
    .option('--from <report>', 'merge what this report of "inspect correlations" has')
    .option('--photos <path...>', 'photos to look at, and to compare the networks on')
    .option('--count <n>', 'look at so many, at even distances', wholeNumber(1), 100)
    .option(
      '-t, --threshold <r>',
      "least correlation of merged units (default: the report's own, else 0.95)",
      number(0.01, 1),
    )
    .option(
      '-l, --layers <names>',
      'units of these layers only, with commas between them; a * at the end stands for any rest',
      list,
    )
    .addOption(
      new Option(
        '--by <what>',
        'pairs: one unit stands for another; combinations: all that stay stand for those that go',
      )
        .choices(['pairs', 'combinations'])
        .default('pairs'),
    )
    .option(
      '--multiple <n>',
      'leave each layer a multiple of so many outputs; onnxruntime is at its best with 16',
      wholeNumber(1),
      1,
    )
    .option(
      '--side <pixels>',
      "longest side of a photo in the network (default: a detector's own, 256 for a classifier of any size)",
      wholeNumber(32),
    )
    .option(
      '-a, --annotations <file>',
      "COCO annotations: measure a detector's accuracy",
    )
    .option('--images <dir>', 'folder of their photos')
    .option('-p, --proposals <file>', 'take the boxes from a proposals file')
    .addOption(
      new Option('-m, --mode <mode>', 'how the detector runs there')
        .choices(['shared', 'crop', 'cascade'])
        .default('shared'),
    )
    .option(
      '--labeled <dir>',
      "measure a classifier's accuracy on photos in folders named after their classes",
    )
    .option('--measured <n>', 'measure accuracy on so many photos', wholeNumber(1), 100)
    .addOption(engineOption())
    .option('-j, --json <file>', 'write all numbers here')
    .option('-q, --quiet', 'no progress')
    .action(async (file: string, options: CompressCommandOptions) => {
      const { annotations, images, proposals, mode, labeled, measured, json, ...rest } =
        options;
      if ((annotations === undefined) !== (images === undefined)) {
        throw new UsageError(
          'MISSING_OPTION',
          '--annotations and --images go together',
        );
      }
      const report = await runCompress({
        ...rest,
        file,
        detectionSet:
          annotations !== undefined && images !== undefined
            ? { annotations, images, proposals, mode, limit: measured }
            : undefined,
        labeled:
          labeled === undefined ? undefined : { folder: labeled, limit: measured },
      });
      if (json) await writeFileAtomic(json, JSON.stringify(report, null, 1) + '\n');
      process.stdout.write(describeCompression(report));
    });
}
