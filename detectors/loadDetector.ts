import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { selectiveSearch, type SelectiveSearchOptions } from '../proposals/index.js';
import {
  chooseEngine,
  describeEngine,
  type EngineInfo,
  type EngineName,
} from './engines/chooseEngine.js';
import type { Precision } from './engines/engine.js';
import { weightedBoxFusion } from './ensemble/weightedBoxFusion.js';
import { DetectorError } from './errors.js';
import type { ScoredBoxes } from './heads/decodeOutputs.js';
import { MAPS } from './graph/detectorGraph.js';
import { readModel, type DetectorModel } from './model.js';
import {
  SELECTION_DEFAULTS,
  type ClassTable,
  type Detection,
} from './pipeline/detections.js';
import { checkPipelineOptions } from './pipeline/checkOptions.js';
import {
  detectPhoto,
  type LoadedModel,
  type PipelineOptions,
  type StageTimes,
} from './pipeline/detectPhoto.js';
import { withDefaults } from './withDefaults.js';
import { toPhoto, type Photo, type PixelImage } from './warp/photo.js';
import { readWeights } from './weights/safetensors.js';

/** The model that comes with the package. */
export const DEFAULT_MODEL = 'coco80-r1';

export interface DetectOptions extends PipelineOptions {
  /**
   * n×4 boxes in pixels of the image, best first, instead of selective search. They are
   * scored where they are unless `passes` says otherwise.
   */
  proposals?: Float32Array;
  /** How boxes are proposed; ignored when `proposals` is given. */
  proposalOptions?: SelectiveSearchOptions;
  /** At most so many proposals are looked at, the best ones. @default 2000 */
  maxProposals?: number;
}

export interface LoadDetectorOptions extends DetectOptions {
  /**
   * A detector's .safetensors file; of several with the same classes, an ensemble.
   * @default the model of this package
   */
  model?: string | readonly string[];
  /**
   * How an ensemble agrees. `mean`: probabilities and boxes of the same proposals are
   * averaged; `wbf`: each model detects alone, and the detections are merged by weighted
   * box fusion.
   * @default 'mean'
   */
  ensemble?: EnsembleMethod;
  /** @default 'auto' */
  engine?: EngineName;
  /** Threads that one run of the network may use. @default 1 */
  threads?: number;
  /**
   * In which numbers the network computes: `int8` is static when the weights have been
   * calibrated (`rcnn weights quantize`), else dynamic.
   * @default 'fp32'
   */
  precision?: Precision;
}

export const ENSEMBLE_METHODS = ['mean', 'wbf'] as const;
export type EnsembleMethod = (typeof ENSEMBLE_METHODS)[number];

/** What a detector is made of, for the record. */
export interface DetectorInfo {
  /** The only model, or the first of an ensemble. */
  model: { name: string; file: string; sha256: string };
  /** All models of an ensemble; undefined when there is one. */
  models?: { name: string; file: string; sha256: string }[];
  engine: EngineInfo;
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
 * How boxes are proposed for the detector when nothing else is asked for: `fast` on large
 * superpixels, some 550 boxes a photo. More boxes find more, but give the default
 * model more to be wrong about: on photos held out of train this has the best AP.
 */
export const DETECTOR_PROPOSALS = {
  mode: 'custom',
  strategies: [
    { colourSpaces: ['hsv', 'lab'], k: [150, 300], similarities: ['CTSF', 'TSF'] },
  ],
  workingSize: 300,
  minSize: 300,
} as const satisfies SelectiveSearchOptions;

/** The detector's proposals with a caller's options; a mode of the caller's brings its own runs. */
export function fullProposalOptions(
  given: SelectiveSearchOptions,
): SelectiveSearchOptions {
  const { strategies, ...rest } = DETECTOR_PROPOSALS;
  return withDefaults(given.mode ? rest : { ...rest, strategies }, given);
}

/** What `passes` is when it isn't given: given boxes are judged where they are. */
export const defaultPasses = (areGiven: boolean): number => (areGiven ? 1 : 2);

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
    precision,
    ensemble = 'mean',
    ...defaults
  } = options;
  checkPipelineOptions(defaults);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `threads must be a whole number from 1, not ${String(threads)}`,
    );
  }
  if (!ENSEMBLE_METHODS.includes(ensemble)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `ensemble must be ${ENSEMBLE_METHODS.join(' or ')}, not ${String(ensemble)}`,
    );
  }
  const files = await Promise.all([file].flat().map(readDetectorFile));
  if (files.length === 0) {
    throw new DetectorError('INVALID_ARGUMENT', 'model: no file is named');
  }
  const [{ model: first, info: firstInfo }] = files;
  for (const { model, info } of files) checkSameClasses(first, model, info.file);
  checkPipelineOptions(defaults, first);
  const chosen = await chooseEngine(engineName, { threads });
  const models: LoadedModel[] = [];
  for (const { model } of files) {
    const session = await chosen.engine.load(model.graph, model.weights, {
      outputs: [MAPS],
      threads,
      precision,
    });
    models.push({ model, session });
  }
  return new LoadedDetector(models, ensemble, defaults, {
    model: firstInfo,
    models: files.length > 1 ? files.map(({ info }) => info) : undefined,
    engine: describeEngine(chosen),
  });
}

