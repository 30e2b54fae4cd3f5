import { DetectorError } from '../errors.js';
import {
  ENGINE_NAMES,
  type Engine,
  type EngineName,
  type EngineOptions,
} from './engine.js';
import { findGpu } from './findGpu.js';
import { onnxEngine } from './onnxEngine.js';

export { ENGINE_NAMES, type EngineName };

/** An engine, and why it was taken. */
export interface ChosenEngine {
  engine: Engine;
  reason: string;
  /** Name of a GPU that is here and that the engine makes no use of. */
  unusedGpu?: string;
}

export interface ChooseEngineOptions extends EngineOptions {
  /** What looks for GPUs and loads engines; tests put others in their place. */
  sources?: EngineSources;
}

export interface EngineSources {
  findGpu: () => Promise<string | undefined>;
  onnx: () => Promise<Engine>;
  tensorflow: (options: EngineOptions) => Promise<Engine>;
}

const SOURCES: EngineSources = {
  findGpu,
  onnx: onnxEngine,
  tensorflow: async (options) =>
    (await import('./tensorflowEngine.js')).tensorflowEngine(options),
};

/**
 * Loads the engine that was asked for. `auto` takes tensorflow when it loads and
 * finds a GPU, else onnx, the embedded one, and never without saying why.
 *
 * @throws DetectorError ENGINE_UNAVAILABLE, INVALID_ARGUMENT
 */
export async function chooseEngine(
  name: EngineName = 'auto',
  options: ChooseEngineOptions = {},
): Promise<ChosenEngine> {
  const { sources = SOURCES, ...engineOptions } = options;
  if (!ENGINE_NAMES.includes(name)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `there is no engine "${String(name)}"; choose one of ${ENGINE_NAMES.join(', ')}`,
    );
  }
  // A program may have to be asked for GPUs; the engine that is taken nearly always
  // loads meanwhile.
  const onnx = name === 'tensorflow' ? undefined : sources.onnx();
  onnx?.catch(() => undefined);
  const gpu = await sources.findGpu();
  if (name === 'auto') return chooseByGpu(gpu, onnx!, sources, engineOptions);
  const engine = await (onnx ?? sources.tensorflow(engineOptions));
  const reason = 'asked for by name';
  return gpu && engine.device !== 'gpu'
    ? { engine, reason: `${reason}; it leaves the ${gpu} unused`, unusedGpu: gpu }
    : { engine, reason };
}

async function chooseByGpu(
  gpu: string | undefined,
  onnx: Promise<Engine>,
  sources: EngineSources,
  options: EngineOptions,
): Promise<ChosenEngine> {
  const embedded = async (reason: string) => ({
    engine: await onnx,
    reason: `the embedded engine, as ${reason}`,
    unusedGpu: gpu,
  });
  // Nobody without a GPU waits for half a gigabyte of library to load.
  if (!gpu) return embedded('there is no GPU');
  let engine: Engine;
  try {
    engine = await sources.tensorflow(options);
  } catch (error) {
    if (!(error instanceof DetectorError)) throw error;
    return embedded(
      `the ${gpu} is unused: ${error.message.replace('rcnn setup tensorflow', 'rcnn setup tensorflow --gpu')}`,
    );
  }
  if (engine.device === 'gpu') return { engine, reason: `it uses the ${gpu}` };
  return embedded(
    `the ${gpu} is unused: ${engine.version} does not find it; "rcnn setup tensorflow --gpu" installs one with CUDA`,
  );
}

/** An engine and why it was taken, for the record. */
export interface EngineInfo {
  name: string;
  version: string;
  device: string;
  /** Why it was taken. */
  reason: string;
  /** Name of a GPU that is here and that the engine makes no use of. */
  unusedGpu?: string;
}

export function describeEngine({
  engine,
  reason,
  unusedGpu,
}: ChosenEngine): EngineInfo {
  const { name, version, device } = engine;
  return { name, version, device, reason, ...(unusedGpu && { unusedGpu }) };
}
