import { EvaluationError, type CocoDataset, type Id } from '../../eval/index.js';
import { indexPhotos } from './photoNames.js';
import { readText } from './files.js';
import { readLabelNames } from './readLabeled.js';

/**
 * Adds Open Images' labels of photos as wholes (`ImageID,Source,LabelName,Confidence`;
 * 1 present, 0 absent) to a dataset. Labels of other photos and classes are passed over.
 *
 * @throws EvaluationError naming the line
 */
export async function addImageLabels(
  dataset: CocoDataset,
  path: string,
  names?: string,
): Promise<void> {
  const byLabel = names ? await readLabelNames(names) : undefined;
  const photos = indexPhotos(
    dataset.images.map(
      (image) => [image.file_name ?? String(image.id), image] as const,
    ),
  );
  const classes = new Map<string, Id>();
  for (const { id, name } of dataset.categories) classes.set(name ?? String(id), id);
  const lines = (await readText(path)).replace(/^\ufeff/, '').split(/\r?\n/);
  const header = lines[0].split(',').map((name) => name.trim().toLowerCase());
  const [image, label, confidence] = ['imageid', 'labelname', 'confidence'].map(
    (name) => header.indexOf(name),
  );
  if (image < 0 || label < 0 || confidence < 0) {
    throw new EvaluationError(
      'INVALID_STRUCTURE',
      `the header needs ImageID, LabelName and Confidence; it is ${JSON.stringify(lines[0].slice(0, 80))}`,
      path,
      'line 1',
    );
  }
  const lists = new Map<unknown, { pos: Id[]; neg: Id[] }>();
  lines.slice(1).forEach((line, i) => {
    if (line.trim() === '') return;
    const fields = line.split(',').map((field) => field.trim());
    const value = Number(fields[confidence]);
    if (fields.length < header.length || !(value >= 0 && value <= 1)) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected ${header.join(', ')}, the confidence 0 or 1`,
        path,
        `line ${i + 2}`,
      );
    }
    const photo = photos(fields[image]);
    const id = classes.get(byLabel?.get(fields[label]) ?? fields[label]);
    if (!photo || id === undefined) return;
    const list = lists.get(photo) ?? { pos: [], neg: [] };
    lists.set(photo, list);
    if (value === 1) list.pos.push(id);
    else if (value === 0) list.neg.push(id);
  });
  for (const photo of dataset.images) {
    const { pos = [], neg = [] } = lists.get(photo) ?? {};
    photo.pos_category_ids = pos;
    photo.neg_category_ids = neg;
  }
}
