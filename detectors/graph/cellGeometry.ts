import { DetectorError } from '../errors.js';
import { nodeInputs } from './activationShapes.js';
import type { Graph, GraphNode } from './types.js';

/**
 * Where a map's cells lie in the image: in each axis cell m stands for the pixels
 * [stride·m + offset, stride·(m + 1) + offset), about the centre of its receptive field.
 */
export interface CellGeometry {
  /** Pixels from a cell to the next. */
  stride: number;
  /** Where cell 0 begins. */
  offset: number;
}

/** One axis of an activation: pixels between cells, and the pixel in the middle of cell 0's field. */
interface Axis {
  stride: number;
  centre: number;
}

/**
 * Receptive-field arithmetic from the input up: a window of `size` cells `pad` cells
 * before the map's edge has its middle (size − 1) / 2 − pad cells after the map's first.
 *
 * @throws DetectorError INVALID_GRAPH when the activation is unknown, has no height and
 *   width, or joins maps whose cells lie elsewhere
 */
export function cellGeometry(graph: Graph, activation: string): CellGeometry {
  const problem = (text: string) =>
    new DetectorError('INVALID_GRAPH', `graph "${graph.name}": ${text}`);
  const axes = new Map<string, Axis | undefined>([
    [graph.input, { stride: 1, centre: 0 }],
  ]);
  for (const node of graph.nodes) {
    const [first, ...others] = nodeInputs(node).map((name) => axes.get(name));
    const differs = others.some(
      (axis) => axis?.stride !== first?.stride || axis?.centre !== first?.centre,
    );
    if ('inputs' in node && differs) {
      throw problem(`"${node.name}" joins maps whose cells lie in different places`);
    }
    axes.set(node.name, first && outputAxis(node, first));
  }
  const axis = axes.get(activation);
  if (!axis) {
    throw problem(
      axes.has(activation)
        ? `"${activation}" has no height and width`
        : `there is no activation "${activation}"`,
    );
  }
  const { stride, centre } = axis;
  return { stride, offset: centre + 0.5 - stride / 2 };
}

function outputAxis(node: GraphNode, { stride, centre }: Axis): Axis | undefined {
  switch (node.op) {
    case 'convolution':
    case 'fixedConvolution':
    case 'maxPool':
    case 'averagePool': {
      const { size, stride: step = 1, pad = 0 } = node;
      const shift = (size - 1) / 2 - pad;
      return { stride: stride * step, centre: centre + shift * stride };
    }
    case 'spaceToBatch':
      return { stride: stride * node.block, centre };
    case 'batchToSpace':
      return { stride: stride / node.block, centre };
    case 'globalAveragePool':
    case 'flatten':
    case 'linear':
    case 'radialBasis':
      return undefined;
    default:
      return { stride, centre };
  }
}
