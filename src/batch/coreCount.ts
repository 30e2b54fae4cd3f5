import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Where Linux writes a container's CPU quota: control groups version 2, then 1. */
const QUOTA_FILES = [
  ['/sys/fs/cgroup/cpu.max'],
  ['/sys/fs/cgroup/cpu/cpu.cfs_quota_us', '/sys/fs/cgroup/cpu/cpu.cfs_period_us'],
];

/** Processors' worth of time that a container's quota allows; Infinity without one. */
export function quotaOf(texts: readonly string[]): number {
  const [quota, period] = texts.join(' ').trim().split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

/**
 * Cores that this process may use: those of its CPU set, or fewer when a
 * container's quota says so; at least 1.
 */
export function coreCount(): number {
  let cores = availableParallelism();
  for (const files of QUOTA_FILES) {
    try {
      const quota = quotaOf(files.map((file) => readFileSync(file, 'utf8')));
      cores = Math.min(cores, Math.max(1, Math.floor(quota)));
    } catch {
      // No such control group on this system.
    }
  }
  return cores;
}
