import { writeYolo } from '../../eval/formats/yolo.js';
import { UniqueStems, writeWhole } from './outputPaths.js';
import { safeJoin } from './safeJoin.js';
import type { PhotoResult, ResultWriter } from './types.js';

/**
 * A photo's detections as YOLO text: a line each with the index of the class,
 * the centre, width and height as parts of the photo's size, and the score.
 *
 * @param classes names; a class's index is its place among them
 * @throws EvaluationError UNKNOWN_CATEGORY
 */
export function yoloLines(
  { file, width, height, detections }: PhotoResult,
  classes: readonly string[],
): string {
  const objects = detections.map(({ box: [x1, y1, x2, y2], className, score }) => ({
    label: className,
    bbox: [x1, y1, x2 - x1, y2 - y1] as [number, number, number, number],
    score,
  }));
  return writeYolo({ fileName: file, width, height, objects }, classes);
}

/** The description of a data set that YOLO tools read beside the labels. */
export function yoloDataYaml(classes: readonly string[]): string {
  // A JSON string is a YAML string too, whatever characters it has.
  const names = classes.map((name, index) => `  ${index}: ${JSON.stringify(name)}\n`);
  return `names:\n${names.join('')}`;
}

/**
 * A folder with `data.yaml` (the names of the classes) and `labels/`, which has
 * a text file for each photo, at the photo's place in its folders; the file of a
 * photo without detections is empty.
 */
export async function yoloResults(
  folder: string,
  classes: readonly string[],
): Promise<ResultWriter> {
  const stems = new UniqueStems();
  const labels = safeJoin(folder, 'labels');
  await writeWhole(safeJoin(folder, 'data.yaml'), yoloDataYaml(classes));
  return {
    add: (photo) =>
      writeWhole(
        safeJoin(labels, `${stems.next(photo.file)}.txt`),
        yoloLines(photo, classes),
      ),
    finish: () => Promise.resolve(),
  };
}
