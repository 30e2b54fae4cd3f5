import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import { EvaluationError } from '../errors.js';
import type { EvaluationResult } from '../results.js';
import type { CocoOptions } from './coco.js';
import { evaluateCoco } from './coco.js';

/** A protocol by its name, with its options. */
export type ProtocolOptions = CocoOptions;

/** The names that `evaluate` takes. */
export type ProtocolName = NonNullable<ProtocolOptions['protocol']>;

/** Every protocol's name. */
export const protocolNames: readonly ProtocolName[] = ['coco'];

/** Evaluates tables by the protocol that the options name. */
export function evaluateTables(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  options: ProtocolOptions,
): EvaluationResult {
  const { protocol = 'coco' } = options;
  switch (protocol) {
    case 'coco':
      return evaluateCoco(groundTruth, detections, options);
  }
  throw new EvaluationError(
    'INVALID_OPTION',
    `no protocol is called ${JSON.stringify(protocol)}; there are ${protocolNames.join(', ')}`,
    undefined,
    'protocol',
  );
}
