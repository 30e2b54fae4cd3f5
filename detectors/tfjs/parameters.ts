import type { StoredTensor } from '../weights/storedTensors.js';
import { fromFilters, transposed } from './layout.js';

/** Filters [height, width, inputs, outputs] as [outputs, inputs, height, width]. */
export function filters(tensor: StoredTensor): StoredTensor {
  const [height, width, inputs, outputs] = tensor.shape;
  const { shape } = tensor;
  return {
    ...tensor,
    shape: [outputs, inputs, height, width],
    read: () => fromFilters([{ shape, data: tensor.read() }]).data,
  };
}

/**
 * A matrix [inputs, outputs] as [outputs, inputs].
 *
 * @param isTransposed whether it is [outputs, inputs] already
 * @param map [height, width, channels] of the map that was flattened to the inputs, in
 *   this order; ours has the channels first
 */
export function matrix(
  tensor: StoredTensor,
  isTransposed: boolean,
  map?: readonly number[],
): StoredTensor {
  const { shape } = tensor;
  const [outputs, inputs] = isTransposed ? shape : [...shape].reverse();
  return {
    ...tensor,
    shape: [outputs, inputs],
    read() {
      const stored = { shape, data: tensor.read() };
      const rows = isTransposed ? stored : transposed(stored);
      return map ? channelsFirst(rows.data, map) : rows.data;
    },
  };
}

/** Rows of [height, width, channels] as rows of [channels, height, width]. */
function channelsFirst(
  data: Float32Array,
  [height, width, channels]: readonly number[],
): Float32Array {
  const area = height * width;
  const count = area * channels;
  const moved = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += count) {
    for (let p = 0; p < area; p++) {
      for (let c = 0; c < channels; c++) {
        moved[row + c * area + p] = data[row + p * channels + c];
      }
    }
  }
  return moved;
}

/** A parameter [outputs, ...] with each output's numbers multiplied by one of its own. */
export function scaledOutputs(
  tensor: StoredTensor,
  factors: Float64Array,
): StoredTensor {
  return {
    ...tensor,
    read() {
      const data = tensor.read();
      const part = data.length / factors.length;
      return data.map((x, i) => x * factors[Math.floor(i / part)]);
    },
  };
}
