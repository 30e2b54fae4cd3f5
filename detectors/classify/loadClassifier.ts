import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  chooseEngine,
  describeEngine,
  type EngineInfo,
  type EngineName,
} from '../engines/chooseEngine.js';
import type { NetworkSession, Precision } from '../engines/engine.js';
import { DetectorError } from '../errors.js';
import { orderByScore } from '../suppression/nonMaximumSuppression.js';
import { cropLength, toPhoto, type PixelImage } from '../warp/photo.js';
import { isSafetensors, openWeights, readWeights } from '../weights/safetensors.js';
import {
  classifierOf,
  type ClassifierModel,
  type ClassLabel,
} from './classifierModel.js';
import {
  CROP_COUNTS,
  cropViews,
  fillCrop,
  isSeenWhole,
  type CropCount,
  type CropSizes,
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
   * Weights of a classifier, of GoogLeNet or any other network that can be named
   * (.safetensors or .caffemodel); of several, an ensemble: their probabilities are
   * averaged.
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
  engine: EngineInfo;
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
 * @param isBrief whether it is there for a moment only, in which the weights' files do
 *   not change: then an engine may take the numbers from there, which starts it sooner
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH (also when the files of an
 *   ensemble differ in their classes), ENGINE_UNAVAILABLE, INVALID_ARGUMENT
 */
export async function loadClassifier(
  options: LoadClassifierOptions,
  isBrief = false,
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
  const chosen = await chooseEngine(engineName, { threads });
  const members: Member[] = [];
  const described: ClassifierInfo['weights'] = [];
  for (const file of files) {
    const { model, bytes } = await readModelFile(file, isBrief);
    described.push(
      describeFile(model.weights.metadata.name ?? basename(file), file, bytes),
    );
    const { labels: expected } = members[0]?.model ?? model;
    if (!hasSameClasses(expected, model.labels)) {
      throw new DetectorError(
        'WEIGHTS_MISMATCH',
        `${file}: its ${model.labels.length} classes are not those of ${files[0]} (${expected.length}), so the two are no ensemble`,
      );
    }
    checkCrops(defaults.crops, file, model);
    const session = await chosen.engine.load(model.graph, model.weights, {
      outputs: [model.answer.name],
      threads,
      precision,
    });
    members.push({
      model: { ...model, weights: { ...model.weights, tensors: new Map() } },
      session,
      file,
    });
  }
  const own = members[0].model.labels;
  if (labels && labels.length !== own.length) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `labels: ${labels.length} names, and the network has ${own.length} classes`,
    );
  }
  return new LoadedClassifier(members, labels ?? own, batch, defaults, {
    weights: described,
    engine: describeEngine(chosen),
  });
}

interface Member {
  model: ClassifierModel;
  session: NetworkSession;
  file: string;
}

/** A file for the record; hashed when it is asked for, which a first result need not wait for. */
function describeFile(
  name: string,
  file: string,
  bytes: Uint8Array | undefined,
): ClassifierInfo['weights'][number] {
  let left = bytes;
  let hash: string | undefined;
  return {
    name,
    file,
    get sha256() {
      hash ??= createHash('sha256')
        .update(left ?? readFileSync(file))
        .digest('hex');
      left = undefined;
      return hash;
    },
  };
}

/** A classifier, and its file's bytes where they have been read. */
async function readModelFile(
  file: string,
  isBrief: boolean,
): Promise<{ model: ClassifierModel; bytes?: Uint8Array }> {
  const opened = isBrief ? tryReading(file, openWeights) : undefined;
  if (opened) return { model: classifierOf(opened, file) };
  const bytes = tryReading(file, (path) => readFileSync(path));
  if (isSafetensors(bytes))
    return { model: classifierOf(readWeights(bytes, file), file), bytes };
  // Readers of other forms are loaded when they are needed.
  const { readClassifier } = await import('./readClassifier.js');
  return { model: readClassifier(bytes, file), bytes };
}

function tryReading<T>(file: string, read: (file: string) => T): T {
  try {
    return read(file);
  } catch (error) {
    if (error instanceof DetectorError) throw error;
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

/** A network that sees photos whole has no corners to look at. */
function checkCrops(
  count: CropCount = 1,
  file: string,
  { graph, crops }: ClassifierModel,
): void {
  if (count === 1 || !isSeenWhole(crops)) return;
  throw new DetectorError(
    'INVALID_ARGUMENT',
    `crops must be 1, not ${count}: "${graph.name}" (${file}) sees photos whole, at ${crops.photoSide}×${crops.photoSide} pixels`,
  );
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
    for (const { model, file } of this.members) checkCrops(crops, file, model);
    const photo = toPhoto(image);
    const sums = new Float64Array(this.labels.length);
    for (const members of bySizes(this.members)) {
      let waiting: CropView[] = [];
      for (const view of cropViews(photo, crops, members[0].model.crops)) {
        waiting.push(view);
        if (waiting.length < this.batch) continue;
        await addProbabilities(members, waiting, sums);
        waiting = [];
      }
      if (waiting.length > 0) await addProbabilities(members, waiting, sums);
    }
    const count = crops * this.members.length;
    return Float32Array.from(sums, (sum) => sum / count);
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const { session } of this.members) await session.dispose();
  }
}

/** Members that look at the same crops, together. */
function bySizes(members: readonly Member[]): Member[][] {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const { side, photoSide }: CropSizes = member.model.crops;
    const key = `${side} of ${photoSide}`;
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  return [...groups.values()];
}

/** Adds the probabilities of some crops, by networks of the same sizes, to the sums. */
async function addProbabilities(
  members: readonly Member[],
  views: readonly CropView[],
  sums: Float64Array,
): Promise<void> {
  const [{ side }] = views;
  for (const { model, session } of members) {
    const { graph, preprocessing, answer } = model;
    const size = cropLength(preprocessing.channels, side);
    // [crops, channels, side, side]
    const data = new Float32Array(views.length * size);
    views.forEach((view, i) =>
      fillCrop(view, preprocessing, data.subarray(i * size, (i + 1) * size)),
    );
    const shape = [views.length, graph.inputChannels, side, side];
    // [crops, classes]
    const answers = (await session.run({ data, shape }))[answer.name].data;
    const classes = sums.length;
    for (let at = 0; at < answers.length; at += classes) {
      const row = answers.subarray(at, at + classes);
      const probabilities = answer.op === 'softmax' ? row : fromDistances(row);
      probabilities.forEach((value, i) => (sums[i] += value));
    }
  }
}

/** Probabilities whose negative logarithms, but for a constant, are given. */
function fromDistances(distances: Float32Array): Float64Array {
  const least = distances.reduce((a, b) => Math.min(a, b));
  const powers = Float64Array.from(distances, (value) => Math.exp(least - value));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}
