import { JsonArrayFile } from '../files/jsonArrayFile.js';
import { StreamedFile } from '../files/streamedFile.js';
import type { ResultWriter } from '../formats/index.js';
import type { DetectReport } from './writeResults.js';

/** How the boxes are to be understood; stands in images.json. */
const COORDINATES =
  'bbox is [x, y, width, height] in pixels of the upright photo (its EXIF orientation applied); x to the right, y down, from the top left corner';

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** COCO's results form: a plain array of { image_id, category_id, bbox, score }. */
export async function cocoResults(path: string): Promise<ResultWriter> {
  const file = await JsonArrayFile.create(path);
  return {
    async add({ id, detections }) {
      for (const { box, categoryId, score } of detections) {
        const [x1, y1, x2, y2] = box;
        const bbox = [x1, y1, round(x2 - x1, 3), round(y2 - y1, 3)];
        await file.add({ image_id: id, category_id: categoryId, bbox, score });
      }
    },
    finish: () => file.finish(),
  };
}

/** `{ info, images, categories }` as in COCO's annotation files. */
export async function imagesFile(
  path: string,
  options: {
    categories: readonly { id: number; name: string }[];
    version: string;
    model: DetectReport['model'];
    ensemble: DetectReport['ensemble'];
  },
): Promise<ResultWriter> {
  const { categories, version, model, ensemble } = options;
  const file = await StreamedFile.create(path);
  const info = {
    description: 'photos that objects were detected in',
    tool: `googlenet-rcnn ${version}`,
    model: { name: model.name, sha256: model.sha256 },
    ensemble: ensemble && {
      method: ensemble.method,
      models: ensemble.models.map(({ name, sha256 }) => ({ name, sha256 })),
    },
    coordinates: COORDINATES,
  };
  await file.write(`{\n"info": ${JSON.stringify(info)},\n"images": [`);
  let separator = '\n';
  return {
    async add({ id, file: file_name, width, height }) {
      await file.write(separator + JSON.stringify({ id, file_name, width, height }));
      separator = ',\n';
    },
    async finish() {
      await file.write(`\n],\n"categories": ${JSON.stringify(categories)}\n}\n`);
      await file.finish();
    },
  };
}
