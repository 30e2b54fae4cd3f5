import { DetectorError } from '../../errors.js';
import { gaborFilters } from '../../graph/gaborFilters.js';
import type { FixedConvolution, Graph, GraphNode } from '../../graph/types.js';
import type { ParameterFile } from '../chooseNetwork.js';
import type { StoredTensor } from '../storedTensors.js';
import { blobTensor, NetParameter, type Blob } from './schema.js';

interface RawLayer {
  name?: string;
  type?: string | number;
  bottom?: string[];
  top?: string[];
  blobs?: Blob[];
}

/** A layer of a .caffemodel, in either generation. */
export interface CaffeLayer {
  name: string;
  /** As in the later form; the legacy form's numbers are left out but for these two. */
  type: string;
  bottom: readonly string[];
  top: readonly string[];
  blobs: readonly StoredTensor[];
}

/** A .caffemodel: its layers in their order, those without numbers too. */
export interface CaffeNet {
  name: string;
  layers: CaffeLayer[];
}

/** caffe.proto, V1LayerParameter.LayerType */
const V1_TYPES: Readonly<Record<number, string>> = {
  4: 'Convolution',
  14: 'InnerProduct',
};

function invalid(source: string, problem: string, cause?: unknown): DetectorError {
  return new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: not a sound .caffemodel: ${problem}`,
    { cause },
  );
}

/**
 * Reads the layers of a `.caffemodel`, in the legacy V1 form with `layers` or the
 * later one with `layer`, and their blobs in either form of shape.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the file is truncated or no .caffemodel
 */
export function readCaffeNet(bytes: Uint8Array, source: string): CaffeNet {
  let net: { name?: string; layers?: RawLayer[]; layer?: RawLayer[] };
  try {
    net = NetParameter.decode(bytes) as typeof net;
  } catch (error) {
    throw invalid(
      source,
      `${(error as Error).message} (truncated, or another kind of file)`,
      error,
    );
  }
  const names = new Set<string>();
  const layers = [...(net.layers ?? []), ...(net.layer ?? [])].map((layer) => {
    const { name = '', type = '', bottom = [], top = [], blobs = [] } = layer;
    if (blobs.length > 0 && names.has(name)) {
      throw invalid(source, `two layers are called "${name}"`);
    }
    if (blobs.length > 0) names.add(name);
    return {
      name,
      type: typeof type === 'number' ? (V1_TYPES[type] ?? '') : type,
      bottom,
      top,
      blobs: blobs.map((blob, i) =>
        blobTensor(blob, `blob ${i} of layer "${name}"`, source),
      ),
    };
  });
  if (names.size === 0) throw invalid(source, 'it has no layer with numbers in it');
  return { name: net.name ?? '', layers };
}

/**
 * The parameters of a `.caffemodel` by the names of a graph's nodes, which are those
 * of Caffe's layers. A node with batch normalization takes Caffe's BatchNorm layer of
 * its name, or else the one behind its convolution, and the Scale layer behind that.
 */
export function caffeParameters(net: CaffeNet, source: string): ParameterFile {
  const layers = new Map(
    net.layers.filter(({ blobs }) => blobs.length > 0).map((l) => [l.name, l]),
  );
  const places = new Map(net.layers.map(({ name }, i) => [name, i]));
  return {
    source,
    title: net.name,
    outputsOf: (node) => {
      const shape = layers.get(node)?.blobs[0]?.shape;
      return shape && (shape.length === 4 && isPadded(shape) ? shape[2] : shape[0]);
    },
    parametersOf(graph) {
      const reader = new NodeReader(net, layers, source);
      for (const node of graph.nodes) reader.read(node);
      return reader;
    },
    disorder: (graph) => countInversions(graph, places),
  };
}

/** Whether a legacy shape is that of a matrix: [1, 1, outputs, inputs]. */
const isPadded = ([a, b]: readonly number[]) => a === 1 && b === 1;

class NodeReader {
  readonly tensors = new Map<string, StoredTensor>();
  readonly #used = new Set<string>();

  constructor(
    private readonly net: CaffeNet,
    private readonly layers: ReadonlyMap<string, CaffeLayer>,
    private readonly source: string,
  ) {}

  get unused(): string[] {
    return [...this.layers.keys()].filter((name) => !this.#used.has(name));
  }

  read(node: GraphNode): void {
    if (node.op === 'batchNormalization')
      return this.#normalization(node.name, node.input);
    const layer = this.layers.get(node.name);
    if (!layer) return;
    if (node.op === 'fixedConvolution') {
      // Caffe has no filters by formula; a file has them as numbers.
      if (areGabor(layer, node)) this.#used.add(layer.name);
      return;
    }
    const ranks: Partial<Record<GraphNode['op'], number>> = {
      convolution: 4,
      linear: 2,
      channelScale: 1,
      radialBasis: 2,
    };
    const rank = ranks[node.op];
    if (rank === undefined) return;
    // Caffe has no distances of its own; a layer that a fork has added may have any type.
    if (node.op === 'radialBasis' && layer.type === 'InnerProduct') return;
    this.#used.add(layer.name);
    if (layer.blobs.length > 2) throw this.#wrongCount(layer);
    ['weight', 'bias'].forEach((parameter, i) => {
      const blob = layer.blobs[i];
      if (blob) this.#set(`${node.name}/${parameter}`, blob, i === 0 ? rank : 1);
    });
  }

  /** Caffe keeps sums: mean and variance are what the blobs say over the third one. */
  #normalization(name: string, convolution: string): void {
    const layer = this.layers.get(name) ?? this.#behind(convolution, 'BatchNorm');
    if (!layer) return;
    const { blobs } = layer;
    // NVIDIA's Caffe keeps scale and bias in the same layer.
    if (blobs.length !== 3 && blobs.length !== 5) throw this.#wrongCount(layer);
    this.#used.add(layer.name);
    const [mean, variance, factor] = blobs;
    this.#set(`${name}/mean`, divided(mean, factor), 1);
    this.#set(`${name}/variance`, divided(variance, factor), 1);
    const scale = blobs.length === 5 ? undefined : this.#behind(layer.name, 'Scale');
    const [weight, bias] = scale?.blobs ?? blobs.slice(3);
    if (scale) this.#used.add(scale.name);
    const [channels] = mean.shape.slice(-1);
    this.#set(`${name}/weight`, weight ?? constant(channels, 1), 1);
    this.#set(`${name}/bias`, bias ?? constant(channels, 0), 1);
  }

  /** The layer of a type that reads what a layer gives, in place or not. */
  #behind(name: string, type: string): CaffeLayer | undefined {
    const { layers } = this.net;
    const at = layers.findIndex((layer) => layer.name === name);
    const top = layers[at]?.top[0];
    return layers
      .slice(at + 1)
      .find(
        (layer) => layer.type === type && top !== undefined && layer.bottom[0] === top,
      );
  }

  /** Keeps a blob under a name; the legacy form's leading ones are dropped. */
  #set(name: string, blob: StoredTensor, rank: number): void {
    const shape = [...blob.shape];
    while (shape.length > rank && shape[0] === 1) shape.shift();
    this.tensors.set(name, { ...blob, shape });
  }

  #wrongCount({ name, blobs }: CaffeLayer): DetectorError {
    return invalid(this.source, `layer "${name}" has ${blobs.length} blobs`);
  }
}

/** Whether a layer's filters are those of the formula, to single precision. */
function areGabor({ blobs }: CaffeLayer, node: FixedConvolution): boolean {
  const [filters] = blobs;
  const [outputs, channels, ...size] = filters.shape;
  const isLike =
    outputs === node.orientations && size.join() === `${node.size},${node.size}`;
  if (blobs.length !== 1 || !isLike) return false;
  const { data } = gaborFilters(node, channels);
  return filters.read().every((value, i) => Math.abs(value - data[i]) < 1e-5);
}

function divided(sums: StoredTensor, factor: StoredTensor): StoredTensor {
  return {
    ...sums,
    read() {
      const [count] = factor.read();
      return sums.read().map((sum) => (count === 0 ? 0 : sum / count));
    },
  };
}

const constant = (count: number, value: number): StoredTensor => ({
  shape: [count],
  type: 'float',
  read: () => new Float32Array(count).fill(value),
});

/** In how many places the file has layers in another order than a graph has nodes. */
function countInversions(graph: Graph, places: ReadonlyMap<string, number>): number {
  const order = graph.nodes
    .map(({ name }) => places.get(name))
    .filter((place) => place !== undefined);
  return order.filter((place, i) => i > 0 && place < order[i - 1]).length;
}
