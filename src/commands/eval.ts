import Table from 'cli-table3';
import { Command, Option } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import {
  evaluate,
  parseAnnotations,
  parseDetections,
  protocolNames,
  type EvaluationResult,
  type ProtocolName,
} from '../../eval/index.js';
import { readInputFile } from '../files/readInputFile.js';

interface EvalCommandOptions {
  annotations: string;
  detections: string;
  protocol: ProtocolName;
  json?: string;
  perClass?: boolean;
}

export function evalCommand(): Command {
  return new Command('eval')
    .description('mean average precision of detections against annotations')
    .requiredOption(
      '-a, --annotations <file>',
      'ground truth: COCO JSON, may be gzipped',
    )
    .requiredOption('-d, --detections <file>', 'COCO results JSON, may be gzipped')
    .addOption(
      new Option('-p, --protocol <name>', 'whose rules')
        .choices(protocolNames)
        .default('coco'),
    )
    .option('--per-class', 'a line for each class too')
    .option('-j, --json <file>', 'write all numbers here')
    .action(async (options: EvalCommandOptions) => {
      const { annotations, detections, protocol, json } = options;
      const result = evaluate(
        parseAnnotations(await readInputFile(annotations), annotations),
        parseDetections(await readInputFile(detections), detections),
        { protocol, groundTruthName: annotations, detectionsName: detections },
      );
      if (json) await writeFileAtomic(json, JSON.stringify(result, null, 2) + '\n');
      process.stdout.write(describeEvaluation(result, options.perClass ?? false));
    });
}

/** No colours, and no line between rows. */
const TABLE_STYLE = { head: [], border: [], compact: true };

/** n/a where there is nothing to measure by. */
const percent = (value: number | null | undefined) =>
  value === null || value === undefined ? 'n/a' : (100 * value).toFixed(2);

function describeEvaluation(result: EvaluationResult, perClass: boolean): string {
  const { metrics, classes, counts, description } = result;
  const names = Object.keys(metrics);
  const table = new Table({
    head: ['metric', '%'],
    colAligns: ['left', 'right'],
    style: TABLE_STYLE,
  });
  for (const name of names) table.push([name, percent(metrics[name])]);
  const lines = [
    description,
    `${counts.images} photos, ${counts.annotations} boxes, ${counts.detections} detections`,
    table.toString(),
  ];
  if (perClass) {
    const shown = names
      .filter((name) => name in (classes[0]?.metrics ?? {}))
      .slice(0, 3);
    const rows = new Table({
      head: ['class', 'boxes', 'detections', 'false', ...shown],
      colAligns: [
        'left',
        'right',
        'right',
        'right',
        ...shown.map(() => 'right' as const),
      ],
      style: TABLE_STYLE,
    });
    for (const {
      name,
      groundTruths,
      detections,
      falsePositives,
      metrics: own,
    } of classes) {
      rows.push([
        name,
        groundTruths,
        detections,
        falsePositives,
        ...shown.map((m) => percent(own[m])),
      ]);
    }
    lines.push(rows.toString());
  }
  return lines.join('\n') + '\n';
}
