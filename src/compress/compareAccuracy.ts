import { loadClassifier } from '../../detectors/classify/loadClassifier.js';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import { loadDetector, type Detector } from '../../detectors/loadDetector.js';
import type { Mode } from '../../detectors/pipeline/detectPhoto.js';
import {
  evaluate,
  parseAnnotations,
  type CocoDataset,
  type CocoDetection,
} from '../../eval/index.js';
import { readTruth } from '../classify/truth.js';
import { ProposalsFile } from '../detect/proposalsFile.js';
import { UsageError } from '../errors.js';
import { openPhotoFolder } from '../evaluation/photoFolder.js';
import { readInputFile } from '../files/readInputFile.js';
import { decodeImage } from '../images/decodeImage.js';
import { listImages } from '../inputs/listImages.js';
import type { Progress } from '../progress.js';

/** Measures of both networks, by name. */
export interface AccuracyReport {
  photos: number;
  /** The networks as they were, and as they are. */
  before: Record<string, number | null>;
  after: Record<string, number | null>;
}

export interface DetectionSet {
  /** COCO JSON. */
  annotations: string;
  /** Folder of the photos. */
  images: string;
  /** Proposals file; selective search without it. */
  proposals?: string;
  /** @default 'shared' */
  mode?: Mode;
  /** At most so many photos, the first of the annotations. */
  limit: number;
}

type Watch = (total: number) => Progress;

/**
 * Average precision of two detectors on the same photos and proposals, by COCO's
 * rules.
 *
 * @throws UsageError UNKNOWN_CLASS, NO_PHOTOS
 */
export async function compareDetectors(
  files: readonly [string, string],
  { annotations, images, proposals, mode = 'shared', limit }: DetectionSet,
  engine: EngineName | undefined,
  watch: Watch,
): Promise<AccuracyReport> {
  const dataset = parseAnnotations(await readInputFile(annotations), annotations);
  const folder = await openPhotoFolder(images);
  const photos = dataset.images.slice(0, limit).map(({ id, file_name }) => {
    const name = file_name ?? '';
    const photo = folder.find(name);
    if (photo) return { id, path: photo.path, name };
    throw new UsageError('NO_PHOTOS', `${images}: there is no photo "${name}"`);
  });
  const names = photos.map(({ name }) => name);
  const boxes = proposals ? await ProposalsFile.open(proposals, names) : undefined;
  const detectors: Detector[] = [];
  const progress = watch(photos.length);
  try {
    for (const model of files)
      detectors.push(await loadDetector({ model, engine, mode }));
    const categories = detectors.map((detector) => translate(detector, dataset));
    const found: CocoDetection[][] = detectors.map(() => []);
    for (const { id, path, name } of photos) {
      const image = await decodeImage(path);
      const given = await boxes?.boxes(name);
      for (const [d, detector] of detectors.entries()) {
        for (const detection of await detector.detect(image, { proposals: given })) {
          const [x1, y1, x2, y2] = detection.box;
          found[d].push({
            image_id: id,
            category_id: categories[d].get(detection.classId)!,
            bbox: [x1, y1, x2 - x1, y2 - y1],
            score: detection.score,
          });
        }
      }
      progress.step(false);
    }
    const seen = new Set(photos.map(({ id }) => id));
    const part = {
      ...dataset,
      images: dataset.images.filter(({ id }) => seen.has(id)),
      annotations: dataset.annotations.filter(({ image_id }) => seen.has(image_id)),
    };
    const [before, after] = found.map((detections) => {
      const { metrics } = evaluate(part, detections, { protocol: 'coco' });
      return { AP: metrics.AP, AP50: metrics.AP50, AP75: metrics.AP75 };
    });
    return { photos: photos.length, before, after };
  } finally {
    progress.stop();
    for (const detector of detectors) await detector.dispose();
    await boxes?.close();
  }
}

/** The annotations' ids of a detector's classes, by name. */
function translate(detector: Detector, dataset: CocoDataset): Map<number, number> {
  const ids = new Map(dataset.categories.map(({ id, name }) => [name, Number(id)]));
  return new Map(
    detector.categories.map(({ id, name }) => {
      const own = ids.get(name);
      if (own !== undefined) return [id, own];
      throw new UsageError(
        'UNKNOWN_CLASS',
        `the annotations have no class "${name}", which the detector has`,
      );
    }),
  );
}

/**
 * How often two classifiers have a photo's class first, and among the first five, on
 * photos in folders named after their classes.
 */
export async function compareClassifiers(
  files: readonly [string, string],
  folder: string,
  limit: number,
  engine: EngineName | undefined,
  watch: Watch,
): Promise<AccuracyReport> {
  const { images } = await listImages([folder]);
  const count = Math.min(limit, images.length);
  // At even distances, so that every class has its part.
  const photos = Array.from(
    { length: count },
    (_, i) => images[Math.floor(((i + 0.5) * images.length) / count)],
  );
  if (count === 0) throw new UsageError('NO_PHOTOS', `${folder}: there are no photos`);
  const classifiers = [];
  const progress = watch(count);
  try {
    for (const weights of files)
      classifiers.push(await loadClassifier({ weights, engine }));
    const truth = await readTruth('folders', photos, classifiers[0].labels);
    const hits = classifiers.map(() => ({ first: 0, five: 0 }));
    for (const { path, name } of photos) {
      const image = await decodeImage(path);
      for (const [c, classifier] of classifiers.entries()) {
        const best = await classifier.classify(image, { top: 5 });
        if (best[0].index === truth.get(name)) hits[c].first++;
        if (best.some(({ index }) => index === truth.get(name))) hits[c].five++;
      }
      progress.step(false);
    }
    const [before, after] = hits.map(({ first, five }) => ({
      'top-1': first / count,
      'top-5': five / count,
    }));
    return { photos: count, before, after };
  } finally {
    progress.stop();
    for (const classifier of classifiers) await classifier.dispose();
  }
}
