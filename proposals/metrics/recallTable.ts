import type { ProposalRecall } from './proposalRecall.js';

/**
 * The figures as rows of a table or CSV file, heading first: one row for each
 * group (all, sizes, classes) and number of boxes. MABO is the group `all`'s;
 * figures that don't exist are empty.
 */
export function recallTable(result: ProposalRecall): (string | number)[][] {
  const heading = [
    'group',
    'name',
    'objects',
    'boxes',
    ...result.thresholds.map((t) => `recall@${t}`),
    'AR',
    'ABO',
    'MABO',
  ];
  const groups = [
    { group: 'all', name: '', figures: result },
    ...[...result.sizes].map(([name, figures]) => ({ group: 'size', name, figures })),
    ...[...result.classes].map(([name, figures]) => ({
      group: 'class',
      name: String(name),
      figures,
    })),
  ];
  const rows = groups.flatMap(({ group, name, figures }) =>
    result.counts.map((count, c) => [
      group,
      name,
      figures.objects,
      count === Infinity ? 'all' : count,
      ...figures.recall.map((row) => figure(row[c])),
      figure(figures.averageRecall[c]),
      figure(figures.averageBestOverlap[c]),
      group === 'all' ? figure(result.meanAverageBestOverlap[c]) : '',
    ]),
  );
  return [heading, ...rows];
}

function figure(value: number): number | string {
  return Number.isFinite(value) ? value : '';
}
