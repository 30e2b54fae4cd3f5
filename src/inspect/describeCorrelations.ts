import Table from 'cli-table3';
import { LEAST_SAMPLES } from '../compress/planMerges.js';
import type {
  CorrelationReport,
  LayerReport,
  TopologyStep,
} from './runCorrelations.js';

const STYLE = { head: [], border: [], compact: true };

/** The report as text: a row a layer, then a row a step of the construction. */
export function describeCorrelations(report: CorrelationReport): string {
  const { network, photos, side, isCropped, threshold, clusterThreshold } = report;
  const { layers, topology } = report;
  const seen = isCropped ? `their middle at ${side}×${side}` : `longest side ${side}`;
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
  const isFew = (layer: LayerReport) => !layer.fixed && layer.samples < LEAST_SAMPLES;
  for (const layer of layers) {
    const { name, units, meanCorrelation, merges, clusters, fixed } = layer;
    table.push([
      name,
      units,
      meanCorrelation.toFixed(3),
      `${merges.length}${fixed ? ' (fixed)' : isFew(layer) ? ' (few)' : ''}`,
      clusters.length,
      clusters[0].units.length,
      clusters.reduce((sum, { needs }) => sum + needs, 0),
    ]);
  }
  const lines = [
    `${network}: ${photos} photos, ${seen}; units fire together from r = ${clusterThreshold}`,
    table.toString(),
    `r ≥ ${threshold}: units that others could stand for; (fixed): the network needs them all`,
    ...(layers.some(isFew)
      ? [`(few): on fewer than ${LEAST_SAMPLES} samples, which say little`]
      : []),
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
