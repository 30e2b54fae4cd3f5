import { Command, InvalidArgumentError, Option } from 'commander';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import type { Precision } from '../../detectors/engines/engine.js';
import {
  defaultPasses,
  DETECTOR_PROPOSALS,
  ENSEMBLE_METHODS,
  fullProposalOptions,
  MAX_PROPOSALS,
  type EnsembleMethod,
} from '../../detectors/loadDetector.js';
import { SELECTION_DEFAULTS } from '../../detectors/pipeline/detections.js';
import {
  defaultBoxVoting,
  PIPELINE_DEFAULTS,
  type Mode,
} from '../../detectors/pipeline/detectPhoto.js';
import { runDetect } from '../detect/runDetect.js';
import { RESULT_FORMATS, type ResultFormat } from '../detect/writeResults.js';
import { describeRun } from '../detect/describeRun.js';
import { EXIT_CODES, UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { warnOfUnusedGpu } from '../engines/warnOfUnusedGpu.js';
import { interruption } from './interruption.js';
import { list, number, wholeNumber } from './optionParsers.js';
import { engineOption, precisionOption } from './engineOptions.js';
import { maxPixelsOption, quietOption, workersOption } from './photoOptions.js';

interface DetectCommandOptions {
  output: string;
  annotations?: string;
  mode: Mode;
  model?: string[];
  ensemble?: EnsembleMethod;
  engine: EngineName;
  precision: Precision;
  proposals?: string;
  proposalMode?: 'single' | 'fast' | 'quality' | 'googlenet';
  workingSize: number;
  minSize: number;
  maxProposals: number;
  proposalOrder: 'objectness' | 'position';
  seed: number;
  passes?: number;
  crops: number;
  cropMixing: 'geometric' | 'arithmetic';
  cropWeight: number;
  cropBoxWeight: number;
  scoreThreshold: number;
  nms: 'hard' | 'soft';
  nmsIou: number;
  softSigma: number;
  classAgnosticNms?: boolean;
  boxVoting?: number;
  maxDetections: number;
  classes?: string[];
  draw?: boolean;
  drawThreshold: number;
  saveCrops?: boolean;
  format?: ResultFormat[];
  workers?: number;
  maxPixels?: number;
  thresholds?: string;
  trace?: boolean;
  restart?: boolean;
  quiet?: boolean;
}

export function detectCommand(): Command {
  const { scoreThreshold, nmsIou, softSigma, maxDetections } = SELECTION_DEFAULTS;
  return new Command('detect')
    .description(
      'find objects in photos: folders (with what is below them), files, globs',
    )
    .argument(
      '<path...>',
      'JPEG, PNG, WebP, TIFF, GIF or AVIF files, or folders of them',
    )
    .requiredOption('-o, --output <dir>', 'folder for the results')
    .option(
      '-a, --annotations <file>',
      'COCO annotations whose image and category ids the results take',
    )
    .addOption(
      new Option(
        '-m, --mode <mode>',
        'shared: network once a photo; crop: once a proposal; cascade: shared chooses what is cropped',
      )
        .choices(['shared', 'crop', 'cascade'])
        .default(PIPELINE_DEFAULTS.mode),
    )
    .option(
      '--model <file>',
      'a detector in .safetensors form (default: the one of this package); given more than once, an ensemble',
      (file: string, previous: string[] | undefined) => [...(previous ?? []), file],
    )
    .addOption(
      new Option(
        '--ensemble <method>',
        'mean: average what the models say of the same boxes; wbf: fuse what each detects (default: mean)',
      ).choices(ENSEMBLE_METHODS),
    )
    .addOption(engineOption())
    .addOption(precisionOption())
    .option(
      '-p, --proposals <file>',
      'take the boxes from a proposals file (.json or .jsonl)',
    )
    .addOption(
      new Option(
        '--proposal-mode <mode>',
        'selective search (default: fast, on superpixels three times as large)',
      ).choices(['single', 'fast', 'quality', 'googlenet']),
    )
    .option(
      '--working-size <pixels>',
      'longest side at which boxes are proposed',
      wholeNumber(16),
      DETECTOR_PROPOSALS.workingSize,
    )
    .option(
      '--min-size <pixels>',
      'superpixels with fewer pixels, at the working size, are merged',
      wholeNumber(0),
      DETECTOR_PROPOSALS.minSize,
    )
    .option(
      '--max-proposals <n>',
      'classify at most so many proposals a photo',
      wholeNumber(1),
      MAX_PROPOSALS,
    )
    .addOption(
      new Option(
        '--proposal-order <by>',
        "objectness: by plain cues; position: the paper's, with chance",
      )
        .choices(['objectness', 'position'])
        .default('objectness'),
    )
    .option('--seed <n>', 'seed of the order by position', wholeNumber(0), 0)
    .option(
      '--passes <n>',
      `shared, cascade: score the boxes so often, each time where regression has moved them (default: ${defaultPasses(false)}; ${defaultPasses(true)} with --proposals)`,
      wholeNumber(1),
    )
    .option(
      '--crops <n>',
      'cascade: warp the best so many',
      wholeNumber(1),
      PIPELINE_DEFAULTS.crops,
    )
    .addOption(
      new Option(
        '--crop-mixing <mean>',
        "cascade: which mean of the shared and the crop's scores",
      )
        .choices(['geometric', 'arithmetic'])
        .default(PIPELINE_DEFAULTS.cropMixing),
    )
    .option(
      '--crop-box-weight <w>',
      "cascade: the crops' part in the boxes, 0 to 1",
      number(0, 1),
      PIPELINE_DEFAULTS.cropBoxWeight,
    )
    .option(
      '--crop-weight <w>',
      "cascade: the crops' part in the scores, 0 to 1",
      number(0, 1),
      PIPELINE_DEFAULTS.cropWeight,
    )
    .option(
      '--score-threshold <s>',
      'leave out detections under this score; average precision needs it low',
      number(0, 1),
      scoreThreshold,
    )
    .addOption(
      new Option(
        '--nms <kind>',
        'hard: drop lesser overlapping boxes; soft: lower their scores',
      )
        .choices(['hard', 'soft'])
        .default(SELECTION_DEFAULTS.nms),
    )
    .option(
      '--nms-iou <iou>',
      'hard: overlap above which the lesser box is dropped',
      number(0, 1),
      nmsIou,
    )
    .option(
      '--soft-sigma <sigma>',
      'soft: width of the Gaussian',
      number(1e-6),
      softSigma,
    )
    .option(
      '--class-agnostic-nms',
      'let boxes of different classes suppress one another',
    )
    .option(
      '--box-voting <iou>',
      `average a kept box with those that overlap it this much; 0: off (default: ${defaultBoxVoting('shared', 'soft')} in shared mode with soft NMS, else 0)`,
      number(0, 1),
    )
    .option(
      '--max-detections <n>',
      'at most so many a photo',
      wholeNumber(1),
      maxDetections,
    )
    .option('--classes <names>', 'report these classes only (with commas)', list)
    .option(
      '--thresholds <file>',
      'drop detections under the score that this JSON file has for their class',
    )
    .option('--trace', 'keep what rcnn explain needs (some 50 KB a photo)')
    .option('-d, --draw', 'write each photo with its boxes to DIR/pictures')
    .option(
      '--draw-threshold <s>',
      'draw and crop detections from this score on',
      number(0, 1),
      0.3,
    )
    .option('--save-crops', 'write each detection cut out to DIR/crops')
    .option(
      '-f, --format <names>',
      `further forms of the results: ${RESULT_FORMATS.join(', ')} (with commas)`,
      formats,
    )
    .addOption(workersOption())
    .addOption(maxPixelsOption())
    .option('--restart', "throw away what the output folder's earlier run left")
    .addOption(quietOption())
    .action(async (paths: string[], options: DetectCommandOptions) => {
      process.exitCode = await detect(paths, options);
    });
}

function formats(
  text: string,
  previous: readonly string[] | undefined,
): ResultFormat[] {
  const names = list(text, previous);
  const unknown = names.find((name) => !RESULT_FORMATS.includes(name as ResultFormat));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no form "${unknown}".`);
  }
  return names as ResultFormat[];
}

async function detect(paths: string[], options: DetectCommandOptions): Promise<number> {
  const { signal, release } = interruption();
  try {
    const { draw, saveCrops, drawThreshold, quiet } = options;
    const report = await runDetect({
      paths,
      output: options.output,
      annotations: options.annotations,
      model: options.model,
      ensemble: options.ensemble,
      engine: options.engine,
      precision: options.precision,
      proposals: options.proposals,
      detect: {
        mode: options.mode,
        passes: options.passes ?? defaultPasses(options.proposals !== undefined),
        crops: options.crops,
        cropMixing: options.cropMixing,
        cropWeight: options.cropWeight,
        cropBoxWeight: options.cropBoxWeight,
        maxProposals: options.maxProposals,
        proposalOptions: fullProposalOptions({
          mode: options.proposalMode,
          workingSize: options.workingSize,
          minSize: options.minSize,
          order: options.proposalOrder,
          seed: options.seed,
        }),
        scoreThreshold: options.scoreThreshold,
        nms: options.nms,
        nmsIou: options.nmsIou,
        softSigma: options.softSigma,
        classAgnosticNms: options.classAgnosticNms ?? false,
        boxVoting: options.boxVoting ?? defaultBoxVoting(options.mode, options.nms),
        maxDetections: options.maxDetections,
        classes: options.classes,
        classThresholds: options.thresholds
          ? await readThresholds(options.thresholds)
          : undefined,
      },
      draw: draw ? { threshold: drawThreshold } : undefined,
      saveCrops: saveCrops ? { threshold: drawThreshold } : undefined,
      formats: options.format,
      workers: options.workers,
      maxPixels: options.maxPixels,
      trace: options.trace,
      restart: options.restart,
      quiet,
      onEngine: warnOfUnusedGpu,
      signal,
    });
    if (!report) {
      process.stderr.write('stopped; the same command goes on from here\n');
      return EXIT_CODES.interrupted;
    }
    if (!quiet) process.stdout.write(describeRun(report, options.output));
    return report.counts.failed > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
  } finally {
    release();
  }
}

/** `{ "class name": score, … }`; the values are checked with the other options. */
async function readThresholds(path: string): Promise<Record<string, number>> {
  const text = Buffer.from(await readInputFile(path)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      'INVALID_THRESHOLDS',
      `${path}: is no JSON (${(error as Error).message})`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(
      'INVALID_THRESHOLDS',
      `${path}: is no object { "class name": score }`,
    );
  }
  return value as Record<string, number>;
}
