import type { DetectionTable } from './dataset/detectionTable.js';
import type { GroundTruthTable } from './dataset/groundTruthTable.js';
import type { Id } from './dataset/types.js';

/** Values in [0, 1] by name; `null` (n/a) where there is no ground truth to measure by. */
export type Metrics = Record<string, number | null>;

/** What was found of one class. */
export interface ClassResult {
  id: Id;
  name: string;
  /** Objects to be found (crowds, difficult ones and the like are not). */
  groundTruths: number;
  /** Detections of the class, all of them. */
  detections: number;
  /** At the protocol's first IoU threshold, over all sizes. */
  truePositives: number;
  /** At the protocol's first IoU threshold, over all sizes. */
  falsePositives: number;
  metrics: Metrics;
}

/** What an evaluation says. It is plain data: `JSON.stringify` writes it whole. */
export interface EvaluationResult {
  protocol: string;
  /** The protocol in one line: interpolation, thresholds, limits, areas, ignored objects, ties. */
  description: string;
  /** Means over the classes that have ground truth. */
  metrics: Metrics;
  /** In the order of the category ids. */
  classes: ClassResult[];
  counts: {
    images: number;
    annotations: number;
    /** Detections that were given and belong to a known photo and class. */
    detections: number;
    /** Detections left out because the ground truth has no such photo. */
    unknownImage: number;
    /** Detections left out because the ground truth has no such class. */
    unknownCategory: number;
  };
}

/** An empty record. Names in it begin with AP, AR, mAP or recall, so none is inherited. */
export function createMetrics(): Metrics {
  return {};
}

/** The parts of a result that don't depend on the protocol. */
export function summarizeInput(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
): Pick<EvaluationResult, 'classes' | 'counts'> {
  const perClass = new Int32Array(groundTruth.categories.length);
  for (let i = 0; i < detections.count; i++) perClass[detections.category[i]]++;
  return {
    classes: groundTruth.categories.map(({ id, name }, category) => ({
      id,
      name,
      groundTruths: 0,
      detections: perClass[category],
      truePositives: 0,
      falsePositives: 0,
      metrics: createMetrics(),
    })),
    counts: {
      images: groundTruth.images.length,
      annotations: groundTruth.count,
      detections: detections.count,
      ...detections.ignored,
    },
  };
}
