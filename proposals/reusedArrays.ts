/**
 * Arrays that run after run needs at about the same length. The system hands out fresh
 * memory page by page, which for a large image costs more than filling the old again.
 */
export class ReusedArrays {
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
}
