import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { EvaluationError } from '../errors.js';
import type { EvaluationResult } from '../results.js';
import type { CocoOptions } from './coco.js';
import { evaluateCoco } from './coco.js';
import type { IlsvrcOptions } from './ilsvrc.js';
import { evaluateIlsvrc } from './ilsvrc.js';
import type { LvisOptions } from './lvis.js';
import { evaluateLvis } from './lvis.js';
import type { OpenImagesProtocolOptions } from './openImages.js';
import { evaluateOpenImages } from './openImages.js';
import type { VocOptions } from './voc.js';
import { evaluateVoc } from './voc.js';

/** A protocol by its name, with its options. */
export type ProtocolOptions =
  CocoOptions | VocOptions | IlsvrcOptions | OpenImagesProtocolOptions | LvisOptions;

/** The names that `evaluate` takes. */
export type ProtocolName = NonNullable<ProtocolOptions['protocol']>;

/** Every protocol's name. */
export const protocolNames: readonly ProtocolName[] = [
  'coco',
  'voc2007',
  'voc2010',
  'ilsvrc',
  'openimages',
  'lvis',
];

/** Evaluates tables by the protocol that the options name. */
export function evaluateTables(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: ProtocolOptions,
): EvaluationResult {
  switch (options.protocol) {
    case undefined:
    case 'coco':
      return evaluateCoco(groundTruth, detections, options);
    case 'voc2007':
    case 'voc2010':
      return evaluateVoc(groundTruth, detections, options);
    case 'ilsvrc':
      return evaluateIlsvrc(groundTruth, detections, options);
    case 'openimages':
      return evaluateOpenImages(groundTruth, detections, options);
    case 'lvis':
      return evaluateLvis(groundTruth, detections, options);
  }
  const { protocol } = options as { protocol: unknown };
  throw new EvaluationError(
    'INVALID_OPTION',
    `no protocol is called ${JSON.stringify(protocol)}; there are ${protocolNames.join(', ')}`,
    undefined,
    'protocol',
  );
}
