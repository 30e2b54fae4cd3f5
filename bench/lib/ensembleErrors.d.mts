type Probabilities = readonly (readonly number[])[];

export function ensembleErrors(
  members: readonly Probabilities[],
  labels: readonly number[],
): number[];
export function meanErrorOfSize(
  members: readonly Probabilities[],
  size: number,
  labels: readonly number[],
): number;
