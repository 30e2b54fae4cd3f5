/** A part of 1 as a percentage with one decimal, without its sign; n/a where there is none. */
export const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'n/a' : (100 * value).toFixed(1);

/** With commas between thousands. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** A score, an IoU or F1. */
export const score = (value: number): string => value.toFixed(2);

/** A number for an attribute: as short as it can be. */
export const short = (value: number): string => String(Number(value.toFixed(1)));

/** What a metric's name stands for; `undefined` for names not known. */
export function metricMeaning(name: string): string | undefined {
  const match = /^(m?AP|AR)(@?[\d.]*)(small|medium|large)?$/.exec(name);
  if (!match) return name === 'recall' ? 'objects found at all' : undefined;
  const [, kind, number, size] = match;
  const what = kind === 'AR' ? 'recall' : 'precision';
  if (size) return `${what}, ${size} objects`;
  if (!number) return `average ${what}`;
  if (kind === 'AR') return `recall, ${number} a photo`;
  return `${what} at IoU ${number.startsWith('@') ? number.slice(1) : `0.${number}`}`;
}
