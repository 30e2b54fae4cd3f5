import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { chooseEngine, type EngineName } from '../engines/chooseEngine.js';
import type { NetworkSession, Precision } from '../engines/engine.js';
import { DetectorError } from '../errors.js';
import { orderByScore } from '../suppression/nonMaximumSuppression.js';
import { toPhoto, type PixelImage } from '../warp/photo.js';
import {
  readClassifier,
  type ClassifierModel,
  type ClassLabel,
} from './classifierModel.js';
import {
  CROP_COUNTS,
  CROP_SIDE,
  cropViews,
  fillCrop,
  type CropCount,
  type CropView,
} from './cropViews.js';

/** Crops that go through the network at once when nothing else is asked for. */
export const CLASSIFIER_BATCH = 8;

export interface ClassifyOptions {
  /** Crops of the photo whose probabilities are averaged, see `cropViews`. @default 1 */
  crops?: CropCount;
  /** The best so many classes are given. @default 5 */
  top?: number;
}

export interface LoadClassifierOptions extends ClassifyOptions {
  /**
   * Weights of a GoogLeNet classifier (.safetensors or .caffemodel); of several, an
   * ensemble: their probabilities are averaged.
   */
  weights: string | readonly string[];
  /** Labels by class index, instead of those that the weights bring. */
  labels?: readonly ClassLabel[];
  /** @default 'auto' */
  engine?: EngineName;
  /** @default 'fp32' */
  precision?: Precision;
  /** Threads that one run of a network may use. @default 1 */
  threads?: number;
  /** Crops that go through the network at once. @default 8 */
  batch?: number;
}

/** A class of a photo. */
export interface ClassScore extends ClassLabel {
  /** Index of the class in the network's output. */
  index: number;
  /** In [0, 1]; the scores of all classes sum to 1. */
  score: number;
}

/** What a classifier is made of, for the record. */
export interface ClassifierInfo {
  weights: { name: string; file: string; sha256: string }[];
  engine: { name: string; version: string; device: string; reason: string };
}

export interface Classifier {
  readonly info: ClassifierInfo;
  /** By class index. */
  readonly labels: readonly ClassLabel[];
  /** The best classes of a photo, best first; ties keep the order of the classes. */
  classify(image: PixelImage, options?: ClassifyOptions): Promise<ClassScore[]>;
  /** Probabilities of all classes, averaged over crops and networks. */
  probabilities(
    image: PixelImage,
    options?: Pick<ClassifyOptions, 'crops'>,
  ): Promise<Float32Array>;
  /** Frees the networks; the second call does nothing. */
  dispose(): Promise<void>;
}

/**
 * Loads a classifier, or an ensemble of them.
 *
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH (also when the files of an
 *   ensemble differ in their classes), ENGINE_UNAVAILABLE, INVALID_ARGUMENT
 */
export async function loadClassifier(
  options: LoadClassifierOptions,
): Promise<Classifier> {
  const {
    weights,
    labels,
    engine: engineName,
    precision,
    threads = 1,
    ...rest
  } = options;
  const { batch = CLASSIFIER_BATCH, ...defaults } = rest;
  checkOptions(defaults);
  checkCount('threads', threads);
  checkCount('batch', batch);
  const files = typeof weights === 'string' ? [weights] : weights;
  if (files.length === 0) {
    throw new DetectorError('INVALID_ARGUMENT', 'weights: no file is named');
  }
  const { engine, reason } = await chooseEngine(engineName);
  const members: Member[] = [];
  const hashes: Promise<string>[] = [];
  for (const file of files) {
    const bytes = readWeightsFile(file);
    // Hashed by another thread while the network is made.
    hashes.push(sha256(bytes));
    const model = readClassifier(bytes, file);
    const first = members[0]?.model ?? model;
    if (!hasSameClasses(first.labels, model.labels)) {
      throw new DetectorError(
        'WEIGHTS_MISMATCH',
        `${file}: its ${model.labels.length} classes are not those of ${files[0]} (${first.labels.length}), so the two are no ensemble`,
      );
    }
    const session = await engine.load(model.graph, model.weights, {
      outputs: [PROBABILITIES],
      threads,
      precision,
    });
    members.push({
      model: { ...model, weights: { ...model.weights, tensors: new Map() } },
      session,
    });
  }
  const own = members[0].model.labels;
  if (labels && labels.length !== own.length) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `labels: ${labels.length} names, and the network has ${own.length} classes`,
    );
  }
  const digests = await Promise.all(hashes);
  return new LoadedClassifier(members, labels ?? own, batch, defaults, {
    weights: files.map((file, i) => ({
      name: members[i].model.weights.metadata.name ?? basename(file),
      file,
      sha256: digests[i],
    })),
    engine: {
      name: engine.name,
      version: engine.version,
      device: engine.device,
      reason,
    },
  });
}

