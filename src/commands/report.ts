import { Command, Option } from 'commander';
import { protocolNames, type ProtocolName } from '../../eval/index.js';
import { runReport } from '../report/index.js';
import { number, wholeNumber } from './optionParsers.js';

interface ReportCommandOptions {
  annotations: string;
  detections: string;
  images?: string;
  output: string;
  protocol: ProtocolName;
  iou: number;
  threshold?: number;
  examples: number;
  pictureSize: number;
  bootstrap: number;
  title?: string;
}

export function reportCommand(): Command {
  return new Command('report')
    .description(
      'one HTML file that shows how good detections are, and what goes wrong',
    )
    .requiredOption(
      '-a, --annotations <file>',
      'ground truth: COCO JSON, may be gzipped',
    )
    .requiredOption('-d, --detections <file>', 'COCO results JSON, may be gzipped')
    .option('-i, --images <dir>', 'folder of the photos; without it none is shown')
    .requiredOption('-o, --output <file>', 'the report')
    .addOption(
      new Option('-p, --protocol <name>', 'whose rules the metrics follow')
        .choices(protocolNames)
        .default('coco'),
    )
    .option(
      '--iou <iou>',
      'overlap from which a detection is on an object, in curves, errors and examples',
      number(0.01, 1),
      0.5,
    )
    .option(
      '-t, --threshold <s>',
      'detections under this score count neither in the confusion matrix nor as finds of missed objects (default: the score of the best F1)',
      number(-Infinity),
    )
    .option('--examples <n>', 'show at most so many errors', wholeNumber(0), 120)
    .option(
      '--picture-size <pixels>',
      'longest side of a photo in the report',
      wholeNumber(64),
      512,
    )
    .option(
      '--bootstrap <n>',
      "samples for the confidence interval of COCO's AP, 0 for none",
      wholeNumber(0),
      200,
    )
    .option('--title <text>', 'heading of the report')
    .action(async (options: ReportCommandOptions) => {
      const { iou, threshold, bootstrap, ...rest } = options;
      const { result, examples, photos } = await runReport({
        ...rest,
        iouThreshold: iou,
        scoreThreshold: threshold,
        bootstrapSamples: bootstrap,
      });
      const [name, value] = Object.entries(result.metrics)[0];
      const lost = photos.filter(({ picture, problem }) => !picture && problem).length;
      process.stdout.write(
        `${name} ${value === null ? 'n/a' : (100 * value).toFixed(2)}, ${examples.length} examples in ${photos.length} photos` +
          (lost > 0 ? `, ${lost} of them could not be read` : '') +
          `\nreport    ${options.output}\n`,
      );
    });
}
