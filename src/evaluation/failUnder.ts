import { InvalidArgumentError } from 'commander';
import type { Metrics } from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { percent } from './table.js';

/** A metric that must not be less. */
export interface Limit {
  metric: string;
  least: number;
}

/** `AP=0.3`, or `AP=30%`; may be given more than once. */
export function parseLimit(text: string, previous: Limit[] | undefined): Limit[] {
  const [, metric, number, sign] =
    /^\s*([^=\s]+)\s*=\s*([0-9.eE+-]+)\s*(%?)\s*$/.exec(text) ?? [];
  const least = Number(number) / (sign === '%' ? 100 : 1);
  if (metric === undefined || !(least >= 0 && least <= 1)) {
    throw new InvalidArgumentError(
      'A metric and a value from 0 to 1 are needed, as in AP=0.3 (or AP=30%).',
    );
  }
  return [...(previous ?? []), { metric, least }];
}

/**
 * What is not met, in words; a metric that is n/a is not met.
 *
 * @throws UsageError UNKNOWN_METRIC
 */
export function findUnmet(metrics: Metrics, limits: readonly Limit[]): string[] {
  return limits.flatMap(({ metric, least }) => {
    if (!Object.hasOwn(metrics, metric)) {
      throw new UsageError(
        'UNKNOWN_METRIC',
        `--fail-under: there is no metric ${metric}; there are ${Object.keys(metrics).join(', ')}`,
      );
    }
    const value = metrics[metric];
    if (value !== null && value >= least) return [];
    return [`${metric} is ${percent(value)} %, less than ${percent(least)} %`];
  });
}
