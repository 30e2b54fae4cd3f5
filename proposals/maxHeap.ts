/** The key that stands for 1. */
export const KEYS = 2 ** 24;
const ITEMS = 2 ** 28;

/** A similarity held to [0, 1] as a key, a whole number of 0 … KEYS. */
export function toKey(similarity: number): number {
  return similarity <= 0 ? 0 : similarity >= 1 ? KEYS : (similarity * KEYS + 0.5) | 0;
}

/**
 * A queue of items by key, the largest key first and among equals the smallest
 * item: a heap of four children a node, so that each level is one cache line.
 * Key and item share one double, the key above, the item upside down below, and one
 * comparison orders both.
 */
export class MaxHeap {
  size = 0;
  /** Key of the item that `pop` gave last. */
  poppedKey = 0;
  private entries: Float64Array;

  constructor(capacity: number) {
    this.entries = new Float64Array(Math.max(16, capacity));
  }

  /**
   * @param key whole, 0 … KEYS
   * @param item whole, 0 … 2²⁸ − 1
   */
  push(key: number, item: number): void {
    if (this.size === this.entries.length) {
      const longer = new Float64Array(2 * this.size);
      longer.set(this.entries);
      this.entries = longer;
    }
    const { entries } = this;
    const entry = key * ITEMS + (ITEMS - 1 - item);
    let i = this.size++;
    while (i > 0) {
      const up = (i - 1) >> 2;
      if (entries[up] > entry) break;
      entries[i] = entries[up];
      i = up;
    }
    entries[i] = entry;
  }

  /** Takes the first entry off and gives its item. The heap must not be empty. */
  pop(): number {
    const { entries } = this;
    const top = entries[0];
    const size = --this.size;
    const last = entries[size];
    let i = 0;
    for (;;) {
      const first = 4 * i + 1;
      if (first >= size) break;
      let down = first;
      let largest = entries[first];
      const end = first + 4 < size ? first + 4 : size;
      for (let child = first + 1; child < end; child++) {
        if (entries[child] > largest) {
          largest = entries[child];
          down = child;
        }
      }
      if (last > largest) break;
      entries[i] = largest;
      i = down;
    }
    entries[i] = last;
    this.poppedKey = Math.floor(top / ITEMS);
    return ITEMS - 1 - (top - this.poppedKey * ITEMS);
  }
}
