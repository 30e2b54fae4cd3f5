import { DetectorError } from '../errors.js';
import { neededNodes } from './neededNodes.js';
import { networkNamed, networks } from './networks/index.js';
import type { Graph, GraphNode } from './types.js';

/** Name of the detector's output activation. */
export const MAPS = 'rcnn/maps';

/** What a detector's graph is called after its backbone. */
const SUFFIX = '-rcnn';

/**
 * A network as the detector's backbone at stride 16 (the LeNets' is 4), with position-
 * sensitive maps on top (Dai et al. 2016). The pool that would lead to stride 32, GoogLeNet's pool4, keeps
 * its stride at 1, and what follows runs on the four interleaved grids of its output,
 * which is the same as dilating it by 2. Output `rcnn/maps`: bins² × outputs channels,
 * laid out [bin row, bin column, output].
 *
 * @param backbone name of a network, such as "googlenet"; the graph is called after it,
 *   "googlenet-rcnn"
 * @throws DetectorError INVALID_ARGUMENT when no such network can be a backbone
 */
export function detectorGraph(backbone: string, bins: number, outputs: number): Graph {
  const network = networkNamed(backbone);
  if (!network.backbone) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `"${backbone}" has no map that a detector could stand on; ${listBackbones()} have`,
    );
  }
  const { features, pool } = network.backbone;
  const classifier = network.build();
  const nodes: GraphNode[] = [];
  for (const node of neededNodes(classifier, [features])) {
    if (node.name === pool && node.op === 'maxPool') {
      const { name, input, size } = node;
      const pad = Math.floor((size - 1) / 2);
      nodes.push(
        { op: 'maxPool', name: 'rcnn/pool', input, size, stride: 1, pad },
        // What follows reads the grids in the pool's place.
        { op: 'spaceToBatch', name, input: 'rcnn/pool', block: 2 },
      );
    } else nodes.push(node);
  }
  let input = features;
  if (pool) {
    input = 'rcnn/features';
    nodes.push({
      op: 'batchToSpace',
      name: input,
      input: features,
      block: 2,
      like: 'rcnn/pool',
    });
  }
  const channels = bins * bins * outputs;
  nodes.push({ op: 'convolution', name: MAPS, input, outputs: channels, size: 1 });
  const { inputChannels } = classifier;
  return { name: backbone + SUFFIX, input: 'data', inputChannels, nodes };
}

/** The backbone that a detector's graph is called after, if it is one. */
export function backboneOf(graphName: string): string | undefined {
  const name = graphName.slice(0, -SUFFIX.length);
  const isKnown = graphName.endsWith(SUFFIX) && Object.hasOwn(networks, name);
  return isKnown && networkNamed(name).backbone ? name : undefined;
}

/** Names of the networks that can be a detector's backbone, with commas between them. */
export function listBackbones(): string {
  return Object.entries(networks)
    .filter(([, { backbone }]) => backbone)
    .map(([name]) => name)
    .join(', ');
}
