import { DetectorError } from '../errors.js';
import { readCaffemodel } from '../weights/caffemodel.js';
import { detectFormat } from '../weights/detectFormat.js';
import { isSafetensors, readWeights } from '../weights/safetensors.js';
import type { Weights } from '../weights/weights.js';
import { classifierOf, type ClassifierModel } from './classifierModel.js';

/**
 * Reads a classifier of any network that can be named: a .safetensors file as
 * `rcnn weights import` writes it, or Caffe's own .caffemodel; told by the content.
 *
 * Labels are those of the file (`class_names`, or `classes` where that is a JSON list),
 * else ImageNet's when there are 1,000 classes, or 1,001 with a background before them,
 * else the numbers.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH
 */
export function readClassifier(bytes: Uint8Array, source: string): ClassifierModel {
  return classifierOf(readAnyWeights(bytes, source), source);
}

function readAnyWeights(bytes: Uint8Array, source: string): Weights {
  if (isSafetensors(bytes)) return readWeights(bytes, source);
  const detected = detectFormat(bytes);
  const isOther = 'format' in detected && detected.format !== 'caffemodel';
  if (!isOther) return readCaffemodel(bytes, source);
  throw new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: a file of the form "${detected.format}"; make it a .safetensors file with "rcnn weights import"`,
  );
}
