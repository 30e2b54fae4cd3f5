import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { selectiveSearch, type SelectiveSearchOptions } from '../proposals/index.js';
import { chooseEngine, type EngineName } from './engines/chooseEngine.js';
import type { NetworkSession } from './engines/engine.js';
import { DetectorError } from './errors.js';
import type { ScoredBoxes } from './heads/decodeOutputs.js';
import { MAPS } from './graph/detectorGraph.js';
import { readModel, type DetectorModel } from './model.js';
import type { Detection } from './pipeline/detections.js';
import { checkPipelineOptions } from './pipeline/checkOptions.js';
import {
  detectPhoto,
  type PipelineOptions,
  type StageTimes,
} from './pipeline/detectPhoto.js';
import { withDefaults } from './withDefaults.js';
import { toPhoto, type PixelImage } from './warp/photo.js';
import { readWeights } from './weights/safetensors.js';

/** The model that comes with the package. */
export const DEFAULT_MODEL = 'coco80-r1';

export interface DetectOptions extends PipelineOptions {
  /** n×4 boxes in pixels of the image, best first, instead of selective search. */
  proposals?: Float32Array;
  /** How boxes are proposed; ignored when `proposals` is given. */
  proposalOptions?: SelectiveSearchOptions;
  /** At most so many proposals are looked at, the best ones. @default 2000 */
  maxProposals?: number;
}

export interface LoadDetectorOptions extends DetectOptions {
  /** A detector's .safetensors file. @default the model of this package */
  model?: string;
  /** @default 'auto' */
  engine?: EngineName;
  /** Threads that one run of the network may use. @default 1 */
  threads?: number;
}

/** What a detector is made of, for the record. */
export interface DetectorInfo {
  model: { name: string; file: string; sha256: string };
  engine: { name: string; version: string; device: string; reason: string };
}

export interface DetectionResult {
  /** Best first. */
  detections: Detection[];
  /** n×4: the proposals that were looked at, within the image. */
  proposals: Float32Array;
  /** What the detections were selected from, see `detectPhoto`. */
  scored: ScoredBoxes;
  /** Milliseconds by stage. */
  times: StageTimes & { proposals: number };
}

export interface Detector {
  readonly info: DetectorInfo;
  /** Names of the classes by their category id. */
  readonly categories: readonly { id: number; name: string }[];
  /** Finds objects in an image; options given here go before those of `loadDetector`. */
  detect(image: PixelImage, options?: DetectOptions): Promise<Detection[]>;
  /** The same, with counts and times. */
  detectDetailed(image: PixelImage, options?: DetectOptions): Promise<DetectionResult>;
  /** Frees the network; the second call does nothing. The detector can't be used afterwards. */
  dispose(): Promise<void>;
}

/** Path of the default model's weights. */
export function defaultModelFile(): string {
  // From dist/detectors/ when built, from detectors/ when run as source.
  const up = import.meta.url.endsWith('.ts') ? '..' : '../..';
  return fileURLToPath(
    new URL(`${up}/models/${DEFAULT_MODEL}/weights.safetensors`, import.meta.url),
  );
}

/** Proposals that are looked at when nothing else is asked for. */
export const MAX_PROPOSALS = 2000;

/**
 * How boxes are proposed for the detector when nothing else is asked for: large
 * superpixels, some 600 boxes a photo. More boxes find more, but give the default
 * model more to be wrong about: on photos held out of train this has the best AP.
 */
export const DETECTOR_PROPOSALS = {
  mode: 'googlenet',
  workingSize: 300,
  minSize: 300,
} as const satisfies SelectiveSearchOptions;

/**
 * Loads a detector: model, engine and network.
 *
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH, ENGINE_UNAVAILABLE,
 *   INVALID_ARGUMENT
 */
export async function loadDetector(
  options: LoadDetectorOptions = {},
): Promise<Detector> {
  const {
    model: file = defaultModelFile(),
    engine: engineName,
    threads,
    ...defaults
  } = options;
  checkPipelineOptions(defaults);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `threads must be a whole number from 1, not ${String(threads)}`,
    );
  }
  const bytes = await readModelFile(file);
  const model = readModel(readWeights(bytes, file), file);
  checkPipelineOptions(defaults, model);
  const { engine, reason } = await chooseEngine(engineName);
  const session = await engine.load(model.graph, model.weights, {
    outputs: [MAPS],
    threads,
  });
  return new LoadedDetector(model, session, defaults, {
    model: {
      name: model.name,
      file,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    engine: {
      name: engine.name,
      version: engine.version,
      device: engine.device,
      reason,
    },
  });
}

async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${file}: the model cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}); name a detector's .safetensors file`,
      { cause: error },
    );
  }
}

class LoadedDetector implements Detector {
  #isDisposed = false;
  readonly categories: readonly { id: number; name: string }[];

  constructor(
    private readonly model: DetectorModel,
    private readonly session: NetworkSession,
    private readonly defaults: DetectOptions,
    readonly info: DetectorInfo,
  ) {
    const { names, ids } = model.classes;
    this.categories = names.slice(1).map((name, i) => ({ id: ids[i + 1], name }));
  }

  async detect(image: PixelImage, options?: DetectOptions): Promise<Detection[]> {
    return (await this.detectDetailed(image, options)).detections;
  }

  async detectDetailed(
    image: PixelImage,
    options: DetectOptions = {},
  ): Promise<DetectionResult> {
    checkPipelineOptions(options, this.model);
    if (this.#isDisposed) {
      throw new DetectorError('INVALID_ARGUMENT', 'the detector has been disposed of');
    }
    const {
      proposals,
      proposalOptions = {},
      maxProposals = MAX_PROPOSALS,
      ...pipeline
    } = withDefaults(this.defaults, options);
    const photo = toPhoto(image);
    const start = performance.now();
    const boxes =
      proposals ??
      selectiveSearch(image as Parameters<typeof selectiveSearch>[0], {
        ...withDefaults(
          { ...DETECTOR_PROPOSALS, maxBoxes: maxProposals },
          proposalOptions,
        ),
      }).boxes;
    const proposalTime = performance.now() - start;
    const best = usableBoxes(boxes, photo, maxProposals);
    const { detections, scored, times } = await detectPhoto(
      this.session,
      this.model,
      photo,
      best,
      pipeline,
    );
    return {
      detections,
      proposals: best,
      scored,
      times: { proposals: proposalTime, ...times },
    };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.session.dispose();
  }
}

/** Boxes clipped to the photo, without those that have no area there. */
function usableBoxes(
  boxes: Float32Array,
  photo: { width: number; height: number },
  limit: number,
): Float32Array {
  const usable = new Float32Array(Math.min(boxes.length, 4 * limit));
  let length = 0;
  for (let o = 0; o + 3 < boxes.length && length < usable.length; o += 4) {
    const x1 = Math.max(boxes[o], 0);
    const y1 = Math.max(boxes[o + 1], 0);
    const x2 = Math.min(boxes[o + 2], photo.width);
    const y2 = Math.min(boxes[o + 3], photo.height);
    if (!(x2 > x1 && y2 > y1)) continue;
    usable.set([x1, y1, x2, y2], length);
    length += 4;
  }
  return usable.subarray(0, length);
}
