/** The key that stands for 1. */
export const KEYS = 2 ** 24;
const ITEMS = 2 ** 28;
/** Of a heap in groups: keys of one level share all but so many bits, and items of one group. */
const LEVEL_BITS = 19;
const GROUP_BITS = 28 - LEVEL_BITS;
const IN_LEVEL = 2 ** LEVEL_BITS - 1;
const IN_GROUP = 2 ** GROUP_BITS - 1;

/** A similarity held to [0, 1] as a key, a whole number of 0 … KEYS. */
export function toKey(similarity: number): number {
  return similarity <= 0 ? 0 : similarity >= 1 ? KEYS : (similarity * KEYS + 0.5) | 0;
}

/**
 * A queue of items by key, the largest key first and among equals the smallest
 * item: a heap of four children a node, so that each level is one cache line.
 * Key and item share one double, the key above, the item upside down below, and one
 * comparison orders both.
 *
 * In groups, keys are cut into 32 levels and items into groups of 512 that follow each
 * other: the highest level comes first, in it the first group, in that the largest key.
 * Where neighbouring items are near in memory, what is done in turn then is near too.
 */
export class MaxHeap {
  size = 0;
  /** Key of the item that `peek` or `pop` gave last. */
  key = 0;
  private entries: Float64Array;

  constructor(
    capacity: number,
    private readonly inGroups = false,
  ) {
    this.entries = new Float64Array(Math.max(16, capacity));
  }

  /**
   * @param key whole, 0 … KEYS; when not in groups, −2²⁵ … 2²⁵
   * @param item whole, 0 … 2²⁸ − 1
   */
  push(key: number, item: number): void {
    if (this.size === this.entries.length) {
      const longer = new Float64Array(2 * this.size);
      longer.set(this.entries);
      this.entries = longer;
    }
    const { entries } = this;
    const upsideDown = ITEMS - 1 - item;
    const entry = this.inGroups
      ? ((key & ~IN_LEVEL) | (upsideDown >> GROUP_BITS)) * ITEMS +
        (((key & IN_LEVEL) << GROUP_BITS) | (upsideDown & IN_GROUP))
      : key * ITEMS + upsideDown;
    let i = this.size++;
    while (i > 0) {
      const up = (i - 1) >> 2;
      if (entries[up] > entry) break;
      entries[i] = entries[up];
      i = up;
    }
    entries[i] = entry;
  }

  /** The first entry's item. The heap must not be empty. */
  peek(): number {
    const top = this.entries[0];
    const above = Math.floor(top / ITEMS);
    const below = top - above * ITEMS;
    if (!this.inGroups) {
      this.key = above;
      return ITEMS - 1 - below;
    }
    this.key = (above & ~IN_LEVEL) | (below >> GROUP_BITS);
    return ITEMS - 1 - (((above & IN_LEVEL) << GROUP_BITS) | (below & IN_GROUP));
  }

  /** Takes the first entry off and gives its item. The heap must not be empty. */
  pop(): number {
    const { entries } = this;
    const item = this.peek();
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
    return item;
  }

  clear(): void {
    this.size = 0;
  }
}
