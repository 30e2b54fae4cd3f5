/**
 * A detection problem of the size of COCO val2017, the same for the same seed: 5,000
 * photos, 36,781 boxes of 80 classes (as unevenly spread as COCO's), about 60
 * detections a photo. Numbers are written as detectors do: float32 values in full.
 */
export function evalProblem({
  seed = 1,
  images = 5000,
  boxes = 36781,
  classes = 80,
  detectionsPerImage = 60,
} = {}) {
  let state = seed >>> 0;
  const random = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(random() * n);
  const f32 = Math.fround;
  // A few classes have most of the objects (COCO: 30 % are people).
  const randomClass = () => 1 + Math.floor(classes * random() ** 3);
  const dataset = {
    images: Array.from({ length: images }, (_, i) => ({
      id: 139 + 116 * i,
      file_name: `${String(139 + 116 * i).padStart(12, '0')}.jpg`,
      width: 640,
      height: 480,
    })),
    categories: Array.from({ length: classes }, (_, i) => ({
      id: i + 1,
      name: `class ${i + 1}`,
    })),
    annotations: [],
  };
  const inImage = dataset.images.map(() => []);
  for (let i = 0; i < boxes; i++) {
    const image = below(images);
    const size = 8 + 400 * random() ** 3;
    const width = Math.round(100 * size * (0.5 + random())) / 100;
    const height = Math.round(100 * size * (0.5 + random())) / 100;
    const bbox = [
      Math.round(100 * random() * 600) / 100,
      Math.round(100 * random() * 440) / 100,
      width,
      height,
    ];
    // Objects of one class come together.
    const others = inImage[image];
    const category_id =
      others.length > 0 && random() < 0.6
        ? others[below(others.length)].category_id
        : randomClass();
    const annotation = {
      id: i + 1,
      image_id: dataset.images[image].id,
      category_id,
      bbox,
      area: width * height * (0.4 + 0.6 * random()),
      iscrowd: random() < 0.012 ? 1 : 0,
    };
    inImage[image].push(annotation);
    dataset.annotations.push(annotation);
  }
  const detections = [];
  for (let image = 0; image < images; image++) {
    const truths = inImage[image];
    for (let i = 0; i < detectionsPerImage; i++) {
      const hit = truths.length > 0 && random() < 0.6;
      let bbox;
      let category_id;
      let score;
      if (hit) {
        const truth = truths[below(truths.length)];
        const spread = 0.3 * random() ** 2;
        const move = (v, scale) => f32(v + scale * spread * (2 * random() - 1));
        const [x, y, w, h] = truth.bbox;
        bbox = [move(x, w), move(y, h), move(w, w), move(h, h)];
        category_id = random() < 0.85 ? truth.category_id : randomClass();
        score = f32(random() ** (0.3 + 6 * spread));
      } else {
        bbox = [
          f32(600 * random()),
          f32(440 * random()),
          f32(10 + 300 * random() ** 2),
          f32(10 + 300 * random() ** 2),
        ];
        category_id = randomClass();
        score = f32(random() ** 4);
      }
      detections.push({
        image_id: dataset.images[image].id,
        category_id,
        bbox,
        score,
      });
    }
  }
  return { dataset, detections };
}
