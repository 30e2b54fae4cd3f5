import { join } from 'node:path';
import {
  evaluate,
  parseAnnotations,
  type CocoAnnotation,
  type CocoDataset,
  type CocoDetection,
} from '../../eval/index.js';
import type { Box } from '../../geometry/index.js';
import type { DetectRecord, Trace } from '../detect/detectTask.js';
import type { DetectReport } from '../detect/writeResults.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { readJsonLines } from '../files/readJsonLines.js';
import { explainPhoto, LOSSES, type Explanation, type Loss } from './explainPhoto.js';

export interface RunExplainOptions {
  /** Output folder of a `rcnn detect --trace`. */
  folder: string;
  annotations: string;
  /** @default 0.5 */
  iou?: number;
  /** Detections under this score don't count as found. @default 0.3 */
  threshold?: number;
}

/** One object that was not found. */
export interface MissedObject extends Omit<
  Explanation,
  'foundBy' | 'winner' | 'rival'
> {
  file: string;
  annotationId?: number | string | null;
  className: string;
  /** [x1, y1, x2, y2] */
  box: Box;
  loss: Loss;
  rival?: { className: string; score: number };
  /** suppressed: the detection that won. */
  winner?: { box: Box; score: number };
}

export interface ExplainReport {
  iou: number;
  threshold: number;
  photos: number;
  objects: number;
  found: number;
  losses: Record<Loss, number>;
  /** By class, in the order of the annotations' categories. */
  classes: {
    className: string;
    objects: number;
    found: number;
    losses: Record<Loss, number>;
  }[];
  /** Part of the objects that a proposal overlaps by at least `iou`: no recall can be higher. */
  proposalRecall: number | null;
  /** COCO's AP at IoU 0.50 to 0.95, and at 0.50, of all detections of the run. */
  AP: number | null;
  AP50: number | null;
  missed: MissedObject[];
}

/** What of a finished run is needed: ids by name, and its lowest score. */
interface TracedRun {
  /** Image ids by the photos' names. */
  imageIds: ReadonlyMap<string, number>;
  /** Class names by the model's ids, as the journal has them. */
  classNames: ReadonlyMap<number, string>;
  scoreThreshold: number;
}

/**
 * Explains a traced run: for each object of the annotations whether it was found,
 * and if not, which stage lost it. Crowds are left out.
 *
 * @throws UsageError NO_TRACE when the folder holds no finished, traced run;
 *   EvaluationError when the annotations are unsound
 */
export async function runExplain(options: RunExplainOptions): Promise<ExplainReport> {
  const { folder, annotations: file, iou = 0.5, threshold = 0.3 } = options;
  const groundTruth = parseAnnotations(await readInputFile(file), file);
  const run = await readRun(folder);
  const settings = { iou, threshold, scoreThreshold: run.scoreThreshold };
  const objectsOf = groupByPhoto(groundTruth.annotations);
  const tally = new Tally(groundTruth, iou, threshold);
  /** The annotations' id of each class that a journal's row names; −1 without one. */
  const categoryIds = new Map<number, number>(
    [...run.classNames].map(([id, name]) => [
      id,
      Number(
        groundTruth.categories.find((category) => category.name === name)?.id ?? -1,
      ),
    ]),
  );
  const translate = (id: number) => categoryIds.get(id) ?? -1;
  const all: CocoDetection[] = [];
  const seen = new Set<string>();

  for await (const record of readJsonLines<DetectRecord>(
    join(folder, 'results.jsonl'),
  )) {
    if (record.failure || !record.detections) continue;
    if (!record.trace) throw noTrace(folder);
    const imageId = run.imageIds.get(record.file);
    if (imageId === undefined) continue;
    seen.add(String(imageId));
    const detections = record.detections.map(
      ([x1, y1, x2, y2, id, score]): (typeof record.detections)[0] => [
        ...([x1, y1, x2, y2] as Box),
        translate(id),
        score,
      ],
    );
    for (const [x1, y1, x2, y2, category_id, score] of detections) {
      if (category_id < 0) continue;
      all.push({
        image_id: imageId,
        category_id,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        score,
      });
    }
    const objects = objectsOf.get(String(imageId)) ?? [];
    const targets = objects.map(({ bbox: [x, y, w, h], category_id }) => ({
      box: [x, y, x + w, y + h] as Box,
      categoryId: Number(category_id),
    }));
    const scores = record.trace.scores.map(([box, id, score]): Trace['scores'][0] => [
      box,
      translate(id),
      score,
    ]);
    const trace = { ...record.trace, scores };
    tally.addPhoto();
    explainPhoto(targets, detections, trace, settings).forEach((explanation, t) =>
      tally.add(explanation, record.file, objects[t], targets[t].box, detections),
    );
  }
  const { metrics } = evaluate(onlyPhotos(groundTruth, seen), all);
  return tally.report(metrics.AP, metrics.AP50);
}

