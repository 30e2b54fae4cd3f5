import { networkCosts, totalOf } from './networkCosts.js';
import { networks } from './networks/index.js';
import type { Network, PublishedCount } from './networks/network.js';
import type { NetworkSummary, SummaryRow } from './summarizeNetwork.js';

/** A published number beside what the graph says. */
export interface CountComparison extends Omit<PublishedCount, 'value' | 'unit'> {
  computed: number;
  agrees: boolean;
}

/** An entry of a paper's table that the graph does not give. */
export interface RowDifference {
  row: string;
  column: 'depth' | 'parameters' | 'multiply-adds';
  printed: string;
  computed: number;
}

/** What is published of a network, against its graph. */
export interface PublishedComparison {
  counts: CountComparison[];
  table?: {
    source: string;
    /** How many printed entries were compared. */
    entries: number;
    /** Those that differ. */
    differences: RowDifference[];
  };
}

/**
 * Holds a network's summary, at its own input size, against what is published of it.
 *
 * An entry of a table agrees when the count, with biases or without them, in thousands
 * or in 1,024s, rounds to what is printed or is cut off to it.
 */
export function comparePublished(
  { published, table }: Network,
  summary: NetworkSummary,
): PublishedComparison {
  const counts = published.map(({ value, unit, ...rest }) => {
    const computed = computedCount(rest.what, summary);
    return { ...rest, computed, agrees: Math.abs(computed - value) <= unit / 2 };
  });
  if (!table) return { counts };
  const rows = new Map(summary.rows.map((row) => [row.name, row]));
  const differences: RowDifference[] = [];
  let entries = 0;
  const compare = (
    difference: Omit<RowDifference, 'printed'> & { printed?: string },
    agrees: (printed: string) => boolean,
  ) => {
    const { printed } = difference;
    if (printed === undefined) return;
    entries++;
    if (!agrees(printed)) differences.push({ ...difference, printed });
  };
  for (const [name, { depth, parameters, multiplyAdds }] of Object.entries(
    table.rows,
  )) {
    const row = rows.get(name);
    if (!row) throw new Error(`the table has a row "${name}" and the network none`);
    compare(
      { row: name, column: 'depth', printed: String(depth), computed: row.depth },
      () => row.depth === depth,
    );
    compare(
      {
        row: name,
        column: 'parameters',
        printed: parameters,
        computed: row.parameters,
      },
      (printed) => parametersAgree(printed, row),
    );
    compare(
      {
        row: name,
        column: 'multiply-adds',
        printed: multiplyAdds,
        computed: row.multiplyAdds,
      },
      (printed) => isPrintedAs(row.multiplyAdds, printed, 1000),
    );
  }
  return { counts, table: { source: table.source, entries, differences } };
}

function computedCount(what: PublishedCount['what'], summary: NetworkSummary): number {
  switch (what) {
    case 'parameters':
      return summary.parameters;
    case 'trainable parameters':
      return summary.trainable;
    case 'multiply-adds':
      return summary.multiplyAdds;
    case 'layers':
      return summary.depth;
    case 'connections':
      return summary.connections;
    case 'bytes of weights':
      return 4 * summary.parameters;
    case 'fewer parameters than AlexNet':
      return (
        totalOf(networkCosts(networks.alexnet.build()).values(), 'parameters') /
        summary.parameters
      );
  }
}

function parametersAgree(
  printed: string,
  { weights, parameters }: SummaryRow,
): boolean {
  return [weights, parameters].some((count) =>
    [1000, 1024].some((kilo) => isPrintedAs(count, printed, kilo)),
  );
}

/** Whether a count rounds, or is cut off, to a number such as "2.7K", "128M" or "156". */
function isPrintedAs(count: number, printed: string, kilo: number): boolean {
  const [, whole, decimals = '', suffix] = /^(\d+)(?:\.(\d+))?([KM]?)$/.exec(printed)!;
  const factor = { '': 1, K: kilo, M: kilo ** 2 }[suffix]!;
  const digits = count / factor / 10 ** -decimals.length;
  const number = Number(whole + decimals);
  return Math.round(digits) === number || Math.floor(digits) === number;
}
