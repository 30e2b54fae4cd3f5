import type { Tensor } from '../weights/weights.js';

/**
 * Filters [outputs, inputs, height, width] as tfjs has them, [height, width, inputs,
 * outputs], one tensor for each group of outputs.
 */
export function toFilters({ shape, data }: Tensor, groups: number): Tensor[] {
  const [outputs, inputs, height, width] = shape;
  const part = outputs / groups;
  const area = height * width;
  return Array.from({ length: groups }, (_, group) => {
    const filters = new Float32Array(part * inputs * area);
    for (let o = 0; o < part; o++) {
      for (let i = 0; i < inputs; i++) {
        const from = ((group * part + o) * inputs + i) * area;
        for (let p = 0; p < area; p++) {
          filters[(p * inputs + i) * part + o] = data[from + p];
        }
      }
    }
    return { shape: [height, width, inputs, part], data: filters };
  });
}

/** The inverse of `toFilters`. */
export function fromFilters(parts: readonly Tensor[]): Tensor {
  const [height, width, inputs, part] = parts[0].shape;
  const area = height * width;
  const data = new Float32Array(parts.length * part * inputs * area);
  for (const [group, { data: filters }] of parts.entries()) {
    for (let o = 0; o < part; o++) {
      for (let i = 0; i < inputs; i++) {
        const to = ((group * part + o) * inputs + i) * area;
        for (let p = 0; p < area; p++) {
          data[to + p] = filters[(p * inputs + i) * part + o];
        }
      }
    }
  }
  return { shape: [parts.length * part, inputs, height, width], data };
}

/** A matrix with rows and columns exchanged. */
export function transposed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape;
  const exchanged = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) exchanged[j * rows + i] = data[i * columns + j];
  }
  return { shape: [columns, rows], data: exchanged };
}
