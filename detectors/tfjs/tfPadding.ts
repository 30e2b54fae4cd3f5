import type { GraphDefNode } from './graphDef.js';

/** Cells around a map. */
export interface Pads {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** What a convolution or pool has around its map, and what is there. */
export interface WindowPads extends Pads {
  fill: number;
  /** At the top and the left, and at the bottom and the right, where both are the same. */
  near?: number;
  far?: number;
}

/**
 * The padding of a convolution or pool, worked out at the size of what it reads, with
 * that which an operation ahead of it has put there.
 *
 * @returns undefined when it is of no kind that TensorFlow has, or both are
 */
export function padsOf(
  node: GraphDefNode,
  input: { shape: readonly number[]; pads?: Pads & { fill: number } },
  size: number,
  stride: number,
): WindowPads | undefined {
  const [, height, width] = input.shape;
  const padding = node.text('padding', '');
  if (input.pads && padding !== 'VALID') return undefined;
  switch (padding) {
    case 'VALID':
      return paired({ top: 0, bottom: 0, left: 0, right: 0, fill: 0, ...input.pads });
    case 'SAME': {
      const [top, bottom] = samePadding(height, size, stride);
      const [left, right] = samePadding(width, size, stride);
      return paired({ top, bottom, left, right, fill: 0 });
    }
    case 'EXPLICIT': {
      const pads = node.integers('explicit_paddings');
      const [, , top, bottom, left, right] = pads;
      const isSound = pads.length === 8 && pads.every((n) => n >= 0);
      return isSound ? paired({ top, bottom, left, right, fill: 0 }) : undefined;
    }
    default:
      return undefined;
  }
}

function paired(pads: Pads & { fill: number }): WindowPads {
  const { top, bottom, left, right } = pads;
  return {
    ...pads,
    ...(top === left ? { near: top } : {}),
    ...(bottom === right ? { far: bottom } : {}),
  };
}

/** The padding that TensorFlow calls "same": the odd cell comes behind. */
function samePadding(length: number, size: number, stride: number): [number, number] {
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + size - length, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Height and width after a convolution or pool, rounded down. */
export function sidesAfter(
  [height, width]: readonly [number, number],
  size: number,
  stride: number,
  { top, bottom, left, right }: Pads,
): [number, number] {
  const side = (length: number) => Math.floor((length - size) / stride) + 1;
  return [side(height + top + bottom), side(width + left + right)];
}
