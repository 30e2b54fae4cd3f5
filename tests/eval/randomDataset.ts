import type { CocoAnnotation, CocoDataset, CocoDetection } from '../../eval/index.js';

/** xorshift32; the twin of this file is scripts/goldens-eval.py. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (Math.imul(seed, 2654435761) + 1) >>> 0 || 1;
  }
  below(n: number): number {
    let x = this.state;
    x = (x ^ (x << 13)) >>> 0;
    x = (x ^ (x >>> 17)) >>> 0;
    x = (x ^ (x << 5)) >>> 0;
    this.state = x;
    return x % n;
  }
}

type Box = [number, number, number, number];

function randomBox(r: Random): Box {
  const size = r.below(3) === 0 ? 12 : 120;
  const x = r.below(200) / 2;
  const y = r.below(200) / 2;
  const width = r.below(25) === 0 ? 0 : (1 + r.below(2 * size)) / 2;
  const height = r.below(25) === 0 ? 0 : (1 + r.below(2 * size)) / 2;
  return [x, y, width, height];
}

function nearBox(r: Random, box: Box): Box {
  const x = box[0] + (r.below(9) - 4) / 2;
  const y = box[1] + (r.below(9) - 4) / 2;
  const width = Math.max(0, box[2] + (r.below(9) - 4) / 2);
  const height = Math.max(0, box[3] + (r.below(9) - 4) / 2);
  return [x, y, width, height];
}

/** A small dataset full of what tools get wrong; the same for the same seed. */
export function randomDataset(seed: number): {
  dataset: CocoDataset;
  detections: CocoDetection[];
} {
  const r = new Random(seed);
  const images = 1 + r.below(6);
  const classes = 1 + r.below(4);
  const crowded = r.below(10) === 0;
  const annotations: CocoAnnotation[] = [];
  const detections: CocoDetection[] = [];
  for (let image = 0; image < images; image++) {
    const objects = r.below(6) === 0 ? 0 : r.below(8);
    const boxes: Box[] = [];
    for (let i = 0; i < objects; i++) {
      const box =
        boxes.length > 0 && r.below(5) === 0
          ? nearBox(r, boxes[boxes.length - 1])
          : randomBox(r);
      boxes.push(box);
      const annotation: CocoAnnotation = {
        id: annotations.length,
        image_id: image,
        category_id: r.below(classes),
        bbox: box,
      };
      const area = r.below(4);
      if (area === 0) annotation.area = (box[2] * box[3]) / 2;
      else if (area === 1) annotation.area = [1024, 9216, 0, 1e5][r.below(4)];
      else if (area === 2) annotation.area = box[2] * box[3];
      const crowd = r.below(7);
      if (crowd === 0) annotation.iscrowd = 1;
      else if (crowd < 5) annotation.iscrowd = 0;
      annotations.push(annotation);
    }
    const count = r.below(8) === 0 ? 0 : r.below(crowded ? 160 : 16);
    for (let i = 0; i < count; i++) {
      const kind = r.below(4);
      let box: Box;
      if (boxes.length > 0 && kind === 0) box = boxes[r.below(boxes.length)];
      else if (boxes.length > 0 && kind < 3) {
        box = nearBox(r, boxes[r.below(boxes.length)]);
      } else box = randomBox(r);
      detections.push({
        image_id: image,
        category_id: r.below(classes),
        bbox: box,
        score: r.below(2) === 0 ? r.below(9) / 8 : r.below(1000003) / 1000003,
      });
    }
  }
  return {
    dataset: {
      images: Array.from({ length: images }, (_, id) => ({ id })),
      categories: Array.from({ length: classes }, (_, id) => ({
        id,
        name: `class ${id}`,
      })),
      annotations,
    },
    detections,
  };
}

/** The limits on detections that the golden of a seed was made with. */
export function limitsOf(seed: number): number[] {
  return [
    [1, 10, 100],
    [1, 10, 100],
    [1, 3, 7],
    [2, 50, 1000],
  ][seed % 4];
}

/** The same with what a federated dataset knows of photos and classes. */
export function lvisDataset(seed: number): ReturnType<typeof randomDataset> {
  const { dataset, detections } = randomDataset(seed);
  const r = new Random(seed + 100000);
  const classes = dataset.categories.map(({ id }) => id);
  const images = dataset.images.map((image) => ({
    ...image,
    neg_category_ids: classes.filter(() => r.below(3) === 0),
    not_exhaustive_category_ids: classes.filter(() => r.below(4) === 0),
  }));
  const categories = dataset.categories.map((category) => ({
    ...category,
    frequency: (['r', 'c', 'f'] as const)[r.below(3)],
  }));
  return { dataset: { ...dataset, images, categories }, detections };
}

/** The same without crowds, equal scores, and detections of classes without objects. */
export function tideDataset(seed: number): ReturnType<typeof randomDataset> {
  const { dataset, detections } = randomDataset(seed);
  const annotations = dataset.annotations.filter(({ iscrowd }) => !iscrowd);
  const classes = new Set(annotations.map(({ category_id }) => category_id));
  return {
    dataset: { ...dataset, annotations },
    detections: detections.flatMap((d, i) =>
      classes.has(d.category_id)
        ? [{ ...d, score: d.score / 2 + (i + 1) / 100000 }]
        : [],
    ),
  };
}
