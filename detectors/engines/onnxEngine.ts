import type * as OnnxRuntime from 'onnxruntime-node';
import { DetectorError } from '../errors.js';
import type { Graph } from '../graph/types.js';
import { buildOnnx, type OnnxForm } from '../onnx/emitOnnx.js';
import { encodeOnnxBeside } from '../onnx/encodeOnnx.js';
import type { ModelMessage } from '../onnx/messages.js';
import { checkWeights, type Tensor, type Weights } from '../weights/weights.js';
import type { Engine, NetworkSession, Precision, SessionOptions } from './engine.js';

/**
 * The embedded engine: the graph becomes an ONNX model in memory, which
 * onnxruntime-node runs on the CPU.
 *
 * @throws DetectorError ENGINE_UNAVAILABLE when onnxruntime-node is not
 *   installed or its library does not load here.
 */
export async function onnxEngine(): Promise<Engine> {
  // The library would keep a device id on disk and send usage data away.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  let runtime: typeof OnnxRuntime;
  try {
    runtime = await import('onnxruntime-node');
  } catch (error) {
    throw new DetectorError(
      'ENGINE_UNAVAILABLE',
      `onnxruntime-node does not load (${(error as Error).message.split('\n')[0]}); install it with ` +
        '"npm install onnxruntime-node --ignore-scripts" (its install script fetches CUDA files that are not needed)',
      { cause: error },
    );
  }
  const { versions } = runtime.env;
  return {
    name: 'onnx',
    version: `onnxruntime ${versions.node ?? versions.common}`,
    device: 'cpu',
    load: (graph, weights, options) => loadSession(runtime, graph, weights, options),
  };
}

/** Half precision keeps the weights few, 8 bits have code of their own. */
const FORMS: Record<Precision, OnnxForm> = {
  fp32: 'fast',
  fp16: 'moderate',
  int8: 'dense',
};

async function loadSession(
  runtime: typeof OnnxRuntime,
  graph: Graph,
  weights: Weights,
  options: SessionOptions,
): Promise<NetworkSession> {
  const { outputs, threads = 1, precision = 'fp32' } = options;
  checkWeights(graph, weights, weights.metadata.name ?? graph.name);
  const message = await inPrecision(
    buildOnnx(graph, weights, outputs, FORMS[precision]),
    precision,
    weights,
  );
  const sessionOptions: OnnxRuntime.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Photos differ in size; a memory pattern for each would only grow.
    enableMemPattern: false,
    logSeverityLevel: 3,
  };
  const { model, externalData, folder } = encodeOnnxBeside(message);
  const session = await runtime.InferenceSession.create(model, {
    ...sessionOptions,
    // The runtime copies what it keeps.
    ...(externalData && { externalData }),
    ...(folder && {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    }),
  });
  return {
    async run(input: Tensor) {
      const tensor = new runtime.Tensor('float32', input.data, input.shape);
      const results = await session.run({ [graph.input]: tensor });
      const activations: Record<string, Tensor> = {};
      for (const name of outputs) {
        const { data, dims } = results[name];
        activations[name] = { data: data as Float32Array, shape: dims };
      }
      return activations;
    },
    dispose: () => session.release(),
  };
}

/** 8 bits are static when the weights have been calibrated, else dynamic. */
async function inPrecision(
  model: ModelMessage,
  precision: Precision,
  weights: Weights,
): Promise<ModelMessage> {
  if (precision === 'fp32') return model;
  const { halveOnnx, quantizeOnnx } = await import('../onnx/quantizeOnnx.js');
  if (precision === 'fp16') return halveOnnx(model);
  const { readActivationRanges } = await import('../quantization/activationRanges.js');
  return quantizeOnnx(model, readActivationRanges(weights));
}
