import { describe } from 'vitest';
import type { EngineName } from '../../detectors/engines/chooseEngine.js';
import type { Engine } from '../../detectors/engines/engine.js';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { tensorflowEngine } from '../../detectors/engines/tensorflowEngine.js';
import { describeTensorFlow } from '../tensorflow.js';

/** The same suite for every engine. */
export function describeEngines(
  suite: (loadEngine: () => Promise<Engine>, name: EngineName) => void,
) {
  describe('on the onnx engine', () => suite(onnxEngine, 'onnx'));
  describeTensorFlow('on the tensorflow engine', () =>
    suite(tensorflowEngine, 'tensorflow'),
  );
}
