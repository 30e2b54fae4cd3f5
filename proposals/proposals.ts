import { intersectionOverUnion } from '../geometry/index.js';
import type { RgbImage } from './image.js';
import { ProposalError } from './errors.js';
import { sortDescending } from './sortDescending.js';

/** Boxes that may hold something, best first. */
export interface Proposals {
  /** n × 4: x1, y1, x2, y2 in the image's pixels, half-open. */
  boxes: Float32Array;
  /** n, descending; comparable within one image and one set of options only. */
  scores: Float32Array;
}

/**
 * A class-agnostic source of further boxes, such as a network that regresses
 * them (Erhan et al. 2014, MultiBox). GoogLeNet's detector took 200 boxes from one.
 */
export interface BoxSource {
  /** At most `count` boxes of `image`, best first. */
  propose(image: RgbImage, count: number): Proposals;
}

/** A class-agnostic judge of boxes. */
export interface BoxScorer {
  /** One finite score a box, larger for likelier objects. */
  score(image: RgbImage, boxes: Float32Array): ArrayLike<number>;
}

/**
 * Two lists as one. The i-th of `extra` stands after the i-th of `own`; a box of
 * `extra` that one of `own` covers almost exactly (IoU ≥ 0.95) is left out. A box
 * of `extra` takes the score of the box before it.
 */
export function mergeProposals(own: Proposals, extra: Proposals): Proposals {
  const n = own.scores.length;
  const m = extra.scores.length;
  const boxes = new Float32Array(4 * (n + m));
  const scores = new Float32Array(n + m);
  let count = 0;
  const put = (from: Float32Array, i: number, score: number): void => {
    boxes.set(from.subarray(4 * i, 4 * i + 4), 4 * count);
    scores[count++] = score;
  };
  const known = (i: number): boolean => {
    for (let j = 0; j < n; j++) {
      if (intersectionOverUnion(extra.boxes, i, own.boxes, j) >= 0.95) return true;
    }
    for (let j = 0; j < i; j++) {
      if (intersectionOverUnion(extra.boxes, i, extra.boxes, j) >= 0.95) return true;
    }
    return false;
  };
  for (let i = 0; i < Math.max(n, m); i++) {
    if (i < n) put(own.boxes, i, own.scores[i]);
    if (i < m && !known(i)) put(extra.boxes, i, count > 0 ? scores[count - 1] : 0);
  }
  return { boxes: boxes.slice(0, 4 * count), scores: scores.slice(0, count) };
}

/**
 * `proposals` in the order of a scorer's scores; equal scores keep their order.
 *
 * @throws ProposalError INVALID_OPTION when the scorer gives not one finite number a box
 */
export function rescoreProposals(
  proposals: Proposals,
  image: RgbImage,
  scorer: BoxScorer,
): Proposals {
  const scores = Float32Array.from(scorer.score(image, proposals.boxes));
  if (scores.length !== proposals.scores.length || !scores.every(Number.isFinite)) {
    throw new ProposalError(
      'INVALID_OPTION',
      `the scorer gave ${scores.length} scores for ${proposals.scores.length} boxes, or some that are no finite numbers`,
      'scorer',
    );
  }
  const boxes = new Float32Array(proposals.boxes.length);
  const sorted = new Float32Array(scores.length);
  sortDescending(scores).forEach((from, i) => {
    boxes.set(proposals.boxes.subarray(4 * from, 4 * from + 4), 4 * i);
    sorted[i] = scores[from];
  });
  return { boxes, scores: sorted };
}
