import { DetectorError } from '../errors.js';
import { backboneOf } from '../graph/detectorGraph.js';
import { narrowGraph } from '../graph/narrowGraph.js';
import { networkNamed, networks } from '../graph/networks/index.js';
import type { Graph } from '../graph/types.js';
import { readModel } from '../model.js';
import { checkWeights, type Weights } from './weights.js';

/**
 * The network that a weights file of ours belongs to, by its metadata: a detector
 * (`graph` "…-rcnn") or a classifier (`graph` and `classes`, a number or a list of
 * names).
 *
 * @param source what to call the file in messages
 * @throws DetectorError WEIGHTS_MISMATCH when it names no network, or has not its
 *   weights; INVALID_WEIGHTS when its metadata is unsound
 */
export function graphOfWeights(weights: Weights, source: string): Graph {
  const { graph: name = '', classes = '' } = weights.metadata;
  if (backboneOf(name) !== undefined) return readModel(weights, source).graph;
  if (!Object.hasOwn(networks, name)) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: its metadata names ${name ? `the network "${name.slice(0, 100)}", which there is not` : 'no network'}; import it with "rcnn weights import"`,
    );
  }
  const count = countClasses(classes);
  if (count === undefined) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "classes" is no number and no list of names`,
    );
  }
  const graph = narrowGraph(networkNamed(name).build(count), weights.metadata, source);
  checkWeights(graph, weights, source);
  return graph;
}

/** More classes than this are no classifier's. */
const MAX_CLASSES = 1_000_000;

function countClasses(text: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const count = Array.isArray(value) ? value.length : value;
  return Number.isInteger(count) &&
    (count as number) > 0 &&
    (count as number) <= MAX_CLASSES
    ? (count as number)
    : undefined;
}
