import { DetectorError } from '../errors.js';
import { BLOCK, type BlockMatrix } from './blocks.js';
import { checkCsr, checkLength, type CsrMatrix } from './csr.js';
import { SIMD_KERNELS } from './simdKernels.js';

const PAGE = 65536;
/** Columns of the dense factors come in multiples of this: one tile of the product. */
const TILE = 16;

/** What is used of WebAssembly: its types come with the browser's, which are not here. */
interface Memory {
  readonly buffer: ArrayBuffer;
}
interface WebAssemblyApi {
  Memory: new (descriptor: { initial: number }) => Memory;
  instantiate(
    bytes: Uint8Array,
    imports: { host: { memory: Memory } },
  ): Promise<{ instance: { exports: unknown } }>;
}
const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi })
  .WebAssembly;

type Kernel = (
  offsets: number,
  indices: number,
  values: number,
  dense: number,
  out: number,
  rows: number,
  stride: number,
) => void;

/** A sparse matrix in the memory of {@link SimdProducts}. */
export interface StoredMatrix {
  kind: 'csr' | 'blocks';
  /** Rows of the product, and of the dense factor, as stored. */
  rows: number;
  columns: number;
  offsets: Int32Array;
  indices: Int32Array;
  values: Float32Array;
}

/**
 * Sparse products in WebAssembly's 128-bit SIMD, on operands that lie in a memory
 * of their own, of a fixed size so that views on it stay good.
 */
export class SimdProducts {
  #used = 64;

  private constructor(
    private readonly memory: Memory,
    private readonly kernels: Record<StoredMatrix['kind'], Kernel>,
  ) {}

  /** @param bytes room for all operands */
  static async create(bytes: number): Promise<SimdProducts> {
    const memory = new webAssembly.Memory({ initial: Math.ceil(bytes / PAGE) + 1 });
    const { instance } = await webAssembly.instantiate(
      Buffer.from(SIMD_KERNELS, 'base64'),
      { host: { memory } },
    );
    return new SimdProducts(
      memory,
      instance.exports as Record<StoredMatrix['kind'], Kernel>,
    );
  }

  /** The least width of a dense factor that holds `width` columns. */
  static paddedWidth(width: number): number {
    return Math.ceil(width / (2 * TILE)) * 2 * TILE;
  }

  /** Room for `length` numbers, all zero. */
  floats(length: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.#take(4 * length), length);
  }

  storeCsr(matrix: CsrMatrix): StoredMatrix {
    checkCsr(matrix);
    const { rows, columns } = matrix;
    return { kind: 'csr', rows, columns, ...this.#store(matrix) };
  }

  storeBlocks(matrix: BlockMatrix): StoredMatrix {
    const { blockRows: rows, blockColumns: columns, offsets, indices } = matrix;
    const { length } = indices;
    checkCsr({ rows, columns, offsets, indices, values: new Float32Array(length) });
    checkLength('the blocks', matrix.values, length * BLOCK * BLOCK);
    return {
      kind: 'blocks',
      rows: rows * BLOCK,
      columns: columns * BLOCK,
      ...this.#store(matrix),
    };
  }

  /**
   * `out` = `matrix` · `dense`, both given by `floats`.
   *
   * @param dense [matrix.columns, width]
   * @param width a multiple of 32, see `paddedWidth`
   * @param out [matrix.rows, width], overwritten
   * @throws DetectorError INVALID_ARGUMENT
   */
  multiply(
    matrix: StoredMatrix,
    dense: Float32Array,
    width: number,
    out: Float32Array,
  ): void {
    const { kind, rows, columns, offsets, indices, values } = matrix;
    checkLength('the dense factor', dense, columns * width);
    checkLength('the product', out, rows * width);
    const isHere = [offsets, values, dense, out].every(
      ({ buffer }) => buffer === this.memory.buffer,
    );
    if (!isHere || width !== SimdProducts.paddedWidth(width)) {
      throw new DetectorError(
        'INVALID_ARGUMENT',
        `a SIMD product needs operands in its own memory and a width that is a multiple of ${2 * TILE}, not ${width}`,
      );
    }
    this.kernels[kind](
      offsets.byteOffset,
      indices.byteOffset,
      values.byteOffset,
      dense.byteOffset,
      out.byteOffset,
      kind === 'csr' ? rows : rows / BLOCK,
      4 * width,
    );
  }

  #store({
    offsets,
    indices,
    values,
  }: Pick<CsrMatrix, 'offsets' | 'indices' | 'values'>) {
    const integers = (numbers: Int32Array) => {
      const at = this.#take(numbers.byteLength);
      const view = new Int32Array(this.memory.buffer, at, numbers.length);
      view.set(numbers);
      return view;
    };
    const stored = this.floats(values.length);
    stored.set(values);
    return { offsets: integers(offsets), indices: integers(indices), values: stored };
  }

  #take(bytes: number): number {
    const at = this.#used;
    const end = at + Math.ceil(bytes / 64) * 64;
    if (end > this.memory.buffer.byteLength) {
      throw new DetectorError(
        'INVALID_ARGUMENT',
        `SIMD products: ${bytes} bytes more do not fit into ${this.memory.buffer.byteLength}; make room for them at the start`,
      );
    }
    this.#used = end;
    return at;
  }
}
