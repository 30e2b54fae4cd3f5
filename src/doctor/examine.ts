import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import {
  chooseEngine,
  type EngineSources,
} from '../../detectors/engines/chooseEngine.js';
import type { Engine } from '../../detectors/engines/engine.js';
import { findGpu } from '../../detectors/engines/findGpu.js';
import {
  tensorflowFolder,
  tensorflowPlaces,
} from '../../detectors/engines/tensorflow/places.js';
import { DetectorError } from '../../detectors/errors.js';
import { probeEngine, type ProbeResult } from '../engines/probeEngine.js';
import { packageVersion } from '../version.js';

/** What is known of one engine. */
export interface EngineReport {
  name: 'onnx' | 'tensorflow';
  isInstalled: boolean;
  /** Whether it was loaded, in a process of its own, and multiplied rightly. */
  loads: boolean;
  version?: string;
  device?: string;
  /** Folder of its package. */
  folder?: string;
  /** What loading and one product took. */
  seconds?: number;
  /** Why it does not load. */
  problem?: string;
  /** What to do about what is not as it could be. */
  advice?: string;
}

/** What `rcnn doctor` found. */
export interface DoctorReport {
  version: string;
  node: string;
  platform: string;
  /** The first GPU that an engine could use; null when there is none. */
  gpu: string | null;
  engines: EngineReport[];
  /** What `--engine auto` takes, and why; null when no engine loads. */
  auto: { name: string; reason: string } | null;
  /** What to do, all of it; empty when all is well. */
  problems: string[];
}

/** What an examination asks; tests put others in their place. */
export interface ExamineSources {
  findGpu: () => Promise<string | undefined>;
  probe: (name: 'onnx' | 'tensorflow') => Promise<ProbeResult>;
}

/** Examines the engines: installed, usable, on which device, and what to do. */
export async function examine(
  sources: ExamineSources = { findGpu, probe: probeEngine },
): Promise<DoctorReport> {
  const gpu = await sources.findGpu();
  const onnx = await examineOnnx(sources.probe);
  const tensorflow = await examineTensorFlow(sources.probe, gpu);
  const engines = [onnx, tensorflow];
  const auto = await chooseEngine('auto', {
    sources: {
      findGpu: () => Promise.resolve(gpu),
      onnx: () => asProbed(onnx),
      tensorflow: () => asProbed(tensorflow),
    } satisfies EngineSources,
  }).catch((error: unknown) => {
    if (error instanceof DetectorError) return undefined;
    throw error;
  });
  const problems = engines
    // An engine that nobody installed is no problem, unless a GPU waits for it.
    .filter(({ isInstalled, loads, name }) =>
      isInstalled ? !loads : name === 'onnx' || gpu,
    )
    .map(({ name, advice }) => `${name}: ${advice}`);
  if (auto?.unusedGpu && problems.length === 0) {
    problems.push(`the ${auto.unusedGpu} is unused: ${tensorflow.advice}`);
  }
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    gpu: gpu ?? null,
    engines,
    auto: auto ? { name: auto.engine.name, reason: auto.reason } : null,
    problems,
  };
}

async function examineOnnx(probe: ExamineSources['probe']): Promise<EngineReport> {
  let folder: string | undefined;
  try {
    const require = createRequire(import.meta.url);
    folder = dirname(require.resolve('onnxruntime-node/package.json'));
  } catch {
    // The probe says so in its own words.
  }
  const result = await probe('onnx');
  const report = { name: 'onnx', isInstalled: folder !== undefined, folder } as const;
  if (result.loads) return { ...report, ...result, folder };
  return {
    ...report,
    ...result,
    advice:
      'install it anew: npm install onnxruntime-node --ignore-scripts (Linux with glibc, macOS or Windows)',
  };
}

async function examineTensorFlow(
  probe: ExamineSources['probe'],
  gpu: string | undefined,
): Promise<EngineReport> {
  const [place] = tensorflowPlaces();
  const command = gpu ? 'rcnn setup tensorflow --gpu' : 'rcnn setup tensorflow';
  if (!place) {
    return {
      name: 'tensorflow',
      isInstalled: false,
      loads: false,
      problem: `neither beside this package nor in ${tensorflowFolder()}`,
      advice: gpu
        ? `"${command}" installs it for the ${gpu}`
        : `not needed without a GPU; "${command}" installs it`,
    };
  }
  const report = {
    name: 'tensorflow',
    isInstalled: true,
    folder: place.folder,
  } as const;
  const result = await probe('tensorflow');
  if (!result.loads) {
    return { ...report, ...result, advice: `"${command}" puts it in order` };
  }
  const isUnused = gpu && result.device !== 'gpu';
  return {
    ...report,
    ...result,
    ...(isUnused && {
      advice: `this TensorFlow does not find the GPU; "${command}" installs one with CUDA`,
    }),
  };
}

/** An engine as its examination found it, to choose from. */
function asProbed(report: EngineReport): Promise<Engine> {
  const { name, version = '', device = '', loads, problem, isInstalled } = report;
  const unavailable = () =>
    new DetectorError(
      'ENGINE_UNAVAILABLE',
      `${name} ${isInstalled ? 'does not load' : 'is not installed'} (${problem})`,
    );
  if (!loads) return Promise.reject(unavailable());
  return Promise.resolve({
    name,
    version,
    device,
    load: () => Promise.reject(unavailable()),
  });
}
