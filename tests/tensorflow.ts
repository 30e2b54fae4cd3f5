import { describe, it } from 'vitest';
import { tensorflowPlaces } from '../detectors/engines/tensorflow/places.js';

/** Whether a TensorFlow is installed, see `rcnn setup tensorflow`. */
const hasTensorFlow = tensorflowPlaces().length > 0;

/**
 * A suite that runs the real TensorFlow. Where it is not installed it is skipped
 * with a warning; CI installs it (scripts/install-tensorflow.sh), so there its
 * absence fails.
 */
export function describeTensorFlow(name: string, suite: () => void): void {
  if (!hasTensorFlow && process.env.CI) {
    throw new Error(
      `${name}: TensorFlow is not installed, and CI must not skip this suite`,
    );
  }
  if (hasTensorFlow) {
    describe(name, suite);
    return;
  }
  console.warn(`SKIPPED: ${name} (install with "rcnn setup tensorflow")`);
  // The body is not run: it may need the library before its tests do.
  describe.skip(name, () => it('needs TensorFlow', () => {}));
}
