import { stringify } from 'csv-stringify/sync';
import writeFileAtomic from 'write-file-atomic';
import { parseAnnotations, type CocoDataset } from '../../eval/index.js';
import {
  proposalRecall,
  recallPlot,
  recallTable,
  type ProposalRecall,
  type ProposedImage,
} from '../../proposals/index.js';
import type { Journal } from '../batch/journal.js';
import { numberPhotos } from '../detect/photoIds.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import type { ProposeRecord } from './proposeTask.js';

export interface MeasureOptions {
  /** COCO annotations to hold the proposals against. */
  annotations: string;
  /** Where to write all figures as CSV. */
  csv?: string;
  /** Where to plot recall against the number of boxes. */
  svg?: string;
  /** The plot's legend. */
  name: string;
}

/**
 * Measures a finished run's proposals against annotations. Crowds are left out;
 * so are photos that the annotations don't have.
 *
 * @throws UsageError NOT_ANNOTATED when no photo is in the annotations
 */
export async function measureProposals(
  journal: Journal<ProposeRecord>,
  photos: readonly { name: string }[],
  { annotations: file, csv, svg, name }: MeasureOptions,
): Promise<ProposalRecall> {
  const groundTruth = parseAnnotations(await readInputFile(file), file);
  const result = proposalRecall(proposedImages(journal, photos, groundTruth));
  if (result.images === 0) {
    throw new UsageError(
      'NOT_ANNOTATED',
      `${file}: has none of the photos, by file name`,
    );
  }
  if (csv) await writeFileAtomic(csv, stringify(recallTable(result)));
  if (svg) await writeFileAtomic(svg, recallPlot([{ name, recall: result }]));
  return result;
}

function* proposedImages(
  journal: Journal<ProposeRecord>,
  photos: readonly { name: string }[],
  { images, annotations, categories }: CocoDataset,
): Generator<ProposedImage> {
  // Places stand for ids, which may be text.
  const places = new Map(images.map(({ id }, place) => [String(id), place]));
  const ids = numberPhotos(photos, [], {
    images: images.map(({ file_name }, id) => ({ id, file_name: file_name ?? '' })),
    categories: [],
  });
  const names = new Map(
    categories.map(({ id, name }) => [String(id), name ?? String(id)]),
  );
  const objects = images.map((): { boxes: number[]; classes: string[] } => ({
    boxes: [],
    classes: [],
  }));
  for (const { image_id, category_id, bbox, iscrowd } of annotations) {
    if (iscrowd) continue;
    const { boxes, classes } = objects[places.get(String(image_id))!];
    const [x, y, width, height] = bbox;
    boxes.push(x, y, x + width, y + height);
    classes.push(names.get(String(category_id)) ?? String(category_id));
  }
  for (const { index, boxes } of journal.recordsNow()) {
    const place = ids.photoId(index);
    if (!boxes || place >= images.length) continue;
    const { boxes: groundTruth, classes } = objects[place];
    yield { groundTruth, classes, proposals: Float32Array.from(boxes.flat()) };
  }
}
