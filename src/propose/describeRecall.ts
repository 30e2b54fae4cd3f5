import Table from 'cli-table3';
import type { ProposalRecall, RecallFigures } from '../../proposals/index.js';

const percent = (value: number) =>
  Number.isFinite(value) ? (100 * value).toFixed(1) : 'n/a';

/** Recall at IoU 0.5, AR, ABO and MABO by number of boxes, and by size, as a table. */
export function describeRecall(result: ProposalRecall): string {
  const { counts, thresholds, meanAverageBestOverlap, sizes, meanProposals } = result;
  const half = thresholds.indexOf(0.5);
  const table = new Table({
    head: ['objects', 'boxes', 'recall@0.5', 'AR', 'ABO', 'MABO'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const rows = (name: string, figures: RecallFigures, mabo?: readonly number[]) =>
    counts.forEach((count, c) =>
      table.push([
        c === 0 ? `${name} (${figures.objects})` : '',
        count === Infinity ? 'all' : count,
        percent(figures.recall[half][c]),
        percent(figures.averageRecall[c]),
        percent(figures.averageBestOverlap[c]),
        mabo ? percent(mabo[c]) : '',
      ]),
    );
  rows('all', result, meanAverageBestOverlap);
  for (const [name, figures] of sizes) rows(name, figures);
  return `${result.images} photos, ${meanProposals.toFixed(0)} boxes a photo; percentages\n${table.toString()}\n`;
}
