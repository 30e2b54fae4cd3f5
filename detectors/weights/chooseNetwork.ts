import { DetectorError } from '../errors.js';
import { networkNamed, networks } from '../graph/networks/index.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph, GraphNode } from '../graph/types.js';
import { unpack, type StoredTensor } from './storedTensors.js';
import { checkWeights, type Weights } from './weights.js';

/** A file of parameters whose names follow from those of a graph's nodes. */
export interface ParameterFile {
  source: string;
  /** What the file calls its network, for messages. */
  title: string;
  /** Outputs of the layer that a node is called after; undefined when there is none. */
  outputsOf(node: string): number | undefined;
  /** The parameters that a graph finds in the file, and what is left of the file. */
  parametersOf(graph: Graph): {
    tensors: ReadonlyMap<string, StoredTensor>;
    unused: readonly string[];
  };
  /** How much the file's order of layers differs from a graph's, where it has one. */
  disorder?(graph: Graph): number;
}

export interface ChooseNetworkOptions {
  /** Name of the network. @default the one whose layers and shapes the file has */
  network?: string;
  /** Keep the auxiliary heads of training. @default false */
  auxiliary?: boolean;
}

/** A network and its weights, without metadata. */
export interface FoundNetwork {
  graph: Graph;
  tensors: Weights['tensors'];
}

const AUXILIARY = '-aux';
/** Layers of auxiliary heads, as BVLC and torchvision call them. */
const AUXILIARY_LAYER = /^(?:loss|aux)[12][/.]/;

/** Names of the networks that a file may hold. */
export function candidateNetworks(options: ChooseNetworkOptions): string[] {
  const { network, auxiliary = false } = options;
  if (network !== undefined) {
    networkNamed(network);
    const isAuxiliary = network.endsWith(AUXILIARY);
    if (!auxiliary || isAuxiliary) return [network];
    const name = network + AUXILIARY;
    networkNamed(name);
    return [name];
  }
  return Object.keys(networks).filter((name) => name.endsWith(AUXILIARY) === auxiliary);
}

/**
 * Finds the network that a file holds, by the names and shapes of its layers; where
 * two networks have the same (BVLC's AlexNet and CaffeNet), by the layers' order. The
 * number of classes is that of the file's own classifier.
 *
 * @throws DetectorError WEIGHTS_MISMATCH, naming what differs from the network that
 *   comes closest; INVALID_ARGUMENT when there is no network of the name
 */
export function chooseNetwork(
  file: ParameterFile,
  options: ChooseNetworkOptions = {},
): FoundNetwork {
  let best: Candidate | undefined;
  for (const name of candidateNetworks(options)) {
    const candidate = tryNetwork(file, name);
    if (!candidate) continue;
    const isBetter =
      !best ||
      candidate.faults < best.faults ||
      (candidate.faults === best.faults && candidate.disorder < best.disorder);
    if (isBetter) best = candidate;
  }
  if (!best) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${file.source}: the network in it (${JSON.stringify(file.title.slice(0, 100))}) has no classifier that ${options.network ?? 'any network here'} has; see "rcnn weights import --help"`,
    );
  }
  return finish(file, best);
}

interface Candidate {
  graph: Graph;
  tensors: ReadonlyMap<string, StoredTensor>;
  unused: readonly string[];
  /** Parameters that are missing, left over, or of another shape. */
  faults: number;
  disorder: number;
}

/** Nodes whose outputs may be the classes. */
const CLASSIFIERS: ReadonlySet<GraphNode['op']> = new Set([
  'linear',
  'convolution',
  'radialBasis',
]);

/** What a file has of a network; undefined without its classifier. */
function tryNetwork(file: ParameterFile, name: string): Candidate | undefined {
  const network = networkNamed(name);
  const last = network.build().nodes.findLast(({ op }) => CLASSIFIERS.has(op));
  const classes = last && file.outputsOf(last.name);
  if (classes === undefined || !Number.isInteger(classes) || classes < 1)
    return undefined;
  const graph = network.build(classes);
  const { tensors, unused } = file.parametersOf(graph);
  const isAuxiliary = name.endsWith(AUXILIARY);
  const left = unused.filter((layer) => isAuxiliary || !AUXILIARY_LAYER.test(layer));
  let faults = left.length;
  for (const [parameter, shape] of parameterShapes(graph)) {
    if (tensors.get(parameter)?.shape.join() !== shape.join()) faults++;
  }
  const disorder = file.disorder?.(graph) ?? 0;
  return { graph, tensors, unused: left, faults, disorder };
}

function finish({ source }: ParameterFile, candidate: Candidate): FoundNetwork {
  const { graph, unused } = candidate;
  const shapes = parameterShapes(graph);
  const tensors = new Map(
    [...candidate.tensors].map(([name, stored]) => {
      // Numbers are unpacked only where the shape is right; the check names the rest.
      const isRight = stored.shape.join() === shapes.get(name)?.join();
      const tensor = isRight
        ? unpack(stored)
        : { shape: stored.shape, data: new Float32Array(0) };
      return [name, tensor] as const;
    }),
  );
  for (const name of unused) {
    if (!shapes.has(name)) tensors.set(name, { shape: [], data: new Float32Array(0) });
  }
  checkWeights(graph, { tensors, metadata: {} }, source);
  return { graph, tensors };
}
