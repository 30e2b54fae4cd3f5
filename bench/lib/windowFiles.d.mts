import type { TrainingWindow } from './windows.mjs';

export function writeWindows(
  path: string,
  windows: readonly TrainingWindow[],
  features: Float32Array,
  head: { boxScale: readonly number[] },
): void;
export function readWindows(path: string): {
  labels: Float32Array;
  deltas: Float32Array;
  features: Float32Array;
};
