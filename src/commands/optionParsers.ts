import { InvalidArgumentError } from 'commander';

/** A number from `low` to `high`. */
export const number =
  (low: number, high = Infinity) =>
  (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= low && value <= high)) {
      throw new InvalidArgumentError(
        high === Infinity
          ? `A number from ${low} on is needed.`
          : `A number from ${low} to ${high} is needed.`,
      );
    }
    return value;
  };

/** A whole number from `low` on. */
export const wholeNumber =
  (low: number) =>
  (text: string): number => {
    const value = number(low)(text);
    if (!Number.isSafeInteger(value)) {
      throw new InvalidArgumentError(`A whole number from ${low} on is needed.`);
    }
    return value;
  };

/** Names between commas; may be given more than once. */
export function list(text: string, previous: readonly string[] | undefined): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('A name is empty.');
  return [...(previous ?? []), ...names];
}
