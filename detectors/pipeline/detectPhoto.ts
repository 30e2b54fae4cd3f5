import type { NetworkSession } from '../engines/engine.js';
import type { ScoredBoxes } from '../heads/decodeOutputs.js';
import type { DetectorModel } from '../model.js';
import { nonMaximumSuppression } from '../suppression/nonMaximumSuppression.js';
import type { Photo } from '../warp/photo.js';
import { withDefaults } from '../withDefaults.js';
import {
  selectDetections,
  SELECTION_DEFAULTS,
  type Detection,
  type SelectionOptions,
} from './detections.js';
import { scoreCrops, scoreShared } from './scoreBoxes.js';

/**
 * How proposals are classified. `shared`: the network runs once on the photo and
 * every proposal is pooled from its maps. `crop`: every proposal is warped and
 * runs through the network alone (R-CNN). `cascade`: shared scores choose the
 * proposals that are then warped and classified; the two answers are mixed.
 */
export type Mode = 'shared' | 'crop' | 'cascade';

export interface PipelineOptions extends SelectionOptions {
  /** @default 'cascade' */
  mode?: Mode;
  /**
   * Shared and cascade: how often the boxes are pooled from the photo's maps, from the
   * second pass on where regression has moved them; scores are the passes' geometric
   * mean.
   * @default 1; a detector that proposes the boxes itself makes 2
   */
  passes?: number;
  /** Cascade: the best so many boxes are warped. @default 100 */
  crops?: number;
  /** Cascade: overlap above which the lesser box is not warped. @default 0.7 */
  cropNmsIou?: number;
  /** Cascade: which mean of the two probabilities is taken. @default 'geometric' */
  cropMixing?: 'geometric' | 'arithmetic';
  /** Cascade: weight of the crop's probabilities, 0 to 1; the rest is shared mode's. @default 0.45 */
  cropWeight?: number;
  /** Cascade: weight of the crop's boxes, 0 to 1; the rest is shared mode's. @default 1 */
  cropBoxWeight?: number;
}

export const PIPELINE_DEFAULTS = {
  mode: 'cascade' as Mode,
  passes: 1,
  crops: 100,
  cropNmsIou: 0.7,
  cropMixing: 'geometric',
  cropWeight: 0.45,
  cropBoxWeight: 1,
} satisfies PipelineOptions;

/** What `boxVoting` is when it isn't given: pooled boxes gain by it, crops fit closely without. */
export function defaultBoxVoting(mode: Mode, nms: 'hard' | 'soft'): number {
  return mode === 'shared' && nms === 'soft' ? 0.6 : SELECTION_DEFAULTS.boxVoting;
}

/** Milliseconds spent in each stage. */
export interface StageTimes {
  shared: number;
  crops: number;
  selection: number;
}

/** A network and what its file says of its use. */
export interface LoadedModel {
  session: NetworkSession;
  model: DetectorModel;
}

/**
 * Classifies given proposals of a photo and selects the detections.
 *
 * Of several models with the same classes, probabilities and boxes are averaged: of all
 * proposals, and in cascade mode of the crops that their mean has chosen.
 *
 * `scored` is what the detections were selected from: all proposals, or in cascade
 * mode the boxes that were warped, after regression.
 *
 * @param proposals n×4 in pixels of the photo, best first
 */
