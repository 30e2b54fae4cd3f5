import type { Box } from '../../geometry/index.js';
import type { HeadLayout } from '../../detectors/heads/positionSensitivePooling.js';
import type { Tensor } from '../../detectors/weights/weights.js';

export interface PhotoObject {
  box: Box;
  label: number;
}
export interface TrainingWindow extends PhotoObject {
  truth?: Box;
}
export function shuffle<T>(list: T[], random: () => number): T[];
export function encodeDeltas(
  window: readonly number[],
  box: readonly number[],
  boxScale: readonly number[],
): number[];
export function sampleWindows(
  objects: readonly PhotoObject[],
  proposals: Float32Array,
  photo: { width: number; height: number },
  random: () => number,
  count: number,
): TrainingWindow[];
export function poolWindows(
  features: Tensor,
  boxes: readonly (readonly number[])[],
  layout: Pick<HeadLayout, 'bins' | 'cells'>,
): Float32Array;