function noTrace(folder: string): UsageError {
  return new UsageError(
    'NO_TRACE',
    `${folder}: holds no finished run with a trace; detect with --trace first`,
  );
}

async function readRun(folder: string): Promise<TracedRun> {
  const read = async (name: string): Promise<unknown> => {
    const bytes = await readInputFile(join(folder, name)).catch(() => {
      throw noTrace(folder);
    });
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  };
  const { images } = (await read('images.json')) as CocoDataset;
  const { model, options } = (await read('run.json')) as DetectReport;
  return {
    imageIds: new Map(images.map(({ id, file_name }) => [file_name ?? '', Number(id)])),
    classNames: new Map(model.classes.map(({ id, name }) => [id, name])),
    scoreThreshold: Number(options.scoreThreshold ?? 0),
  };
}

/** Objects by photo, crowds left out. */
function groupByPhoto(
  annotations: readonly CocoAnnotation[],
): Map<string, CocoAnnotation[]> {
  const groups = new Map<string, CocoAnnotation[]>();
  for (const annotation of annotations) {
    if (annotation.iscrowd) continue;
    const key = String(annotation.image_id);
    const group = groups.get(key);
    if (group) group.push(annotation);
    else groups.set(key, [annotation]);
  }
  return groups;
}

/** The part of the ground truth that a run has seen. */
function onlyPhotos(groundTruth: CocoDataset, ids: ReadonlySet<string>): CocoDataset {
  return {
    ...groundTruth,
    images: groundTruth.images.filter(({ id }) => ids.has(String(id))),
    annotations: groundTruth.annotations.filter(({ image_id }) =>
      ids.has(String(image_id)),
    ),
  };
}

const noLosses = () =>
  Object.fromEntries(LOSSES.map((loss) => [loss, 0])) as Record<Loss, number>;

/** Counts explanations, in all and by class. */
class Tally {
  readonly #classes: Map<number, ExplainReport['classes'][0]>;
  readonly #missed: MissedObject[] = [];
  readonly #losses = noLosses();
  #photos = 0;
  #objects = 0;
  #found = 0;
  #covered = 0;

  constructor(
    groundTruth: CocoDataset,
    private readonly iou: number,
    private readonly threshold: number,
  ) {
    this.#classes = new Map(
      groundTruth.categories.map(({ id, name }) => [
        Number(id),
        { className: name ?? String(id), objects: 0, found: 0, losses: noLosses() },
      ]),
    );
  }

  addPhoto(): void {
    this.#photos++;
  }

  add(
    explanation: Explanation,
    file: string,
    object: CocoAnnotation,
    box: Box,
    detections: readonly (readonly number[])[],
  ): void {
    const { loss, proposalIou, score, rival, winner } = explanation;
    const own = this.#classes.get(Number(object.category_id));
    this.#objects++;
    if (own) own.objects++;
    if (proposalIou >= this.iou) this.#covered++;
    if (!loss) {
      this.#found++;
      if (own) own.found++;
      return;
    }
    this.#losses[loss]++;
    if (own) own.losses[loss]++;
    const won = winner === undefined ? undefined : detections[winner];
    this.#missed.push({
      file,
      annotationId: object.id,
      className: own?.className ?? String(object.category_id),
      box,
      loss,
      proposalIou,
      score,
      rival: rival && {
        className: this.#classes.get(rival.categoryId)?.className ?? 'another class',
        score: rival.score,
      },
      winner: won && { box: won.slice(0, 4) as Box, score: won[5] },
    });
  }

  report(AP: number | null, AP50: number | null): ExplainReport {
    return {
      iou: this.iou,
      threshold: this.threshold,
      photos: this.#photos,
      objects: this.#objects,
      found: this.#found,
      losses: this.#losses,
      classes: [...this.#classes.values()],
      proposalRecall: this.#objects > 0 ? this.#covered / this.#objects : null,
      AP,
      AP50,
      missed: this.#missed,
    };
  }
}