export async function detectPhoto(
  models: readonly LoadedModel[],
  photo: Photo,
  proposals: Float32Array,
  options: PipelineOptions = {},
): Promise<{ detections: Detection[]; scored: ScoredBoxes; times: StageTimes }> {
  const {
    mode,
    passes,
    crops,
    cropNmsIou,
    cropMixing,
    cropWeight,
    cropBoxWeight,
    ...selection
  } = withDefaults(PIPELINE_DEFAULTS, options);
  selection.boxVoting ??= defaultBoxVoting(
    mode,
    selection.nms ?? SELECTION_DEFAULTS.nms,
  );
  const times: StageTimes = { shared: 0, crops: 0, selection: 0 };
  const timed = async <T>(stage: keyof StageTimes, work: () => T | Promise<T>) => {
    const start = performance.now();
    const result = await work();
    times[stage] += performance.now() - start;
    return result;
  };
  const { classes, head } = models[0].model;
  const shared = () =>
    timed('shared', () =>
      meanScores(models, ({ session, model }) =>
        scoreShared(session, model, photo, proposals, passes),
      ),
    );
  const cropped = (boxes: Float32Array) =>
    timed('crops', () =>
      meanScores(models, ({ session, model }) =>
        scoreCrops(session, model, photo, boxes),
      ),
    );

  let scored: ScoredBoxes;
  if (proposals.length === 0) {
    scored = { boxes: new Float32Array(0), probabilities: new Float32Array(0) };
  } else if (mode === 'shared') scored = await shared();
  else if (mode === 'crop') scored = await cropped(proposals);
  else {
    const chosen = chooseForCropping(await shared(), head.classes, crops, cropNmsIou);
    scored = mixScores(chosen, await cropped(chosen.boxes), {
      cropMixing,
      cropWeight,
      cropBoxWeight,
    });
  }
  const detections = await timed('selection', () =>
    selectDetections(scored, classes, selection),
  );
  return { detections, scored, times };
}

/**
 * What several models say of the same boxes, averaged.
 *
 * @param score what one model says; the first answer is changed
 */
export async function meanScores<T>(
  models: readonly T[],
  score: (model: T) => Promise<ScoredBoxes>,
): Promise<ScoredBoxes> {
  const [first, ...others] = models;
  const mean = await score(first);
  for (const [i, other] of others.entries()) {
    const { boxes, probabilities } = await score(other);
    const part = 1 / (i + 2);
    addPart(mean.boxes, boxes, part);
    addPart(mean.probabilities, probabilities, part);
  }
  return mean;
}

/** Moves a running mean by a part of the way to further values. */
function addPart(mean: Float32Array, values: Float32Array, part: number): void {
  for (let i = 0; i < mean.length; i++) mean[i] += part * (values[i] - mean[i]);
}

/**
 * The boxes that cascade mode warps: by falling probability of being no
 * background, without near-duplicates.
 */
export function chooseForCropping(
  scored: ScoredBoxes,
  classes: number,
  count: number,
  iouThreshold: number,
): ScoredBoxes {
  const { boxes, probabilities } = scored;
  const objectness = new Float32Array(boxes.length / 4);
  for (let i = 0; i < objectness.length; i++) {
    objectness[i] = 1 - probabilities[i * classes];
  }
  const chosen = nonMaximumSuppression(boxes, objectness, {
    iouThreshold,
    maxOutputs: count,
  });
  const take = (from: Float32Array, stride: number) => {
    const rows = new Float32Array(chosen.length * stride);
    chosen.forEach((row, i) =>
      rows.set(from.subarray(row * stride, (row + 1) * stride), i * stride),
    );
    return rows;
  };
  return { boxes: take(boxes, 4), probabilities: take(probabilities, classes) };
}

/** Mixes the two answers about the same boxes. */
export function mixScores(
  shared: ScoredBoxes,
  cropped: ScoredBoxes,
  options: Required<
    Pick<PipelineOptions, 'cropMixing' | 'cropWeight' | 'cropBoxWeight'>
  >,
): ScoredBoxes {
  const { cropMixing, cropWeight, cropBoxWeight } = options;
  const arithmetic = (a: Float32Array, b: Float32Array, weight: number) =>
    a.map((value, i) => (1 - weight) * value + weight * b[i]);
  const geometric = (a: Float32Array, b: Float32Array, weight: number) =>
    a.map((value, i) => value ** (1 - weight) * b[i] ** weight);
  const mix = cropMixing === 'geometric' ? geometric : arithmetic;
  return {
    boxes: arithmetic(shared.boxes, cropped.boxes, cropBoxWeight),
    probabilities: mix(shared.probabilities, cropped.probabilities, cropWeight),
  };
}
