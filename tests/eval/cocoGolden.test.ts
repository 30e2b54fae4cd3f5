import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { evaluate, parseAnnotations, parseDetections } from '../../eval/index.js';
import { describeShared, sharedPath } from '../shared.js';

describeShared('COCO protocol against pycocotools on its own 100 photos', () => {
  const read = (name: string) => readFileSync(sharedPath('golden/coco-fake100', name));

  it('gives the 12 numbers to 1e-12', () => {
    const expected = JSON.parse(String(read('expected.json'))) as Record<
      string,
      number
    >;
    const result = evaluate(
      parseAnnotations(read('instances.json'), 'instances.json'),
      parseDetections(read('detections.json'), 'detections.json'),
      { protocol: 'coco' },
    );
    expect(Object.keys(result.metrics)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) {
      expect(Math.abs(result.metrics[name]! - value), name).toBeLessThan(1e-12);
    }
  });
});
