import { countOf } from '../weights/storedTensors.js';
import type { GraphDefNode } from './graphDef.js';

/**
 * The shape that a `Squeeze` or `Reshape` gives.
 *
 * @param shape of its input
 * @param numbers the shape that a `Reshape` asks for, with −1 for what is left
 * @returns undefined when nothing is asked for
 */
export function reshapeTarget(
  node: GraphDefNode,
  shape: readonly number[],
  numbers: readonly number[] | undefined,
): number[] | undefined {
  if (node.op === 'Squeeze') {
    const said = [...node.integers('squeeze_dims'), ...node.integers('axis')];
    const axes = said.map((n) => (n < 0 ? n + shape.length : n));
    const isDropped = (n: number, i: number) =>
      axes.length > 0 ? axes.includes(i) : n === 1 && i > 0;
    return shape.filter((n, i) => !isDropped(n, i));
  }
  if (!numbers) return undefined;
  const open = numbers.indexOf(-1);
  const rest = countOf(numbers.filter((_, i) => i !== open));
  return numbers.map((n, i) => (i === open ? countOf(shape) / rest : n));
}
