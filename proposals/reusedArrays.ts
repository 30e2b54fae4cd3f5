import {
  MOST_MEMORY,
  newKernels,
  pixelKernels,
  type PixelKernels,
} from './simd/pixelKernels.js';

/**
 * Arrays that run after run needs at about the same length. The system hands out fresh
 * memory page by page, which for a large image costs more than filling the old again.
 */
export class ReusedArrays {
  #kernels: PixelKernels | null | undefined;
  readonly #arrays = new Map<string, Int32Array>();

  /** `length` numbers, whatever they are, good until the same name is taken again. */
  take(name: string, length: number): Int32Array {
    let array = this.#arrays.get(name);
    if (!array || array.length < length) {
      array = new Int32Array(length);
      this.#arrays.set(name, array);
    }
    return array.subarray(0, length);
  }

  /**
   * Kernels with so many bytes of memory: all use the same while it is little, and what
   * is more goes when this does. Null where there are none, or not so much memory.
   */
  kernels(bytes: number): PixelKernels | null {
    if (bytes <= MOST_MEMORY) return pixelKernels();
    this.#kernels ??= newKernels();
    try {
      this.#kernels?.memory(bytes);
      return this.#kernels;
    } catch {
      // More than WebAssembly or the system gives: plain arrays may have it.
      return null;
    }
  }
}
