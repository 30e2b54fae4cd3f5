/** The files that keep a photo's windows for training. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { importBuilt } from './run.mjs';
import { encodeDeltas } from './windows.mjs';

const { singleToHalf } = await importBuilt('detectors/weights/halfFloat.js');
const { readSafetensors, writeTensors } = await importBuilt(
  'detectors/weights/safetensors.js',
);

/**
 * Windows of a photo in a safetensors file, features in half precision, renamed into
 * place when it is whole.
 *
 * @param windows as `sampleWindows` gives them
 * @param features n × any length
 */
export function writeWindows(path, windows, features, { boxScale }) {
  const count = windows.length;
  const deltas = windows.flatMap(({ box, truth }) =>
    truth ? encodeDeltas(box, truth, boxScale) : [0, 0, 0, 0],
  );
  const tensor = (dtype, shape, data) => ({ dtype, shape, data });
  const tensors = new Map([
    [
      'labels',
      tensor(
        'F32',
        [count],
        Float32Array.from(windows, ({ label }) => label),
      ),
    ],
    ['deltas', tensor('F32', [count, 4], Float32Array.from(deltas))],
    [
      'features',
      tensor('F16', [count, features.length / count], singleToHalf(features)),
    ],
  ]);
  writeFileSync(`${path}.tmp`, writeTensors(tensors, {}));
  renameSync(`${path}.tmp`, path);
}

/** { labels, deltas, features } of a photo, in single precision. */
export function readWindows(path) {
  const { tensors } = readSafetensors(readFileSync(path), path);
  const of = (name) => tensors.get(name).data;
  return { labels: of('labels'), deltas: of('deltas'), features: of('features') };
}
