import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CocoAnnotation, CocoDataset, CocoDetection } from '../../eval/index.js';
import { evaluate, parseAnnotations } from '../../eval/index.js';
import { describeShared, sharedPath } from '../shared.js';

const folder = (...parts: string[]) => sharedPath('golden/voc-toy', ...parts);

/** The first field of a line is its class, the rest are numbers. */
function readLines(...parts: string[]): { file: string; name: string; n: number[] }[] {
  return readdirSync(folder(...parts))
    .sort()
    .flatMap((file) =>
      readFileSync(folder(...parts, file), 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => line.trim().split(/\s+/))
        .map(([name, ...n]) => ({ file, name, n: n.map(Number) })),
    );
}

const ap = (
  dataset: CocoDataset,
  detections: CocoDetection[],
  protocol: 'voc2007' | 'voc2010',
  iou: number,
) => evaluate(dataset, detections, { protocol, iouThresholds: [iou] }).metrics.mAP;

describeShared('VOC protocols against published toy sets', () => {
  // x y w h, whose last pixel is x + w.
  const box = ([x, y, w, h]: number[]) => [x, y, w + 1, h + 1];

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
    const annotations = readLines('test_case_1/gts').map(
      ({ file, n }): CocoAnnotation => ({
        image_id: file,
        category_id: 'object',
        bbox: box(n),
      }),
    );
    const detections = readLines('test_case_1/dets').map(
      ({ file, n: [score, ...rest] }): CocoDetection => ({
        image_id: file,
        category_id: 'object',
        bbox: box(rest),
        score,
      }),
    );
    expect(detections).toHaveLength(24);
    const images = [...new Set(annotations.map((a) => a.image_id))];
    const dataset = {
      images: images.map((id) => ({ id })),
      categories: [{ id: 'object' }],
      annotations,
    };
    const found = ap(dataset, detections, protocol, iou);
    expect(Math.abs(found! - expected)).toBeLessThan(1e-9);
  });

  it.each([
    ['voc2007', 0.5, 0.8863636364],
    ['voc2010', 0.5, 0.8958333333],
    ['voc2007', 0.75, 0.4924242424],
    ['voc2010', 0.75, 0.5097222222],
  ] as const)('toyexample, %s at IoU %d gives %d', (protocol, iou, expected) => {
    const dataset = parseAnnotations(
      readFileSync(folder('toyexample/gts_coco_format/toy_example_coco.JSON')),
    );
    // Corners from 1, the last pixel included.
    const detections = readLines('toyexample/dets_classname_abs_xyx2y2').map(
      ({ file, n: [score, x1, y1, x2, y2] }): CocoDetection => ({
        image_id: dataset.images.find(
          (image) => image.file_name === file.replace('.txt', '.jpg'),
        )!.id,
        category_id: dataset.categories.find(({ name }) => name === 'cat')!.id,
        bbox: [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1],
        score,
      }),
    );
    const found = ap(dataset, detections, protocol, iou);
    expect(Math.abs(found! - expected)).toBeLessThan(1e-9);
  });
});
