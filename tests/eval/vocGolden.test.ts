import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type {
  BoxTextOptions,
  CocoDataset,
  CocoDetection,
  CocoImage,
} from '../../eval/index.js';
import {
  assembleDataset,
  assembleDetections,
  evaluate,
  readBoxText,
  readNames,
  readVocXml,
  vocPixels,
} from '../../eval/index.js';
import { describeShared, sharedPath } from '../shared.js';

const folder = (...parts: string[]) => sharedPath('golden/voc-toy', ...parts);

/** The files of a folder in the order of their names, with their texts. */
const readFiles = (...parts: string[]) =>
  readdirSync(folder(...parts))
    .sort()
    .map((file) => ({ file, text: readFileSync(folder(...parts, file), 'utf8') }));

const ap = (
  dataset: CocoDataset,
  detections: CocoDetection[],
  protocol: 'voc2007' | 'voc2010',
  iou: number,
) => evaluate(dataset, detections, { protocol, iouThresholds: [iou] }).metrics.mAP;

describeShared('VOC protocols against published toy sets', () => {
  it.each([
    ['voc2007', 0.1, 0.3333333333],
    ['voc2007', 0.3, 0.2683982683],
    ['voc2007', 0.5, 0.0303030303],
    ['voc2007', 0.75, 0],
    ['voc2010', 0.1, 0.3371980676],
    ['voc2010', 0.3, 0.2456866804],
    ['voc2010', 0.5, 0.0222222222],
    ['voc2010', 0.75, 0],
  ] as const)('test_case_1, %s at IoU %d gives %d', (protocol, iou, expected) => {
    // The last pixel is x + w.
    const read = (name: string, scored: boolean) =>
      readFiles('test_case_1', name).map(({ file, text }) =>
        readBoxText(text, {
          fileName: file,
          box: 'x y width height',
          scored,
          pixels: { origin: 0, lastPixelIncluded: true },
        }),
      );
    const dataset = assembleDataset(read('gts', false));
    const detections = assembleDetections(read('dets', true), dataset);
    expect(detections).toHaveLength(24);
    const found = ap(dataset, detections, protocol, iou);
    expect(Math.abs(found! - expected)).toBeLessThan(1e-9);
  });

  const classes = readNames(readFileSync(folder('toyexample/voc.names'), 'utf8'));
  const toy = () =>
    assembleDataset(
      readFiles('toyexample/gts_vocpascal_format').map(({ file, text }) =>
        readVocXml(text, file),
      ),
    );
  const layouts: [string, Pick<BoxTextOptions, 'box'>][] = [
    ['abs_xywh', { box: 'x y width height' }],
    ['abs_xyx2y2', { box: 'x1 y1 x2 y2' }],
    ['rel_xcycwh', { box: 'cx cy width height' }],
  ];
  const cases = [
    ['voc2007', 0.5, 0.8863636364],
    ['voc2010', 0.5, 0.8958333333],
    ['voc2007', 0.75, 0.4924242424],
    ['voc2010', 0.75, 0.5097222222],
  ] as const;

  for (const named of ['classname', 'classid']) {
    it.each(layouts)(`toyexample in the layout ${named}_%s`, (layout, { box }) => {
      const dataset = toy();
      const images = readFiles(`toyexample/dets_${named}_${layout}`).map(
        ({ file, text }) => {
          const fileName = file.replace('.txt', '.jpg');
          const photo = dataset.images.find(({ file_name }) => file_name === fileName)!;
          const { width, height } = photo as { width: number; height: number };
          return readBoxText(text, {
            fileName,
            box,
            scored: true,
            pixels: vocPixels,
            ...(named === 'classid' ? { classes } : {}),
            ...(layout.startsWith('rel')
              ? { relativeTo: { width, height }, round: true }
              : {}),
          });
        },
      );
      const detections = assembleDetections(images, dataset);
      for (const [protocol, iou, expected] of cases) {
        const found = ap(dataset, detections, protocol, iou);
        expect(Math.abs(found! - expected)).toBeLessThan(1e-9);
      }
    });
  }

  it('toyexample in COCO form, whose corner counts from 1', () => {
    const dataset = toy();
    const form = JSON.parse(
      readFileSync(folder('toyexample/dets_coco_format/coco_dets.json'), 'utf8'),
    ) as { images: CocoImage[]; annotations: (CocoDetection & { id: unknown })[] };
    const detections = form.annotations.map(
      ({ image_id, bbox: [x, y, w, h], score }) => ({
        image_id: dataset.images.find(
          ({ file_name }) =>
            file_name === form.images.find(({ id }) => id === image_id)!.file_name,
        )!.id,
        category_id: 1,
        bbox: [x - 1, y - 1, w + 1, h + 1],
        score,
      }),
    );
    for (const [protocol, iou, expected] of cases) {
      const found = ap(dataset, detections, protocol, iou);
      expect(Math.abs(found! - expected)).toBeLessThan(1e-9);
    }
  });
});
