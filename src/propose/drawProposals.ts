import { drawBoxes } from '../draw/index.js';
import { writeOutputFile } from '../formats/index.js';
import type { DecodedImage } from '../images/decodeImage.js';

/** What is drawn of the proposals, and where. */
export interface ProposalDrawing {
  /** Folder of the pictures. */
  output: string;
  /** The best so many boxes are drawn. */
  count: number;
}

/** Draws the best boxes of a photo to `OUTPUT/NAME.jpg`. */
export async function drawProposals(
  image: DecodedImage,
  name: string,
  boxes: Float32Array,
  { output, count }: ProposalDrawing,
): Promise<void> {
  const picture = await drawBoxes(image, boxes, { count });
  await writeOutputFile(output, name, '.jpg', picture);
}
