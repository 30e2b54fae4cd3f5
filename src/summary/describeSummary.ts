import Table from 'cli-table3';
import type {
  CountComparison,
  PublishedComparison,
} from '../../detectors/graph/comparePublished.js';
import type {
  BranchChannels,
  NetworkSummary,
} from '../../detectors/graph/summarizeNetwork.js';
import { renderTable } from '../evaluation/table.js';

/** What is said of a network beside its numbers. */
export interface Description {
  title?: string;
  paper?: string;
  published?: PublishedComparison;
}

const BRANCHES: readonly [keyof BranchChannels, string][] = [
  ['1x1', '#1×1'],
  ['3x3_reduce', '#3×3\nreduce'],
  ['3x3', '#3×3'],
  ['5x5_reduce', '#5×5\nreduce'],
  ['5x5', '#5×5'],
  ['pool_proj', 'pool\nproj'],
];

const whole = (count: number) => count.toLocaleString('en');
const wholeOrNothing = (count: number) => (count === 0 ? '' : whole(count));
const size = (bytes: number) =>
  bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(1)} KiB`
    : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** [batch, channels, height, width] as the paper's table has it. */
function describeShape([batch, channels, ...sides]: readonly number[]): string {
  const shape = [...sides, channels].join('×');
  return batch > 1 ? `${batch} of ${shape}` : shape;
}

/** A network's table of layers, totals, and what is published of it. */
export function describeSummary(
  summary: NetworkSummary,
  { title, paper, published }: Description,
): string {
  const { name, inputSize, rows, depth, peak } = summary;
  const used = BRANCHES.filter(([key]) =>
    rows.some(({ branches }) => branches[key] !== undefined),
  );
  const table = new Table({
    head: [
      ...['layer', 'type', 'output', 'depth'],
      ...used.map(([, heading]) => heading),
      ...['parameters', 'multiply-adds'],
    ],
    colAligns: [
      ...(['left', 'left', 'left', 'right'] as const),
      ...[...used, 0, 0].map(() => 'right' as const),
    ],
    colWidths: [null, 24],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push([
      row.name,
      row.type,
      describeShape(row.shape),
      row.depth,
      ...used.map(([key]) => row.branches[key] ?? ''),
      wholeOrNothing(row.parameters),
      wholeOrNothing(row.multiplyAdds),
    ]);
  }
  const fixed = summary.parameters - summary.trainable;
  const lines = [
    title ? `${name}: ${title}` : name,
    ...(paper ? [paper] : []),
    `for one image of ${inputSize.join('×')} pixels`,
    table.toString(),
    `parameters     ${whole(summary.parameters)}${fixed > 0 ? `, ${whole(fixed)} of them not trained` : ''}`,
    `multiply-adds  ${whole(summary.multiplyAdds)}`,
    `layers         ${depth} with parameters from the input to the last output`,
    `memory         ${size(4 * summary.parameters)} of weights; ${size(peak.bytes)} of activations at most, at "${peak.node}" (single precision, one image)`,
    ...(published ? describePublished(published) : []),
  ];
  return lines.join('\n') + '\n';
}

function describePublished({ counts, table }: PublishedComparison): string[] {
  const lines = counts.length > 0 || table ? ['', 'published'] : [];
  for (const count of counts) {
    const { what, printed, source, note, agrees } = count;
    const verdict = agrees ? 'yes' : 'no ';
    lines.push(
      `${verdict} ${what}: ${printed}, the graph has ${describeComputed(count)} (${source})` +
        (note && !agrees ? `; ${note}` : ''),
    );
  }
  if (!table) return lines;
  const { source, entries, differences } = table;
  lines.push(
    `${differences.length === 0 ? 'yes' : 'no '} ${entries - differences.length} of ${entries} entries of the table as printed (${source})`,
  );
  if (differences.length > 0) {
    lines.push(
      'entries that no such graph gives:',
      renderTable(
        ['layer', 'column', 'printed', 'the graph'],
        differences.map(({ row, column, printed, computed }) => [
          ...[row, column, printed],
          whole(computed),
        ]),
      ),
    );
  }
  return lines;
}

function describeComputed({ what, computed }: CountComparison): string {
  return what === 'fewer parameters than AlexNet'
    ? `${computed.toFixed(1)} times`
    : whole(computed);
}

/** All networks in one table. */
export function describeNetworks(
  summaries: readonly (NetworkSummary & Description)[],
): string {
  const table = new Table({
    head: [
      ...['network', 'input', 'layers', 'parameters'],
      ...['multiply-adds', 'peak activations', 'published'],
    ],
    colAligns: ['left', 'left', ...Array<'right'>(4).fill('right'), 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, inputSize, depth, published, ...rest } of summaries) {
    const counts = published?.counts ?? [];
    const agreeing = counts.filter(({ agrees }) => agrees).length;
    table.push([
      name,
      inputSize.join('×'),
      depth,
      whole(rest.parameters),
      whole(rest.multiplyAdds),
      size(rest.peak.bytes),
      counts.length > 0 ? `${agreeing} of ${counts.length} counts agree` : '',
    ]);
  }
  return `${table.toString()}\n`;
}
