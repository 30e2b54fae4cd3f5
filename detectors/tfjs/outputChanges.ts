import type { StoredTensor } from '../weights/storedTensors.js';
import { scaledOutputs } from './parameters.js';

/** What is done to one layer's outputs: y · factor + offset, for each. */
interface Change {
  factor?: Float64Array;
  offset?: Float64Array;
}

/**
 * Constants that are added to and multiplied with the outputs of convolutions and matrix
 * products, as many as there are, until they become one bias and one scale of the weights.
 */
export class OutputChanges {
  readonly #changes = new Map<string, Change>();

  /** A layer, whose outputs may be changed from now on. */
  addLayer(name: string): void {
    this.#changes.set(name, {});
  }

  hasLayer(name: string): boolean {
    return this.#changes.has(name);
  }

  shift(name: string, numbers: Float64Array): void {
    const change = this.#changes.get(name)!;
    const { offset } = change;
    change.offset = offset ? offset.map((x, i) => x + numbers[i]) : numbers;
  }

  stretch(name: string, numbers: Float64Array): void {
    const change = this.#changes.get(name)!;
    const times = (some?: Float64Array) => some?.map((x, i) => x * numbers[i]);
    change.factor = times(change.factor) ?? numbers;
    change.offset = times(change.offset);
  }

  /** Changes the layers' `NAME/weight`, and gives them their `NAME/bias`. */
  apply(tensors: Map<string, StoredTensor>): void {
    for (const [name, { factor, offset }] of this.#changes) {
      const weight = tensors.get(`${name}/weight`)!;
      if (factor) tensors.set(`${name}/weight`, scaledOutputs(weight, factor));
      if (!offset) continue;
      tensors.set(`${name}/bias`, {
        shape: [offset.length],
        type: 'float32',
        read: () => Float32Array.from(offset),
      });
    }
  }
}
