import Table from 'cli-table3';
import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { LOSS_MEANINGS, LOSSES } from '../explain/explainPhoto.js';
import { runExplain, type ExplainReport } from '../explain/runExplain.js';
import { number } from './optionParsers.js';

interface ExplainCommandOptions {
  annotations: string;
  iou: number;
  threshold: number;
  perClass?: boolean;
  json?: string;
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('for every object that was missed, the stage that lost it')
    .argument('<dir>', 'output folder of rcnn detect --trace')
    .requiredOption(
      '-a, --annotations <file>',
      'ground truth: COCO JSON, may be gzipped',
    )
    .option(
      '--iou <iou>',
      'overlap from which a box counts as near an object',
      number(0.01, 1),
      0.5,
    )
    .option(
      '-t, --threshold <s>',
      "detections under this score don't count as found",
      number(0, 1),
      0.3,
    )
    .option('--per-class', 'a line for each class too')
    .option('-j, --json <file>', 'write all numbers and every missed object here')
    .action(async (folder: string, options: ExplainCommandOptions) => {
      const { annotations, iou, threshold, json, perClass = false } = options;
      const report = await runExplain({ folder, annotations, iou, threshold });
      if (json) await writeFileAtomic(json, JSON.stringify(report, null, 1) + '\n');
      process.stdout.write(describe(report, perClass));
    });
}

const percent = (value: number | null) =>
  value === null ? 'n/a' : `${(100 * value).toFixed(1)} %`;

function describe(report: ExplainReport, perClass: boolean): string {
  const { objects, found, losses, photos, iou, threshold, proposalRecall } = report;
  const part = (count: number) => percent(objects > 0 ? count / objects : null);
  const table = new Table({
    head: ['objects', '', ''],
    colAligns: ['right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  table.push([found, part(found), `found at IoU ≥ ${iou} with a score ≥ ${threshold}`]);
  for (const loss of LOSSES)
    table.push([losses[loss], part(losses[loss]), LOSS_MEANINGS[loss]]);
  const lines = [
    `${photos} photos, ${objects} objects; AP ${percent(report.AP)}, AP50 ${percent(report.AP50)}`,
    `proposals cover ${percent(proposalRecall)} of the objects at IoU ≥ ${iou}: no recall can be higher`,
    table.toString(),
  ];
  if (perClass) {
    const rows = new Table({
      head: ['class', 'objects', 'found', ...LOSSES],
      style: { head: [], border: [], compact: true },
    });
    for (const entry of report.classes) {
      if (entry.objects === 0) continue;
      rows.push([
        entry.className,
        entry.objects,
        entry.found,
        ...LOSSES.map((loss) => entry.losses[loss]),
      ]);
    }
    lines.push(rows.toString());
  }
  return lines.join('\n') + '\n';
}
