import { readFileSync, writeFileSync } from 'node:fs';
import { defaultModelFile } from '../../detectors/loadDetector.js';
import { readWeights, writeSafetensors } from '../../detectors/weights/safetensors.js';

/** Units of the planted detector that are multiples of others, by layer. */
export const PLANTED = {
  'inception_3b/3x3_reduce/relu': [{ unit: 17, into: 4, scale: 0.5 }],
  // Unit 10 of the 3×3 branch stands behind 128 units of the 1×1.
  'inception_3b/output': [
    { unit: 30, into: 31, scale: 0.25 },
    { unit: 128 + 10, into: 128 + 90, scale: 0.5 },
  ],
};

/** Writes the default detector with some units made multiples of others. */
export function writePlantedDetector(file: string): void {
  const source = defaultModelFile();
  const weights = readWeights(readFileSync(source), source);
  const plant = (node: string, unit: number, into: number, scale: number) => {
    for (const name of [`${node}/weight`, `${node}/bias`]) {
      const { shape, data } = weights.tensors.get(name)!;
      const size = data.length / shape[0];
      for (let i = 0; i < size; i++) {
        data[unit * size + i] = scale * data[into * size + i];
      }
    }
  };
  plant('inception_3b/3x3_reduce', 17, 4, 0.5);
  plant('inception_3b/1x1', 30, 31, 0.25);
  plant('inception_3b/3x3', 10, 90, 0.5);
  writeFileSync(file, writeSafetensors(weights));
}
