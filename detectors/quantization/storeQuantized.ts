import { parameterShapes } from '../graph/parameterShapes.js';
import type { Graph } from '../graph/types.js';
import { singleToHalf } from '../weights/halfFloat.js';
import { scaleName, writeTensors, type StoredTensor } from '../weights/safetensors.js';
import type { Weights } from '../weights/weights.js';
import { RANGES_KEY, type ActivationRanges } from './activationRanges.js';
import { quantizeWeights } from './quantizeWeights.js';

/** Weights as a safetensors file in half precision: half the bytes. */
export function storeHalf({ tensors, metadata }: Weights): Uint8Array {
  const stored = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of tensors) {
    stored.set(name, { dtype: 'F16', shape, data: singleToHalf(data) });
  }
  return writeTensors(stored, metadata);
}

/**
 * Calibrated weights as a safetensors file: convolutions as whole numbers with the
 * scale of each output in `NAME/scale`, all else in single precision, the ranges in
 * the metadata. `readWeights` gives weights that round to the same numbers again.
 *
 * @param calibration how the ranges were found, for the record
 */
export function storeQuantized(
  graph: Graph,
  { tensors, metadata }: Weights,
  ranges: ActivationRanges,
  calibration: Readonly<Record<string, unknown>>,
): Uint8Array {
  const first = graph.nodes.find(({ op }) => op === 'convolution')?.name;
  const convolutions = new Set(
    graph.nodes.flatMap(({ op, name }) =>
      op === 'convolution' && name !== first ? [`${name}/weight`] : [],
    ),
  );
  const stored = new Map<string, StoredTensor>();
  for (const name of parameterShapes(graph).keys()) {
    const { shape, data } = tensors.get(name)!;
    if (!convolutions.has(name)) {
      stored.set(name, { dtype: 'F32', shape, data });
      continue;
    }
    const { values, scales } = quantizeWeights(data, shape[0]);
    stored.set(name, { dtype: 'I8', shape, data: values });
    stored.set(scaleName(name), { dtype: 'F32', shape: [shape[0]], data: scales });
  }
  const round = (value: number) => Number(value.toPrecision(7));
  const text = Object.fromEntries(
    [...ranges].map(([name, [low, high]]) => [name, [round(low), round(high)]]),
  );
  return writeTensors(stored, {
    ...metadata,
    [RANGES_KEY]: JSON.stringify(text),
    calibration: JSON.stringify(calibration),
  });
}
