import { expect, it } from 'vitest';
import { loadDetector } from '../../detectors/loadDetector.js';
import { decodeImage } from '../../src/images/decodeImage.js';
import { samples } from '../src/runCli.js';
import { describeTensorFlow } from '../tensorflow.js';

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
      ).toBeLessThan(1e-4);
      // Pixels of a photo of some 500.
      expect(difference(actual.scored.boxes, expected.scored.boxes)).toBeLessThan(0.02);
      expect(actual.detections.length).toBe(expected.detections.length);
      actual.detections.forEach((detection, i) => {
        expect(detection.className).toBe(expected.detections[i].className);
        expect(detection.score).toBeCloseTo(expected.detections[i].score, 3);
      });
    }
    await onnx.dispose();
    await tensorflow.dispose();
  });
});
