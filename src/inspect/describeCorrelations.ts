import Table from 'cli-table3';
import type { CorrelationReport, TopologyStep } from './runCorrelations.js';

const STYLE = { head: [], border: [], compact: true };

/** The report as text: a row a layer, then a row a step of the construction. */
export function describeCorrelations(report: CorrelationReport): string {
  const { network, photos, side, threshold, clusterThreshold, layers, topology } =
    report;
  const table = new Table({
    head: [
      'layer',
      'units',
      'mean |r|',
      `r ≥ ${threshold}`,
      'clusters',
      'largest',
      'needs',
    ],
    colAligns: ['left', ...Array<'right'>(6).fill('right')],
    style: STYLE,
  });
  for (const { name, units, meanCorrelation, merges, clusters, fixed } of layers) {
    table.push([
      name,
      units,
      meanCorrelation.toFixed(3),
      `${merges.length}${fixed ? ' (fixed)' : ''}`,
      clusters.length,
      clusters[0].units.length,
      clusters.reduce((sum, { needs }) => sum + needs, 0),
    ]);
  }
  const lines = [
    `${network}: ${photos} photos, longest side ${side}; units fire together from r = ${clusterThreshold}`,
    table.toString(),
    `r ≥ ${threshold}: units that others could stand for; (fixed): what follows needs them all`,
  ];
  if (topology.length > 0) lines.push('', describeTopology(topology));
  return lines.join('\n') + '\n';
}

function describeTopology(topology: readonly TopologyStep[]): string {
  const table = new Table({
    head: [
      'from the correlations of',
      'asked 1×1',
      '3×3',
      '5×5',
      'for',
      'has 1×1',
      '3×3',
      '5×5',
      'pool',
    ],
    colAligns: [
      'left',
      'right',
      'right',
      'right',
      'left',
      'right',
      'right',
      'right',
      'right',
    ],
    style: STYLE,
  });
  for (const { from, to, asked, present } of topology) {
    const has = (size: number | 'pool') =>
      present.find((part) => part.size === size)?.units ?? '';
    table.push([
      from,
      asked[1],
      asked[3],
      asked[5],
      to,
      has(1),
      has(3),
      has(5),
      has('pool'),
    ]);
  }
  return `the layer above that the correlations ask for (Arora et al. 2013), beside the one there is\n${table.toString()}`;
}