/** The output that is averaged. */
const PROBABILITIES = 'prob';

interface Member {
  model: ClassifierModel;
  session: NetworkSession;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await webcrypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(digest).toString('hex');
}

function readWeightsFile(file: string): Uint8Array {
  try {
    // In one piece: nothing else is to be done before it is there, and pieces take longer.
    return readFileSync(file);
  } catch (error) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${file}: the weights cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}); name a classifier's .safetensors or .caffemodel file`,
      { cause: error },
    );
  }
}

const hasSameClasses = (a: readonly ClassLabel[], b: readonly ClassLabel[]) =>
  a.length === b.length && a.every(({ name }, i) => name === b[i].name);

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new DetectorError(
    'INVALID_ARGUMENT',
    `${name} must be a whole number from 1, not ${String(value)}`,
  );
}

function checkOptions({ crops = 1, top = 5 }: ClassifyOptions): void {
  if (!CROP_COUNTS.includes(crops)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `crops must be ${CROP_COUNTS.join(', ')}, not ${String(crops)}`,
    );
  }
  checkCount('top', top);
}

class LoadedClassifier implements Classifier {
  #isDisposed = false;

  constructor(
    private readonly members: readonly Member[],
    readonly labels: readonly ClassLabel[],
    private readonly batch: number,
    private readonly defaults: ClassifyOptions,
    readonly info: ClassifierInfo,
  ) {}

  async classify(
    image: PixelImage,
    options: ClassifyOptions = {},
  ): Promise<ClassScore[]> {
    const { top = this.defaults.top ?? 5 } = options;
    checkOptions({ top });
    const scores = await this.probabilities(image, options);
    return Array.from(orderByScore(scores).subarray(0, top), (index) => ({
      index,
      ...this.labels[index],
      score: scores[index],
    }));
  }

  async probabilities(
    image: PixelImage,
    options: Pick<ClassifyOptions, 'crops'> = {},
  ): Promise<Float32Array> {
    const { crops = this.defaults.crops ?? 1 } = options;
    checkOptions({ crops });
    if (this.#isDisposed) {
      throw new DetectorError(
        'INVALID_ARGUMENT',
        'the classifier has been disposed of',
      );
    }
    const sums = new Float64Array(this.labels.length);
    let waiting: CropView[] = [];
    for (const view of cropViews(toPhoto(image), crops)) {
      waiting.push(view);
      if (waiting.length < this.batch) continue;
      await this.#add(waiting, sums);
      waiting = [];
    }
    if (waiting.length > 0) await this.#add(waiting, sums);
    const count = crops * this.members.length;
    return Float32Array.from(sums, (sum) => sum / count);
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const { session } of this.members) await session.dispose();
  }

  /** Adds the probabilities of some crops, by every network, to the sums. */
  async #add(views: readonly CropView[], sums: Float64Array): Promise<void> {
    const size = 3 * CROP_SIDE * CROP_SIDE;
    const shape = [views.length, 3, CROP_SIDE, CROP_SIDE];
    for (const { model, session } of this.members) {
      // [crops, 3, 224, 224]
      const data = new Float32Array(views.length * size);
      views.forEach((view, i) =>
        fillCrop(view, model.preprocessing, data.subarray(i * size, (i + 1) * size)),
      );
      const activations = await session.run({ data, shape });
      // [crops, classes]
      activations[PROBABILITIES].data.forEach(
        (value, i) => (sums[i % sums.length] += value),
      );
    }
  }
}
