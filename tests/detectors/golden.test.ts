import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkSession } from '../../detectors/engines/engine.js';
import { onnxEngine } from '../../detectors/engines/onnxEngine.js';
import { MAPS } from '../../detectors/graph/detectorGraph.js';
import { PositionSensitiveMaps } from '../../detectors/heads/positionSensitivePooling.js';
import { readModel, type DetectorModel } from '../../detectors/model.js';
import { selectDetections } from '../../detectors/pipeline/detections.js';
import { cropOutputs, scoreShared } from '../../detectors/pipeline/scoreBoxes.js';
import { resizePhoto } from '../../detectors/warp/resizePhoto.js';
import { PhotoPyramid, warpCrops } from '../../detectors/warp/warpCrops.js';
import {
  readSafetensors,
  readWeights,
  type SafetensorsFile,
} from '../../detectors/weights/safetensors.js';

/*
 * models/coco80-r1/golden.safetensors was made with the network's own training
 * code: exact input pixels of three photos, and what the network says of them.
 */
const file = (name: string) =>
  fileURLToPath(new URL(`../../models/coco80-r1/${name}`, import.meta.url));

let model: DetectorModel;
let golden: SafetensorsFile;
let session: NetworkSession;

beforeAll(async () => {
  const weights = readWeights(readFileSync(file('weights.safetensors')), 'coco80-r1');
  model = readModel(weights, 'coco80-r1');
  golden = readSafetensors(readFileSync(file('golden.safetensors')), 'golden');
  session = await (await onnxEngine()).load(model.graph, weights, { outputs: [MAPS] });
});
afterAll(() => session.dispose());

function tensor(name: string) {
  return golden.tensors.get(name)!;
}

function largestDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
  }
  return largest;
}

describe.each(['astronaut', 'chelsea', 'motorcycle'])('golden outputs: %s', (photo) => {
  const pixels = () => {
    const { data, shape } = tensor(`${photo}.pixels`);
    return { data: data as Uint8Array, height: shape[0], width: shape[1] };
  };

  it('gives the maps and the pooled outputs of the golden boxes', async () => {
    const { input } = resizePhoto(pixels(), model.photoSide, model.preprocessing);
    const maps = (await session.run(input))[MAPS];
    const [, channels, height, width] = maps.shape;
    const corner = new Float32Array(channels * 16);
    for (let c = 0, to = 0; c < channels; c++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++, to++) {
          corner[to] = maps.data[(c * height + y) * width + x];
        }
      }
    }
    expect(largestDifference(corner, tensor(`${photo}.maps_corner`).data)).toBeLessThan(
      1e-3,
    );

    const outputs = new PositionSensitiveMaps(maps, model.head).pool(
      tensor(`${photo}.boxes`).data,
    );
    expect(largestDifference(outputs, tensor(`${photo}.outputs`).data)).toBeLessThan(
      1e-3,
    );
  });

  it('gives the golden detections', async () => {
    const { data: boxes } = tensor(`${photo}.boxes`);
    const scored = await scoreShared(session, model, pixels(), boxes);
    const found = selectDetections(scored, model.classes, {
      scoreThreshold: 0.01,
      nms: 'hard',
      nmsIou: 0.45,
      maxCandidates: 300,
      maxDetections: 100,
    });
    const { data: expected, shape } = tensor(`${photo}.detections`);
    expect(found.length).toBe(shape[0]);
    found.forEach(({ box, classId, score }, i) => {
      const row = expected.subarray(6 * i, 6 * i + 6);
      expect(
        largestDifference([...box, score], [...row.slice(0, 4), row[5]]),
        `${i}`,
      ).toBeLessThan(2e-3);
      // The golden holds class indices.
      expect(classId).toBe(model.classes.ids[row[4]]);
    });
  });

  it('gives the outputs of the golden crops', async () => {
    const { data, shape } = tensor(`${photo}.crops`);
    const [count, side] = shape;
    const plane = side * side;
    const { mean } = model.preprocessing;
    const crops = new Float32Array(data.length);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) {
        for (let p = 0; p < plane; p++) {
          crops[(i * 3 + c) * plane + p] = data[(i * plane + p) * 3 + 2 - c] - mean[c];
        }
      }
    }
    const outputs = await cropOutputs(session, model, crops);
    expect(
      largestDifference(outputs, tensor(`${photo}.crop_outputs`).data),
    ).toBeLessThan(1e-3);
  });

  it('warps the golden crops', () => {
    const crops = tensor(`${photo}.crops`);
    const [count, side] = crops.shape;
    const boxes = tensor(`${photo}.boxes`).data.slice(0, 4 * count);
    const warped = new Float32Array(count * 3 * side * side);
    warpCrops(new PhotoPyramid(pixels()), boxes, model.warp, warped);
    let largest = 0;
    let different = 0;
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < side * side; p++) {
        for (let c = 0; c < 3; c++) {
          const bgr = 2 - c;
          const value =
            warped[(i * 3 + bgr) * side * side + p] + model.preprocessing.mean[bgr];
          const difference = Math.abs(
            value - crops.data[(i * side * side + p) * 3 + c],
          );
          largest = Math.max(largest, difference);
          if (difference > 0) different++;
        }
      }
    }
    // Halves may be rounded either way.
    expect(largest).toBeLessThanOrEqual(1);
    expect(different / crops.data.length).toBeLessThan(0.002);
  });
});
