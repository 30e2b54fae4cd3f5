import type { GraphDefNode } from './graphDef.js';

/** Longer lists are no shapes; a few nodes could double them without end. */
const MAX_NUMBERS = 64;

/**
 * The numbers that a node computes from the shapes of activations, as models do to
 * reshape batches of any size: `Shape`, parts of it, and lists put together of them.
 *
 * @param numbersOf whole numbers that are known already, of a constant or such a node
 * @param shapeOf shape of an activation
 * @returns undefined when the node computes something else
 */
export function shapeNumbers(
  node: GraphDefNode,
  numbersOf: (name: string) => readonly number[] | undefined,
  shapeOf: (name: string) => readonly number[] | undefined,
): number[] | undefined {
  const [first = ''] = node.input;
  const lists = node.input.map(numbersOf);
  const isKnown = (list: (readonly number[] | undefined)[]): list is number[][] =>
    list.length > 0 && !list.includes(undefined);
  const length = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  if (length > MAX_NUMBERS) return undefined;
  switch (node.op) {
    case 'Shape': {
      const shape = shapeOf(first);
      return shape && [...shape];
    }
    case 'Pack':
      return isKnown(lists) && node.integer('axis', 0) === 0 ? lists.flat() : undefined;
    case 'ConcatV2': {
      // The last input is the axis.
      const parts = lists.slice(0, -1);
      return isKnown(parts) ? parts.flat() : undefined;
    }
    case 'Cast':
      return lists[0] && [...lists[0]];
    case 'Prod':
      return lists[0] && [lists[0].reduce((a, b) => a * b, 1)];
    case 'StridedSlice': {
      const [list, begins, ends, steps] = lists;
      if (!list || begins?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) {
        return undefined;
      }
      const [begin] = begins;
      if (node.integer('shrink_axis_mask', 0) & 1) {
        const number = list.at(begin);
        return number === undefined ? undefined : [number];
      }
      const from = node.integer('begin_mask', 0) & 1 ? 0 : begin;
      const to = node.integer('end_mask', 0) & 1 ? undefined : ends[0];
      return list.slice(from, to);
    }
    default:
      return undefined;
  }
}
