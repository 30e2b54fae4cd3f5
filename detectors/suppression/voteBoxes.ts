import {
  intersectionOverUnion,
  type Box,
  type BoxArray,
} from '../../geometry/index.js';

/**
 * Box voting (Gidaris & Komodakis 2015, §5): the mean of all candidates that
 * overlap box `winner` by at least `iouThreshold`, weighted by their scores.
 *
 * @param boxes n×4 candidates of one class, the winner among them
 */
export function voteBox(
  boxes: BoxArray,
  scores: ArrayLike<number>,
  winner: number,
  iouThreshold: number,
): Box {
  const sum: Box = [0, 0, 0, 0];
  let total = 0;
  for (let i = 0; i < scores.length; i++) {
    if (i !== winner && intersectionOverUnion(boxes, winner, boxes, i) < iouThreshold) {
      continue;
    }
    total += scores[i];
    for (let k = 0; k < 4; k++) sum[k] += scores[i] * boxes[4 * i + k];
  }
  return sum.map((value) => value / total) as Box;
}
