import { normalizeId } from './ids.js';
import type { Id } from './types.js';

/** Gives each distinct id a number, in order of appearance. */
export class IdInterner {
  readonly ids: Id[] = [];
  private readonly places = new Map<unknown, number>();
  private lastValue: unknown = this; // no id is this
  private lastPlace = -1;

  /** The id's number. `where` is called only when the id is refused. */
  place(value: unknown, file: string, where: () => string): number {
    if (value === this.lastValue) return this.lastPlace;
    let place = this.places.get(value);
    if (place === undefined) {
      // "12" and 12 are two values of one id.
      const id = normalizeId(value, file, where());
      place = this.places.get(id);
      if (place === undefined) {
        place = this.ids.push(id) - 1;
        this.places.set(id, place);
      }
      this.places.set(value, place);
    }
    this.lastValue = value;
    this.lastPlace = place;
    return place;
  }

  /** The number of an id that is known to be a whole number. */
  placeInteger(id: number): number {
    if (id === this.lastValue) return this.lastPlace;
    return this.place(id + 0, '', () => '');
  }
}
