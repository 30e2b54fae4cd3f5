import type { Tensor } from '../weights/weights.js';
import { attributes, type TfjsNode, type TfjsWeight } from './model.js';

/** The nodes of a tfjs graph model and the numbers of its constants, as they come. */
export class TfjsBuilder {
  readonly nodes: TfjsNode[] = [];
  /** The constants, in the order of their numbers. */
  readonly weightList: TfjsWeight[] = [];
  readonly #numbers: (Float32Array | Int32Array)[] = [];

  /** The numbers of all constants, one behind another. */
  bytes(): Uint8Array {
    const total = this.#numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of this.#numbers) {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    return bytes;
  }

  protected node(
    op: string,
    name: string,
    input: string[],
    attr: TfjsNode['attr'],
  ): void {
    this.nodes.push({ name, op, ...(input.length > 0 ? { input } : {}), attr });
  }

  protected integers(node: string, suffix: string, values: number[]): string {
    const data = Int32Array.from(values);
    return this.constant(`${node}__${suffix}`, { shape: [data.length], data }, 'int32');
  }

  protected scalar(node: string, suffix: string, value: number): string {
    const data = Int32Array.of(value);
    return this.constant(`${node}__${suffix}`, { shape: [], data }, 'int32');
  }

  protected number(node: string, suffix: string, value: number): string {
    return this.constant(`${node}__${suffix}`, {
      shape: [],
      data: Float32Array.of(value),
    });
  }

  protected constant(
    name: string,
    { shape, data }: Tensor<Float32Array | Int32Array>,
    dtype: 'float32' | 'int32' = 'float32',
  ): string {
    const type = dtype === 'float32' ? attributes.float : attributes.int;
    const dim = shape.map((size) => ({ size: String(size) }));
    this.node('Const', name, [], {
      dtype: type,
      value: { tensor: { dtype: type.type, tensorShape: { dim } } },
    });
    this.weightList.push({ name, shape: [...shape], dtype });
    this.#numbers.push(data);
    return name;
  }
}
