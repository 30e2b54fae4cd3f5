import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { googlenetClassifier } from '../../detectors/graph/googlenet.js';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import { readSafetensors } from '../../detectors/weights/safetensors.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { describeShared, sharedPath } from '../shared.js';
import { describeEngines } from './engines.js';

/** Caffe's recorded activations, by the name of the node that computes them. */
const RECORDED = {
  'pool1/3x3_s2': 'pool1',
  'conv2/norm2': 'conv2_norm2',
  'inception_3a/output': 'inception_3a',
  'inception_4a/output': 'inception_4a',
  'inception_4e/output': 'inception_4e',
  'inception_5b/output': 'inception_5b',
  'pool5/7x7_s1': 'pool5',
  'loss3/classifier': 'loss3',
  prob: 'prob',
};

describeShared('BVLC GoogLeNet against what Caffe recorded', () => {
  const folder = 'models/bvlc_googlenet';

  describeEngines((loadEngine) =>
    it('agrees on every activation to 1e-4 of its scale, on prob to 1e-5', async () => {
      const model = readFileSync(sharedPath(folder, 'bvlc_googlenet.caffemodel'));
      const weights = readCaffemodel(model, 'bvlc_googlenet.caffemodel');
      const { tensors } = readSafetensors(
        readFileSync(sharedPath(folder, 'activations.safetensors')),
        'activations.safetensors',
      );
      const engine = await loadEngine();
      const session = await engine.load(googlenetClassifier(), weights, {
        outputs: Object.keys(RECORDED),
      });
      const data = tensors.get('data') as Tensor;
      const computed = await session.run({
        data: data.data,
        shape: [1, ...data.shape],
      });

      for (const [node, name] of Object.entries(RECORDED)) {
        const expected = tensors.get(name)!;
        const actual = computed[node];
        expect(actual.shape.slice(1), node).toEqual(expected.shape);
        let scale = 0;
        let error = 0;
        for (let i = 0; i < expected.data.length; i++) {
          scale = Math.max(scale, Math.abs(expected.data[i]));
          error = Math.max(error, Math.abs(expected.data[i] - actual.data[i]));
        }
        expect(scale).toBeGreaterThan(0);
        expect(error, node).toBeLessThan(name === 'prob' ? 1e-5 : 1e-4 * scale);
      }
      await session.dispose();
    }),
  );
});
