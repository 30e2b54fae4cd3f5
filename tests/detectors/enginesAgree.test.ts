import { expect, it } from 'vitest';
import { loadDetector } from '../../detectors/loadDetector.js';
import { decodeImage } from '../../src/images/decodeImage.js';
import { samples } from '../src/runCli.js';
import { describeTensorFlow } from '../tensorflow.js';

/** What engines may differ by in a probability. */
const TOLERANCE = 1e-3;
/** And in a side of a box, on photos of some 500 pixels. */
const PIXELS = 0.05;

describeTensorFlow('the engines agree on what they detect', () => {
  it.each(['shared', 'crop', 'cascade'] as const)('in %s mode', async (mode) => {
    const options = { mode, maxProposals: 60, crops: 30 };
    const onnx = await loadDetector({ ...options, engine: 'onnx' });
    const tensorflow = await loadDetector({ ...options, engine: 'tensorflow' });
    expect(tensorflow.info.engine.name).toBe('tensorflow');
    for (const name of ['chelsea', 'astronaut']) {
      const image = await decodeImage(`${samples}/${name}.jpg`);
      const expected = await onnx.detectDetailed(image);
      const actual = await tensorflow.detectDetailed(image);
      expect(actual.scored.probabilities.length).toBeGreaterThan(0);
      const difference = (a: Float32Array, b: Float32Array) => {
        expect(a.length).toBe(b.length);
        return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
      };
      expect(
        difference(actual.scored.probabilities, expected.scored.probabilities),
      ).toBeLessThan(TOLERANCE);
      expect(difference(actual.scored.boxes, expected.scored.boxes)).toBeLessThan(
        PIXELS,
      );
      // Where two scores are next to equal their order may differ.
      const found = actual.detections.filter(({ score }) => score > 0.05);
      expect(found.length).toBeGreaterThan(0);
      for (const { className, score, box } of found) {
        const isShared = expected.detections.some(
          (other) =>
            other.className === className &&
            Math.abs(other.score - score) < TOLERANCE &&
            other.box.every((side, k) => Math.abs(side - box[k]) < PIXELS),
        );
        expect(isShared, `${name}: ${className} ${score}`).toBe(true);
      }
    }
    await onnx.dispose();
    await tensorflow.dispose();
  });
});
