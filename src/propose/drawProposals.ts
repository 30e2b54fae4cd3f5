import {
  cutHierarchy,
  drawBoundaries,
  drawBoxes,
  drawMeanColours,
  regionHierarchy,
  shrink,
  type RgbImage,
} from '../../proposals/index.js';
import { encodePicture } from '../draw/encodePicture.js';
import { writeOutputFile } from '../formats/index.js';
import type { DecodedImage } from '../images/decodeImage.js';

/** What can be drawn of a photo's proposals. */
export const DRAWINGS = ['boxes', 'superpixels', 'hierarchy'] as const;
export type Drawing = (typeof DRAWINGS)[number];

/** What is drawn of the proposals, and where. */
export interface ProposalDrawing {
  /** Folder of the pictures: `OUTPUT/WHAT/NAME.jpg`. */
  output: string;
  what: readonly Drawing[];
  /** The best so many boxes are drawn. */
  count: number;
  /** The working size of the search, so that superpixels are those it works with. */
  workingSize: number;
}

/** Regions that are left in the pictures of a hierarchy, from left to right, row by row. */
const LEVELS = [200, 50, 20, 8, 4, 2];
const COLUMNS = 3;

/** Draws what was asked for of one photo. */
export async function drawProposals(
  image: DecodedImage,
  name: string,
  boxes: Float32Array,
  { output, what, count, workingSize }: ProposalDrawing,
): Promise<void> {
  /** The photo at the size that the search works at. */
  const small = () => shrink(image, workingSize);
  const regions = () => regionHierarchy(image, { workingSize });
  const draw: Record<Drawing, () => RgbImage> = {
    boxes: () => drawBoxes(image, boxes, { count, lineWidth: lineWidth(image) }),
    superpixels: () => {
      const { labels, hierarchy } = regions();
      return drawBoundaries(small(), {
        labels,
        count: hierarchy.leaves,
      });
    },
    hierarchy: () => {
      const tree = regions();
      const work = small();
      return tile(
        LEVELS.map((left) => drawMeanColours(work, cutHierarchy(tree, left))),
      );
    },
  };
  for (const drawing of what) {
    const picture = await encodePicture(draw[drawing]());
    await writeOutputFile(`${output}/${drawing}`, name, '.jpg', picture);
  }
}

const lineWidth = ({ width, height }: DecodedImage) =>
  Math.max(1, Math.round(Math.max(width, height) / 400));

/** Pictures of one size side by side. */
function tile(pictures: readonly RgbImage[]): RgbImage {
  const { width, height } = pictures[0];
  const rows = Math.ceil(pictures.length / COLUMNS);
  const data = new Uint8Array(3 * width * COLUMNS * height * rows);
  pictures.forEach((picture, i) => {
    const left = 3 * width * (i % COLUMNS);
    const top = height * Math.floor(i / COLUMNS);
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(3 * width * y, 3 * width * (y + 1));
      data.set(row, 3 * width * COLUMNS * (top + y) + left);
    }
  });
  return { data, width: width * COLUMNS, height: height * rows, channels: 3 };
}
