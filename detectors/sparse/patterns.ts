import { DetectorError } from '../errors.js';

/** A dense matrix, row-major, most of which may be zero. */
export interface Pattern {
  values: Float32Array;
  rows: number;
  columns: number;
}

/** Uniform numbers in [0, 1). */
type Random = () => number;

/**
 * Random numbers in (-1, 1) at random places.
 *
 * @param sparsity part that is zero, 0 to 1; at least one number is not
 */
export function uniformPattern(
  rows: number,
  columns: number,
  sparsity: number,
  random: Random,
): Pattern {
  return clusteredPattern(rows, columns, sparsity, 1, random);
}

/**
 * The same in dense squares of `side`×`side` numbers, at random places of a grid of
 * such squares (those at the end are cut off).
 */
export function clusteredPattern(
  rows: number,
  columns: number,
  sparsity: number,
  side: number,
  random: Random,
): Pattern {
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `sparsity must be from 0 to 1, not ${sparsity}`,
    );
  }
  const across = Math.ceil(columns / side);
  const squares = across * Math.ceil(rows / side);
  const chosen = choose(
    squares,
    Math.max(1, Math.round((1 - sparsity) * squares)),
    random,
  );
  const values = new Float32Array(rows * columns);
  for (const square of chosen) {
    const top = side * Math.floor(square / across);
    const left = side * (square % across);
    for (let row = top; row < Math.min(top + side, rows); row++) {
      for (let column = left; column < Math.min(left + side, columns); column++) {
        values[row * columns + column] = value(random);
      }
    }
  }
  return { values, rows, columns };
}

/**
 * The weights of a convolution in which each output reads some of the inputs only,
 * as a matrix: [outputs, inputs · cells]. A grouped convolution is one, and so is
 * C3 of LeNet-5 (LeCun et al. 1998, Table I).
 *
 * @param connections the inputs of each output
 * @param cells numbers of a filter for one input, size²
 */
export function connectedPattern(
  connections: readonly (readonly number[])[],
  inputs: number,
  cells: number,
  random: Random,
): Pattern {
  const columns = inputs * cells;
  const values = new Float32Array(connections.length * columns);
  connections.forEach((read, output) => {
    for (const input of read) {
      if (!(Number.isInteger(input) && input >= 0 && input < inputs)) {
        throw new DetectorError(
          'INVALID_ARGUMENT',
          `output ${output} reads input ${input} of ${inputs}`,
        );
      }
      for (let cell = 0; cell < cells; cell++) {
        values[output * columns + input * cells + cell] = value(random);
      }
    }
  });
  return { values, rows: connections.length, columns };
}

/** The connections of a convolution in groups (Krizhevsky et al. 2012, §3.5). */
export function groupedConnections(
  outputs: number,
  inputs: number,
  groups: number,
): number[][] {
  const each = inputs / groups;
  return Array.from({ length: outputs }, (_, output) => {
    const group = Math.floor((output * groups) / outputs);
    return Array.from({ length: each }, (_, i) => group * each + i);
  });
}

/** Part of a pattern that is zero. */
export function sparsityOf({ values }: Pattern): number {
  let zeros = 0;
  for (const number of values) if (number === 0) zeros++;
  return zeros / values.length;
}

/** In (-1, 1), never zero. */
function value(random: Random): number {
  const magnitude = 1 - random();
  return random() < 0.5 ? -magnitude : magnitude;
}

/** `count` of the numbers from 0 to before `total`, each set as likely. */
function choose(total: number, count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: total }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (total - i));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.subarray(0, count);
}