/** A detector's file that was read, and its description for the record. */
export interface DetectorFile {
  model: DetectorModel;
  info: DetectorInfo['model'];
}

/**
 * Reads a detector's file.
 *
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export async function readDetectorFile(file: string): Promise<DetectorFile> {
  const bytes = await readModelFile(file);
  const model = readModel(readWeights(bytes, file), file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { model, info: { name: model.name, file, sha256 } };
}

/**
 * Checks that a model of an ensemble has the classes of its first one.
 *
 * @throws DetectorError WEIGHTS_MISMATCH
 */
export function checkSameClasses(
  first: DetectorModel,
  { classes: { names, ids } }: DetectorModel,
  file: string,
): void {
  const { classes } = first;
  const differing = Array.from(
    { length: Math.max(names.length, classes.names.length) },
    (_, i) => i,
  ).find((i) => names[i] !== classes.names[i] || ids[i] !== classes.ids[i]);
  if (differing === undefined) return;
  const entry = (table: ClassTable) =>
    differing < table.names.length
      ? `"${table.names[differing]}" (${table.ids[differing]})`
      : 'none';
  throw new DetectorError(
    'WEIGHTS_MISMATCH',
    `${file}: its class ${differing} is ${entry({ names, ids })}, that of "${first.name}" is ${entry(classes)}; the models of an ensemble need the same classes`,
  );
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
    private readonly models: readonly LoadedModel[],
    private readonly ensemble: EnsembleMethod,
    private readonly defaults: DetectOptions,
    readonly info: DetectorInfo,
  ) {
    const { names, ids } = models[0].model.classes;
    this.categories = names.slice(1).map((name, i) => ({ id: ids[i + 1], name }));
  }

  async detect(image: PixelImage, options?: DetectOptions): Promise<Detection[]> {
    return (await this.detectDetailed(image, options)).detections;
  }

  async detectDetailed(
    image: PixelImage,
    options: DetectOptions = {},
  ): Promise<DetectionResult> {
    checkPipelineOptions(options, this.models[0].model);
    if (this.#isDisposed) {
      throw new DetectorError('INVALID_ARGUMENT', 'the detector has been disposed of');
    }
    const {
      proposals,
      proposalOptions = {},
      maxProposals = MAX_PROPOSALS,
      ...pipeline
    } = withDefaults(this.defaults, options);
    pipeline.passes ??= defaultPasses(proposals !== undefined);
    const photo = toPhoto(image);
    const start = performance.now();
    const boxes =
      proposals ??
      selectiveSearch(
        image as Parameters<typeof selectiveSearch>[0],
        withDefaults({ maxBoxes: maxProposals }, fullProposalOptions(proposalOptions)),
      ).boxes;
    const proposalTime = performance.now() - start;
    const best = usableBoxes(boxes, photo, maxProposals);
    const { detections, scored, times } =
      this.ensemble === 'wbf' && this.models.length > 1
        ? await this.#fuse(photo, best, pipeline)
        : await detectPhoto(this.models, photo, best, pipeline);
    return {
      detections,
      proposals: best,
      scored,
      times: { proposals: proposalTime, ...times },
    };
  }

  /** Each model by itself, then weighted box fusion. */
  async #fuse(
    photo: Photo,
    proposals: Float32Array,
    options: PipelineOptions,
  ): ReturnType<typeof detectPhoto> {
    const results: Awaited<ReturnType<typeof detectPhoto>>[] = [];
    // Scores that fusion lowers, or raises, are held against the thresholds at its end.
    const { classThresholds = {}, maxDetections, ...rest } = options;
    for (const model of this.models) {
      results.push(await detectPhoto([model], photo, proposals, rest));
    }
    const fused = weightedBoxFusion(results.map(({ detections }) => detections))
      .filter(({ className, score }) =>
        Object.hasOwn(classThresholds, className)
          ? score >= classThresholds[className]
          : true,
      )
      .slice(0, maxDetections ?? SELECTION_DEFAULTS.maxDetections);
    const [{ times }, ...others] = results;
    for (const other of others) {
      for (const stage of Object.keys(times) as (keyof StageTimes)[]) {
        times[stage] += other.times[stage];
      }
    }
    return { detections: fused, scored: joinScored(results), times };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const { session } of this.models) await session.dispose();
  }
}

/** What several models say of their boxes, one after the other. */
function joinScored(results: readonly { scored: ScoredBoxes }[]): ScoredBoxes {
  const join = (key: keyof ScoredBoxes) => {
    const parts = results.map(({ scored }) => scored[key]);
    const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  return { boxes: join('boxes'), probabilities: join('probabilities') };
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
