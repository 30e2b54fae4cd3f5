import type { DetectionColumns } from './detectionColumns.js';
import { IdInterner } from './idInterner.js';

/** Takes detections one by one and lays them out in columns that grow. */
export class DetectionBuilder {
  readonly images = new IdInterner();
  readonly categories = new IdInterner();
  count = 0;
  private image = new Int32Array(65536);
  private category = new Int32Array(65536);
  private boxes = new Float64Array(262144);
  private scores = new Float64Array(65536);

  /**
   * Adds a detection whose numbers have been checked.
   *
   * @param image the id's place in `images`
   * @param category the id's place in `categories`
   */
  add(
    image: number,
    category: number,
    x: number,
    y: number,
    width: number,
    height: number,
    score: number,
  ): void {
    const i = this.count++;
    if (i === this.scores.length) this.grow();
    this.image[i] = image;
    this.category[i] = category;
    this.boxes[4 * i] = x;
    this.boxes[4 * i + 1] = y;
    this.boxes[4 * i + 2] = width;
    this.boxes[4 * i + 3] = height;
    this.scores[i] = score;
  }

  /** Forgets the detections that came after the first `count`. */
  revert(count: number): void {
    this.count = count;
  }

  /**
   * The columns of everything so far, as views that stay as they are when more is
   * added afterwards.
   */
  finish(): DetectionColumns {
    const { count } = this;
    return {
      count,
      imageIds: [...this.images.ids],
      image: this.image.subarray(0, count),
      categoryIds: [...this.categories.ids],
      category: this.category.subarray(0, count),
      boxes: this.boxes.subarray(0, 4 * count),
      scores: this.scores.subarray(0, count),
    };
  }

  private grow(): void {
    const size = 2 * this.scores.length;
    const image = new Int32Array(size);
    const category = new Int32Array(size);
    const boxes = new Float64Array(4 * size);
    const scores = new Float64Array(size);
    image.set(this.image);
    category.set(this.category);
    boxes.set(this.boxes);
    scores.set(this.scores);
    this.image = image;
    this.category = category;
    this.boxes = boxes;
    this.scores = scores;
  }
}
