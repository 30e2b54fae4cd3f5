import { nodeInputs } from '../graph/activationShapes.js';
import { neededNodes } from '../graph/neededNodes.js';
import type { Graph, GraphNode } from '../graph/types.js';
import { DetectorError } from '../errors.js';
import { checkWeights, type Tensor, type Weights } from '../weights/weights.js';
import type {
  Engine,
  EngineOptions,
  NetworkSession,
  SessionOptions,
} from './engine.js';
import type { TensorFlowApi, TensorFlowTensor } from './tensorflow/api.js';
import { applyNode, type Parameters } from './tensorflow/applyNode.js';
import { loadParameters } from './tensorflow/loadParameters.js';
import { loadTensorFlow } from './tensorflow/loadTensorflow.js';

/**
 * TensorFlow, by the tfjs API of `@tensorflow/tfjs-node-gpu` or, where that is not
 * installed, of `@tensorflow/tfjs-node`. A run blocks its thread till it is done.
 *
 * @throws DetectorError ENGINE_UNAVAILABLE when neither is installed or loads
 */
export async function tensorflowEngine(options: EngineOptions = {}): Promise<Engine> {
  const { tf, version, device } = loadTensorFlow(options.threads);
  await tf.ready();
  return {
    name: 'tensorflow',
    version,
    device,
    // eslint-disable-next-line @typescript-eslint/require-await -- faults reject
    load: async (graph, weights, sessionOptions) =>
      new TensorFlowSession(tf, graph, weights, sessionOptions),
  };
}

class TensorFlowSession implements NetworkSession {
  readonly #nodes: readonly GraphNode[];
  readonly #outputs: readonly string[];
  readonly #parameters: Parameters;
  /** For each node the activations that none after it reads. */
  readonly #lastUses: readonly (readonly string[])[];
  #isDisposed = false;

  constructor(
    private readonly tf: TensorFlowApi,
    private readonly graph: Graph,
    weights: Weights,
    { outputs, precision = 'fp32' }: SessionOptions,
  ) {
    if (precision !== 'fp32') {
      throw new DetectorError(
        'INVALID_ARGUMENT',
        `precision: the tensorflow engine computes in fp32 alone, not in ${precision}; the engine onnx does`,
      );
    }
    checkWeights(graph, weights, weights.metadata.name ?? graph.name);
    this.#outputs = outputs;
    this.#nodes = neededNodes(graph, outputs);
    this.#lastUses = findLastUses(this.#nodes, outputs);
    this.#parameters = loadParameters(tf, graph, this.#nodes, weights);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- faults reject
  async run(input: Tensor): Promise<Record<string, Tensor>> {
    this.#check(input);
    const { tf } = this;
    // Within a tidy of their own all activations would live till the end.
    const activations = new Map<string, TensorFlowTensor>();
    try {
      activations.set(this.graph.input, channelsLast(tf, input));
      this.#nodes.forEach((node, i) => {
        const inputs = nodeInputs(node).map((name) => activations.get(name)!);
        activations.set(
          node.name,
          tf.tidy(() => applyNode(tf, node, inputs, this.#parameters)),
        );
        for (const name of this.#lastUses[i]) {
          activations.get(name)!.dispose();
          activations.delete(name);
        }
      });
      return Object.fromEntries(
        this.#outputs.map((name) => [name, channelsFirst(tf, activations.get(name)!)]),
      );
    } finally {
      for (const tensor of activations.values()) tensor.dispose();
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as its interface
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const tensor of this.#parameters.values()) tensor.dispose();
  }

  #check({ shape, data }: Tensor): void {
    const { name, inputChannels } = this.graph;
    if (this.#isDisposed) {
      throw new DetectorError('INVALID_ARGUMENT', 'the network has been disposed of');
    }
    const size = shape.reduce((product, n) => product * n, 1);
    if (shape.length === 4 && shape[1] === inputChannels && size === data.length) {
      return;
    }
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `"${name}" takes [batch, ${inputChannels}, height, width], not [${shape.join(', ')}] with ${data.length} numbers`,
    );
  }
}

function findLastUses(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
): string[][] {
  const seen = new Set(outputs);
  return nodes
    .map((node) => node)
    .reverse()
    .map((node) => {
      const last = [...new Set(nodeInputs(node))].filter((name) => !seen.has(name));
      for (const name of last) seen.add(name);
      return last;
    })
    .reverse();
}

/** From [batch, channels, height, width] to [batch, height, width, channels]. */
function channelsLast(tf: TensorFlowApi, { data, shape }: Tensor): TensorFlowTensor {
  return tf.tidy(() =>
    tf.transpose(tf.tensor(data, [...shape], 'float32'), [0, 2, 3, 1]),
  );
}

/** The inverse, as numbers; [batch, channels] stays. */
function channelsFirst(tf: TensorFlowApi, x: TensorFlowTensor): Tensor {
  const ordered = x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : tf.clone(x);
  const data = ordered.dataSync() as Float32Array;
  ordered.dispose();
  return { data, shape: ordered.shape };
}
