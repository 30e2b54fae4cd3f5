/**
 * Windows of the train photos with the trunk's features of each, kept in files: a trunk
 * sees each photo once, however many heads are trained on it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { coco, importBuilt } from './shared.mjs';
import { writeWindows } from './windowFiles.mjs';
import { poolWindows, sampleWindows } from './windows.mjs';

const { onnxEngine } = await importBuilt('detectors/engines/onnxEngine.js');
const { resizePhoto } = await importBuilt('detectors/warp/resizePhoto.js');
const { selectiveSearch } = await importBuilt('proposals/index.js');
const { randomNumbers } = await importBuilt('proposals/random.js');
const { decodeImage } = await importBuilt('src/images/decodeImage.js');

/** Windows that are kept of each photo; a head's training draws from them. */
export const WINDOWS = 96;

/** Boxes that windows are drawn from. */
const PROPOSALS = { mode: 'googlenet', workingSize: 300, minSize: 300 };

/** The last activation below the maps. */
const FEATURES = 'rcnn/features';

/** Class labels and boxes of each photo's objects. */
function objectsByPhoto({ annotations }, { ids }) {
  const objects = new Map();
  for (const { image_id, category_id, bbox } of annotations) {
    const [x, y, width, height] = bbox;
    const list = objects.get(image_id) ?? [];
    list.push({ box: [x, y, x + width, y + height], label: ids.indexOf(category_id) });
    objects.set(image_id, list);
  }
  return objects;
}

/**
 * Makes what is missing of the windows of `images`; a run that was stopped goes on.
 * The windows are the same for every trunk.
 *
 * @param model a detector, of which the maps are not used
 * @returns paths, in the order of the images
 */
export async function cacheWindows(model, instances, images, folder, log) {
  mkdirSync(folder, { recursive: true });
  const objects = objectsByPhoto(instances, model.classes);
  const pathOf = ({ id }) => `${folder}/${id}.safetensors`;
  const missing = images.filter((image) => !existsSync(pathOf(image)));
  if (missing.length > 0) {
    const session = await (
      await onnxEngine()
    ).load(model.graph, model.weights, { outputs: [FEATURES] });
    for (const [i, image] of missing.entries()) {
      const photo = await decodeImage(`${coco}/train/images/${image.file_name}`);
      const windows = sampleWindows(
        objects.get(image.id) ?? [],
        selectiveSearch(photo, PROPOSALS).boxes,
        photo,
        randomNumbers(image.id),
        WINDOWS,
      );
      const resized = resizePhoto(photo, model.photoSide, model.preprocessing);
      const features = (await session.run(resized.input))[FEATURES];
      const scales = [resized.scaleX, resized.scaleY];
      const boxes = windows.map(({ box }) =>
        box.map((side, k) => side * scales[k % 2]),
      );
      writeWindows(
        pathOf(image),
        windows,
        poolWindows(features, boxes, model.head),
        model.head,
      );
      if (i % 100 === 99 || i === missing.length - 1)
        log(`features of ${i + 1} of ${missing.length} photos`);
    }
    await session.dispose();
  }
  return images.map(pathOf);
}
